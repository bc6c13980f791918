import type { Clock, Log } from '#base';
import type { Model, Origin } from '#model';
import type { StateStore } from '#platform';
import type { OwnRequest } from '../exchange/session.ts';
import type { InformEvent } from '../inform.ts';
import { acsView } from '../verbs/verb.ts';
import { TransferBook } from './book.ts';
import { TransferDesk } from './desk.ts';
import { Outbox } from './outbox.ts';
import type { FileEngine } from './port.ts';
import { TransferQueue } from './queue.ts';

export interface TransfersParts {
  readonly engine: FileEngine;
  readonly model: Model;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomHex: (count: number) => string;
  readonly idle: () => Promise<boolean>;
  readonly quiet: () => boolean;
  readonly origin: () => Origin;
  /** There is something to report. */
  readonly reported: () => void;
}

/** Everything that the ACS has ordered for later, and what it is owed word of. */
export class Transfers implements AsyncDisposable {
  readonly desk: TransferDesk;
  readonly #outbox: Outbox;
  readonly #queue: TransferQueue;

  constructor(parts: TransfersParts) {
    const { engine, model, clock, random, randomHex, log } = parts;
    const book = new TransferBook(parts.state, log);
    this.#outbox = new Outbox(book, log);
    this.#queue = new TransferQueue({ ...parts, book });
    this.desk = new TransferDesk({
      queue: this.#queue,
      engine,
      clock,
      random,
      uniqueId: () => `t${randomHex(6)}`,
      hasRow: async (path) => (await model.get(acsView, [path]))[0]?.result.ok === true,
    });
  }

  /** For the next Inform. */
  get events(): readonly InformEvent[] {
    return this.#outbox.events;
  }

  /** Those of the events that are reason enough for a session. */
  get pressing(): readonly InformEvent[] {
    return this.#outbox.pressing;
  }

  /** @param acs its host */
  requests(acs: string): OwnRequest[] {
    return this.#outbox.requests(acs);
  }

  /** A session has ended, or none is going to begin: transfers go on. */
  consider(): void {
    this.#queue.consider();
  }

  /** TR-069 3.7.1.5: with `0 BOOTSTRAP` what is undelivered is discarded. */
  forgetReports(): Promise<void> {
    return this.#outbox.forgetAll();
  }

  confirm(commandKey: string): Promise<boolean> {
    return this.#queue.confirm(commandKey);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#queue[Symbol.asyncDispose]();
  }
}
