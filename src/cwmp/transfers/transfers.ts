import type { Clock, Log } from '#base';
import type { Model, Origin } from '#model';
import type { StateStore } from '#platform';
import type { Envelope } from '../codec/read-envelope.ts';
import type { OwnRequest } from '../exchange/session.ts';
import type { InformEvent } from '../inform.ts';
import { acsView } from '../verbs/verb.ts';
import { isWanted, wantedUnits } from './autonomous.ts';
import { TransferBook } from './book.ts';
import { TransferDesk } from './desk.ts';
import { nextUrlOf, Outbox } from './outbox.ts';
import type { FileEngine } from './port.ts';
import { TransferQueue } from './queue.ts';
import type { AutonomousTransfer, AutonomousUnit, Report, TransferOutcome } from './report.ts';
import type { ListedTransfer } from './transfer.ts';
import { UnitQueue } from './unit-queue.ts';
import { noUnits, type UnitEngine } from './units.ts';

export interface TransfersParts {
  readonly engine: FileEngine;
  /** Without it there are no software modules here. */
  readonly units?: UnitEngine;
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
  readonly units: UnitQueue;
  readonly #model: Model;
  readonly #uniqueId: () => string;
  readonly #reported: () => void;
  readonly #outbox: Outbox;
  readonly #queue: TransferQueue;

  constructor(parts: TransfersParts) {
    const { engine, model, clock, random, randomHex, log } = parts;
    const book = new TransferBook(parts.state, log);
    this.#outbox = new Outbox(book, log);
    this.#queue = new TransferQueue({ ...parts, book });
    this.#model = model;
    this.#reported = parts.reported;
    this.#uniqueId = () => `t${randomHex(6)}`;
    this.units = new UnitQueue({ ...parts, book, engine: parts.units ?? noUnits, uniqueId: this.#uniqueId });
    this.desk = new TransferDesk({
      queue: this.#queue,
      engine,
      clock,
      random,
      uniqueId: this.#uniqueId,
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
    this.units.consider();
  }

  /** TR-069 3.7.1.5: with `0 BOOTSTRAP` what is undelivered is discarded. */
  forgetReports(): Promise<void> {
    return this.#outbox.forgetAll();
  }

  confirm(commandKey: string): Promise<boolean> {
    return this.#queue.confirm(commandKey);
  }

  list(): readonly ListedTransfer[] {
    return this.#queue.list();
  }

  /** A transfer that the ACS has not ordered is over: it is told if its policy wants to hear of such. @returns whether it does */
  async completed(transfer: AutonomousTransfer, outcome: TransferOutcome): Promise<boolean> {
    if (!(await isWanted(this.#model, transfer, outcome))) return false;
    return this.#owe({ method: 'AutonomousTransferComplete', id: this.#uniqueId(), transfer, outcome });
  }

  /** Software modules have changed by themselves: what of it the ACS's policy wants to hear is told. @returns whether it wants any */
  async unitsChanged(changes: readonly AutonomousUnit[]): Promise<boolean> {
    const results = await wantedUnits(this.#model, changes);
    if (results.length === 0) return false;
    return this.#owe({ method: 'AutonomousDUStateChangeComplete', id: this.#uniqueId(), results });
  }

  /** Asks the ACS to order a download (TR-069 A.4.2.2). */
  requestDownload(fileType: string, args: readonly { name: string; value: string }[]): Promise<boolean> {
    return this.#owe({ method: 'RequestDownload', id: this.#uniqueId(), fileType, args });
  }

  /** Somebody was sent to the device's own page (TR-069 A.4.2.1). @returns where to send him next; `undefined`: the ACS does not say */
  async kicked(kick: { command: string; referer: string; arg: string; next: string }): Promise<string | undefined> {
    const id = this.#uniqueId();
    return new Promise((resolve) => {
      const answered = (response: Envelope | undefined): void => resolve(response && nextUrlOf(response));
      void this.#owe({ method: 'Kicked', id, ...kick }, answered).then((owed) => {
        if (!owed) resolve(undefined);
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
    await this.units[Symbol.asyncDispose]();
  }

  async #owe(report: Report, answered?: (response: Envelope | undefined) => void): Promise<boolean> {
    if (!(await this.#outbox.add(report, answered))) return false;
    this.#reported();
    return true;
  }
}
