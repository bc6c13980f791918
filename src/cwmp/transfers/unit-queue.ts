import { explain, type Log, ok, type Result, refused } from '#base';
import type { Element } from '../codec/element.ts';
import { type CwmpFault, invalidArguments } from '../faults.ts';
import { commandKeyLimit } from '../verbs/verb.ts';
import type { TransferBook } from './book.ts';
import type { UnitOutcome } from './report.ts';
import { readOperations, type UnitEngine, unitCommandKey } from './units.ts';

const orderLimit = 8;

export interface UnitQueueParts {
  readonly book: TransferBook;
  readonly engine: UnitEngine;
  readonly log: Log;
  readonly uniqueId: () => string;
  readonly quiet: () => boolean;
  readonly reported: () => void;
}

/** ChangeDUState: the operations of an order are done in turn when no session is running, and told together in one DUStateChangeComplete. */
export class UnitQueue implements AsyncDisposable {
  readonly #parts: UnitQueueParts;
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;

  constructor(parts: UnitQueueParts) {
    this.#parts = parts;
  }

  /** On flash when this resolves. */
  async order(request: Element): Promise<Result<void, CwmpFault>> {
    const { book, uniqueId, log } = this.#parts;
    const commandKey = unitCommandKey(request);
    if (commandKey.length > commandKeyLimit) return refused(invalidArguments('CommandKey is too long'));
    const operations = readOperations(request);
    if (!operations.ok) return operations;
    if (book.units.length >= orderLimit) return refused({ code: 9004, text: 'too many operations are waiting' });
    try {
      await book.change({ units: [...book.units, { id: uniqueId(), commandKey, operations: operations.value }] });
      return ok(undefined);
    } catch (error) {
      log.error('the state can not be saved', { reason: explain(error) });
      return refused({ code: 9004, text: 'the order could not be stored' });
    }
  }

  consider(): void {
    const { book, quiet, log } = this.#parts;
    if (this.#working || this.#stop.signal.aborted || !quiet() || book.units.length === 0) return;
    this.#working = this.#work()
      .catch((error) => {
        if (!this.#stop.signal.aborted) log.error('an order for software modules failed', { reason: explain(error) });
      })
      .finally(() => {
        this.#working = undefined;
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('stopped'));
    await this.#working;
  }

  async #work(): Promise<void> {
    const { book, engine, reported } = this.#parts;
    for (const { id, commandKey, operations } of book.units) {
      const results: UnitOutcome[] = [];
      for (const operation of operations) {
        results.push(await engine(operation, this.#stop.signal));
        this.#stop.signal.throwIfAborted();
      }
      await book.change({
        units: book.units.filter((order) => order.id !== id),
        reports: [...book.reports, { method: 'DUStateChangeComplete', id, commandKey, results }],
      });
    }
    reported();
  }
}
