import { type Clock, formatDateTime, type Log } from '#base';
import { type AppliedWrite, connectivity, type ReplacedPackage, type ReplacedPackages, type StateChange } from '#model';
import type { BlobTable, StateStore } from '#platform';

const stateName = 'probation';
/** Seconds until it is looked again whether somebody else has made up his mind. */
const contestedSeconds = 5;

export interface ProbationParts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Until the services have taken a change over: what reaches the operator before proves nothing. */
  readonly settleSeconds: number;
  /** After which an unconfirmed change is undone; 0: changes need no confirmation. */
  readonly timeoutSeconds: number;
  /** Whether anybody manages this device from afar. */
  readonly managed: () => boolean;
  /** Asks every protocol to reach its operator now. */
  readonly probe: () => void;
  /** @param states what goes to flash along with it */
  readonly putBack: (packages: ReplacedPackages, states: readonly StateChange[]) => Promise<boolean>;
  /** Whether somebody else may yet put these packages back to what they were before his change. */
  readonly contested: (packages: Iterable<string>) => Promise<boolean>;
  /** A change was undone: the operator is owed an explanation. @param paths what had been written */
  readonly undone: (paths: readonly string[], reason: string) => void;
}

interface Trial {
  readonly packages: ReplacedPackages;
  readonly paths: readonly string[];
  readonly origin: string;
}

/**
 * A remote write that touches connectivity is on probation: it stays only if the operator is reached again after the device has taken it over. Otherwise it
 * is undone, so that nobody locks himself out. Survives a power cut; a write on the device itself (CLI, LuCI) is not on probation.
 */
export class Probation implements Disposable {
  readonly #parts: ProbationParts;
  #trial: Trial | undefined;
  #settled = false;
  #settling: Disposable | undefined;
  #ending: Disposable | undefined;
  #last = '';

  constructor(parts: ProbationParts) {
    this.#parts = parts;
  }

  /** A change that was on probation when the power went: its time begins anew. */
  resume(): void {
    const text = this.#parts.state.read(stateName);
    if (text === undefined) return;
    try {
      const saved = JSON.parse(text) as { packages: [string, ReplacedPackage][]; paths: string[]; origin: string };
      this.#trial = { packages: new Map(saved.packages), paths: saved.paths, origin: saved.origin };
    } catch (error) {
      this.#parts.log.error('what is on probation can not be read', { error });
      return;
    }
    this.#parts.log.warn('a change is still on probation', { by: this.#trial.origin });
    this.#begin();
  }

  /**
   * A write is about to replace packages: what is on probation then goes to flash in the same transaction, so that no power cut falls between
   * the change and its probation.
   */
  applying(write: AppliedWrite): StateChange | undefined {
    const trial = this.#after(write);
    if (trial === this.#trial) return undefined;
    return { name: stateName, text: trial && JSON.stringify({ ...trial, packages: [...trial.packages] }) };
  }

  /** It has. */
  applied(write: AppliedWrite): void {
    const trial = this.#after(write);
    if (trial === this.#trial) return;
    this.#trial = trial;
    if (!trial) {
      this[Symbol.dispose]();
      this.#parts.log.info('the change stays', { reason: 'changed on the device itself' });
      return;
    }
    this.#parts.log.info('a change is on probation until the operator is reached again', {
      packages: [...trial.packages.keys()].join(','),
      seconds: this.#parts.timeoutSeconds,
    });
    if (write.postponed) this.#wait();
    else this.#begin();
  }

  /** What had been postponed has been told to the services: now the operator has to be reached. */
  tookOver(): void {
    if (this.#trial) this.#begin();
  }

  /** What is on probation once this write is there. */
  #after({ packages, origin, paths }: AppliedWrite): Trial | undefined {
    const { timeoutSeconds, managed } = this.#parts;
    const touched = [...packages].filter(([pack]) => connectivity.has(pack));
    if (timeoutSeconds === 0 || touched.length === 0 || !managed()) return this.#trial;
    // A change by hand on top of one that is on probation: whoever stands at the device knows what he does.
    if (origin.by !== 'cwmp' && origin.by !== 'usp') return undefined;
    const merged = new Map(this.#trial?.packages);
    for (const [pack, { before, after }] of touched) {
      merged.set(pack, { before: merged.has(pack) ? merged.get(pack)!.before : before, after });
    }
    return {
      packages: merged,
      paths: [...new Set([...(this.#trial?.paths ?? []), ...paths])],
      origin: `${origin.by} ${origin.peer ?? ''}`.trim(),
    };
  }

  /** The operator was reached: an ACS answered, a controller's connection came to stand or carried a message. */
  reached(): void {
    if (!this.#trial || !this.#settled) return;
    void this.#end('the operator was reached');
  }

  status(): BlobTable {
    return {
      on_probation: this.#trial ? [...this.#trial.packages.keys()].join(', ') : 'nothing',
      last: this.#last || 'nothing undone',
    };
  }

  [Symbol.dispose](): void {
    this.#settling?.[Symbol.dispose]();
    this.#ending?.[Symbol.dispose]();
  }

  /** As long as nothing has been taken over it proves nothing that the operator is there, nor that he is not. */
  #wait(): void {
    this[Symbol.dispose]();
    this.#settled = false;
  }

  #begin(): void {
    const { clock, settleSeconds, timeoutSeconds, probe } = this.#parts;
    this.#wait();
    this.#settling = clock.timer(settleSeconds * 1000, () => {
      this.#settled = true;
      probe();
    });
    this.#ending = clock.timer(timeoutSeconds * 1000, () => void this.#undo());
  }

  async #end(reason: string): Promise<void> {
    this[Symbol.dispose]();
    this.#trial = undefined;
    this.#parts.log.info('the change stays', { reason });
    try {
      await this.#parts.state.remove(stateName);
    } catch (error) {
      this.#parts.log.error('the state can not be saved', { error });
    }
  }

  async #undo(): Promise<void> {
    const { log, clock, putBack, undone, probe, state, settleSeconds, timeoutSeconds } = this.#parts;
    const trial = this.#trial;
    if (!trial) return;
    // Somebody has applied a change on top of this one and may yet take it back: what there is to undo is known after that.
    if (await this.#parts.contested(trial.packages.keys())) {
      if (this.#trial === trial) this.#ending = clock.timer(contestedSeconds * 1000, () => void this.#undo());
      return;
    }
    if (this.#trial !== trial) return;
    this.#trial = undefined;
    this[Symbol.dispose]();
    const packages = [...trial.packages.keys()].join(', ');
    const reason = `the operator was not reached within ${timeoutSeconds} s of a change to ${packages}`;
    try {
      if (await putBack(trial.packages, [{ name: stateName, text: undefined }])) {
        log.error('a change was undone', { reason, by: trial.origin });
        this.#last = `${formatDateTime(clock.now())} undone: ${reason}`;
        undone(trial.paths, reason);
        // Until the services have taken that over nobody is reached, and what is tried again waits longer each time.
        this.#settling = clock.timer(settleSeconds * 1000, probe);
      } else {
        log.warn('a change could not be undone: somebody else has changed it since', { packages });
        this.#last = `${formatDateTime(clock.now())} not undone: changed since`;
        await state.remove(stateName);
      }
    } catch (error) {
      log.error('undoing a change failed', { error });
    }
  }
}
