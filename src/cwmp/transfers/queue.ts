import { type Clock, explain, type Log, ok, type Result, refused, retryWaitMs, Secret, standardRetry } from '#base';
import type { Origin } from '#model';
import type { CwmpFault } from '../faults.ts';
import type { TransferBook } from './book.ts';
import { resultFault, windowMissed } from './fault-codes.ts';
import type { FileEngine, FileFault } from './port.ts';
import type { TransferOutcome } from './report.ts';
import { directionOf, type ListedTransfer, type Transfer, type TransferWindow, transferLimit } from './transfer.ts';

export interface TransferQueueParts {
  readonly book: TransferBook;
  readonly engine: FileEngine;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Whether no session is running: a transfer neither begins nor is installed within one, since either may cut it off. */
  readonly quiet: () => boolean;
  /** `3 When Idle`: whether nobody at the device would be disturbed. */
  readonly idle: () => Promise<boolean>;
  /** Who the installation is by. */
  readonly origin: () => Origin;
  /** There is something to report. */
  readonly reported: () => void;
}

/** The wall clock may jump (TR-069 has no say in it): what waits is looked at anew at least so often. */
const longestSleepMs = 10 * 60_000;
const idleLookMs = 60_000;
/** More than a clock that is kept right goes astray. */
const clockJumpMs = 60_000;
/** A server that sends a byte now and then does not hold the queue up for ever. */
const longestTransferMs = 6 * 3600_000;
/** Tries beyond the first, where the ACS leaves it to us. */
const ownRetries = 5;

interface Tries {
  /** Windows that are used up. */
  windows: number;
  /** In this window. */
  count: number;
  notBeforeMs: number;
  startMs: number | undefined;
  fault: FileFault | undefined;
  /** It is over, and that could not be saved yet. */
  outcome?: TransferOutcome;
}

interface Running {
  readonly transfer: Transfer;
  readonly abort: AbortController;
  installing: boolean;
}

/**
 * Transfers that the ACS has ordered: one at a time, in their windows, tried again where that may help, on flash from the order until the ACS has acknowledged the report (TR-069
 * A.3.2.8, A.4.1.5, A.4.1.8). After a restart they go on where they were, or begin anew.
 */
export class TransferQueue implements AsyncDisposable {
  readonly #parts: TransferQueueParts;
  readonly #tries = new Map<string, Tries>();
  readonly #stop = new AbortController();
  #running: Running | undefined;
  #looking: Promise<void> = Promise.resolve();
  #timer: Disposable | undefined;
  /** Wall clock minus monotonic clock. */
  #clockMs: number;
  #becameQuiet: (() => void)[] = [];

  constructor(parts: TransferQueueParts) {
    this.#parts = parts;
    this.#clockMs = parts.clock.now() - parts.clock.monotonicMs();
    parts.engine.keepOnly(parts.book.transfers.map(({ id }) => id));
  }

  /** On flash when this resolves. */
  async add(transfer: Transfer): Promise<Result<void, CwmpFault>> {
    const { book, log } = this.#parts;
    if (this.list().length >= transferLimit) return refused({ code: 9004, text: 'too many transfers are queued' });
    try {
      await this.#followClock();
      await book.change({ transfers: [...book.transfers, transfer] });
    } catch (error) {
      log.error('the state can not be saved', { reason: explain(error) });
      return refused({ code: 9004, text: 'the transfer could not be stored' });
    }
    const { method, commandKey: key, fileType: type } = transfer;
    log.info('a transfer is ordered', { method, key, type });
    this.consider();
    return ok(undefined);
  }

  /** TR-069 A.4.1.9: what has been cancelled is not reported; 9021 for what is past that. */
  async cancel(commandKey: string): Promise<Result<void, CwmpFault>> {
    const { book, engine, log } = this.#parts;
    const meant = book.transfers.filter((transfer) => transfer.commandKey === commandKey);
    const done = book.reports.some(
      (report) => report.method === 'TransferComplete' && report.transfer.commandKey === commandKey,
    );
    const running = meant.find(({ id }) => id === this.#running?.transfer.id);
    if (done || (running && this.#running?.installing)) {
      return refused({ code: 9021, text: 'the transfer is past being cancelled' });
    }
    await book.change({ transfers: book.transfers.filter((transfer) => !meant.includes(transfer)) });
    if (running) this.#running?.abort.abort(new Error('cancelled'));
    for (const { id, method } of meant) {
      engine.forget(id);
      this.#tries.delete(id);
      log.info('a transfer is cancelled', { method, key: commandKey });
    }
    return ok(undefined);
  }

  /** TR-069 A.4.1.1, A.4.1.7. */
  list(): ListedTransfer[] {
    const { book } = this.#parts;
    const waiting = book.transfers.map(
      (transfer): ListedTransfer => ({
        ...listed(transfer),
        state: transfer.id === this.#running?.transfer.id ? 2 : 1,
      }),
    );
    const done = book.reports.flatMap((report): ListedTransfer[] =>
      report.method === 'TransferComplete' ? [{ ...report.transfer, state: 3 }] : [],
    );
    return [...done, ...waiting];
  }

  /** `4 Confirmation Needed`: somebody at the device agrees. @returns whether anything waited for it */
  async confirm(commandKey: string): Promise<boolean> {
    const { book } = this.#parts;
    const asks = (transfer: Transfer): boolean =>
      transfer.commandKey === commandKey &&
      !transfer.confirmed &&
      transfer.windows.some(({ mode }) => mode === '4 Confirmation Needed');
    if (!book.transfers.some(asks)) return false;
    await book.change({
      transfers: book.transfers.map((transfer) => (asks(transfer) ? { ...transfer, confirmed: true } : transfer)),
    });
    this.consider();
    return true;
  }

  /** Looks whether something is due. To be called when a session has ended. */
  consider(): void {
    const { quiet } = this.#parts;
    if (this.#stop.signal.aborted || !quiet()) return;
    for (const resume of this.#becameQuiet.splice(0)) resume();
    if (this.#running) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error) => this.#parts.log.error('the transfers could not be looked at', { error }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    this.#timer?.[Symbol.dispose]();
    this.#running?.abort.abort(new Error('stopped'));
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { book, clock } = this.#parts;
    if (this.#running || this.#stop.signal.aborted) return;
    await this.#followClock();
    let sleepMs = longestSleepMs;
    for (const transfer of book.transfers) {
      const tries = this.#triesOf(transfer);
      if (tries.outcome) {
        await this.#save(transfer, tries.outcome);
        continue;
      }
      const window = this.#window(transfer, tries);
      if (!window) {
        await this.#conclude(transfer, tries.fault, this.#missed(transfer, tries));
        continue;
      }
      const waitMs = Math.max(window.beginMs, tries.notBeforeMs) - clock.now();
      if (waitMs > 0) sleepMs = Math.min(sleepMs, waitMs, window.endMs - clock.now());
      else if (await this.#permitted(transfer, window)) {
        if (this.#running || this.#stop.signal.aborted) return;
        await this.#run(transfer, window, tries);
        return;
      } else sleepMs = Math.min(sleepMs, idleLookMs, window.endMs - clock.now());
    }
    if (this.#running || book.transfers.length === 0 || this.#stop.signal.aborted) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = clock.timer(Math.max(0, sleepMs), () => this.consider());
  }

  /**
   * The windows count from the order (TR-069 A.3.2.8, A.4.1.8): a clock that is set, as on each boot of a device that has none of its own, moves them along. Over a
   * restart nobody knows by how much.
   */
  async #followClock(): Promise<void> {
    const { book, clock, log } = this.#parts;
    const clockMs = clock.now() - clock.monotonicMs();
    const movedMs = clockMs - this.#clockMs;
    if (Math.abs(movedMs) < clockJumpMs) return;
    const moved = ({ beginMs, endMs, ...window }: TransferWindow): TransferWindow => ({
      ...window,
      beginMs: beginMs + movedMs,
      endMs: endMs + movedMs,
    });
    await book.change({
      transfers: book.transfers.map((transfer) => ({ ...transfer, windows: transfer.windows.map(moved) })),
    });
    for (const tries of this.#tries.values()) if (tries.notBeforeMs > 0) tries.notBeforeMs += movedMs;
    this.#clockMs = clockMs;
    if (book.transfers.length > 0)
      log.info('the clock was set: transfers wait as long as before', { by_s: Math.round(movedMs / 1000) });
  }

  #triesOf({ id }: Transfer): Tries {
    let tries = this.#tries.get(id);
    if (!tries) {
      tries = { windows: 0, count: 0, notBeforeMs: 0, startMs: undefined, fault: undefined };
      this.#tries.set(id, tries);
    }
    return tries;
  }

  /** The one that is open or comes next. */
  #window({ windows }: Transfer, tries: Tries): TransferWindow | undefined {
    for (; tries.windows < windows.length; tries.windows++) {
      const window = windows[tries.windows]!;
      if (this.#parts.clock.now() < window.endMs) return window;
      tries.count = 0;
    }
    return undefined;
  }

  async #permitted(transfer: Transfer, { mode }: TransferWindow): Promise<boolean> {
    if (mode === '4 Confirmation Needed') return transfer.confirmed;
    return mode !== '3 When Idle' || (await this.#parts.idle());
  }

  /** Of a window that has passed; a fault that used up the tries is told as it is. */
  #missed({ method }: Transfer, { fault }: Tries): { code: number; text: string } {
    if (method === 'ScheduleDownload') return { code: windowMissed, text: 'not completed within the time windows' };
    if (fault) return resultFault(directionOf(method), fault);
    return { code: method === 'Upload' ? 9011 : 9010, text: 'it could not be begun within an hour' };
  }

  async #run(transfer: Transfer, window: TransferWindow, tries: Tries): Promise<void> {
    const { clock, log } = this.#parts;
    const running: Running = { transfer, abort: new AbortController(), installing: false };
    this.#running = running;
    tries.startMs = clock.now();
    const limitMs = window.hard ? window.endMs - clock.now() : longestTransferMs;
    let late = false;
    const limit = clock.timer(limitMs, () => {
      late = true;
      running.abort.abort(new Error('it took too long'));
    });
    const { method, commandKey: key } = transfer;
    log.info('a transfer begins', { method, key, host: new URL(transfer.url).host, try: tries.count + 1 });
    const result = await this.#move(running);
    limit[Symbol.dispose]();
    this.#running = undefined;
    if (this.#stop.signal.aborted || !this.#parts.book.transfers.some(({ id }) => id === transfer.id)) return;
    if (result.ok) await this.#conclude(transfer, undefined, undefined);
    else {
      log.warn('a transfer failed', { method, key, reason: result.fault.message });
      tries.fault = result.fault;
      if (late) {
        tries.windows++;
        tries.count = 0;
        if (!this.#window(transfer, tries)) await this.#conclude(transfer, tries.fault, this.#missed(transfer, tries));
      } else await this.#again(transfer, window, tries);
    }
    this.consider();
  }

  async #move(running: Running): Promise<Result<void, FileFault>> {
    const { engine, origin } = this.#parts;
    const { transfer, abort } = running;
    const { id, use, url, username, fileSize } = transfer;
    const remote = { url, username, password: new Secret(transfer.password) };
    if (transfer.method === 'Upload') return engine.upload(id, remote, use, abort.signal);
    const here = await engine.download(id, remote, use, fileSize, abort.signal);
    if (!here.ok) return here;
    await this.#quiet();
    if (abort.signal.aborted) return refused({ kind: 'cancelled', message: 'stopped', retryable: true });
    running.installing = true;
    return engine.install(id, use, transfer.targetFileName, origin(), abort.signal);
  }

  #quiet(): Promise<void> {
    if (this.#parts.quiet() || this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#becameQuiet.push(resolve);
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Within the window by the retry table, as often as was asked for; then the next window, if there is one. */
  async #again(transfer: Transfer, { maxRetries, endMs }: TransferWindow, tries: Tries): Promise<void> {
    const { clock, random } = this.#parts;
    const allowed = maxRetries < 0 ? ownRetries : maxRetries;
    const waitMs = retryWaitMs(standardRetry, tries.count + 1, random);
    if (tries.fault?.retryable && tries.count < allowed && clock.now() + waitMs < endMs) {
      tries.count++;
      tries.notBeforeMs = clock.now() + waitMs;
      return;
    }
    tries.windows++;
    tries.count = 0;
    tries.notBeforeMs = 0;
    if (!this.#window(transfer, tries)) await this.#conclude(transfer, tries.fault, undefined);
  }

  /** @param otherwise told instead of the fault */
  async #conclude(
    transfer: Transfer,
    fault: FileFault | undefined,
    otherwise: { code: number; text: string } | undefined,
  ): Promise<void> {
    const { clock, log, engine } = this.#parts;
    const { id, method, commandKey: key } = transfer;
    const { code, text } = otherwise ?? (fault ? resultFault(directionOf(method), fault) : { code: 0, text: '' });
    const tries = this.#triesOf(transfer);
    tries.outcome = { code, text, startMs: tries.startMs, completeMs: code === 0 ? clock.now() : undefined };
    engine.forget(id);
    log.info('a transfer is over', { method, key, fault: code });
    await this.#save(transfer, tries.outcome);
  }

  /** The transfer becomes its report, in one write. */
  async #save(transfer: Transfer, outcome: TransferOutcome): Promise<void> {
    const { book, log, reported } = this.#parts;
    const { id, method } = transfer;
    const report = { method: 'TransferComplete', id, by: method, transfer: listed(transfer), outcome } as const;
    try {
      await book.change({
        transfers: book.transfers.filter((other) => other.id !== id),
        reports: [...book.reports, report],
      });
      this.#tries.delete(id);
      reported();
    } catch (error) {
      log.error('the state can not be saved', { reason: explain(error) });
    }
  }
}

const listed = ({ method, commandKey, fileType, fileSize, targetFileName }: Transfer) => ({
  commandKey,
  isDownload: method !== 'Upload',
  fileType,
  fileSize,
  targetFileName,
});
