import { explain, type Log } from '#base';
import { child, childText } from '../codec/element.ts';
import type { Envelope } from '../codec/read-envelope.ts';
import { message } from '../codec/write-envelope.ts';
import type { OwnRequest } from '../exchange/session.ts';
import type { InformEvent } from '../inform.ts';
import type { TransferBook } from './book.ts';
import { eventsOf, isDurable, isOptional, type Report, writeReport } from './report.ts';

/** How often a message that an ACS need not know is tried before it is given up. */
const refusalLimit = 3;
const reportLimit = 64;
/** ACS fault codes: the method is not known. */
const unsupported = 8000;

/**
 * Reports that the ACS has yet to acknowledge. Each is announced by its events in every Inform and sent in that session, until its own response has come (TR-069
 * table 8); what the ACS has refused does not begin a session of its own, but is tried in the next that there is.
 */
export class Outbox {
  readonly #book: TransferBook;
  readonly #log: Log;
  readonly #refusals = new Map<string, number>();
  readonly #answered = new Map<string, (response: Envelope | undefined) => void>();
  /** RPCs of the ACS, once it has told them; by its host. */
  #known: { readonly acs: string; readonly methods: ReadonlySet<string> } | undefined;

  constructor(book: TransferBook, log: Log) {
    this.#book = book;
    this.#log = log;
  }

  /** For the next Inform. */
  get events(): InformEvent[] {
    return distinct(this.#book.reports.flatMap(eventsOf));
  }

  /** Those of the events that are reason enough for a session. */
  get pressing(): InformEvent[] {
    return distinct(this.#book.reports.filter(({ id }) => !this.#refusals.has(id)).flatMap(eventsOf));
  }

  /** @returns false: too much is owed already. @param answered `undefined`: it was given up */
  async add(report: Report, answered?: (response: Envelope | undefined) => void): Promise<boolean> {
    if (this.#book.reports.length >= reportLimit) return false;
    if (answered) this.#answered.set(report.id, answered);
    await this.#book.change({ reports: [...this.#book.reports, report] });
    return true;
  }

  /** What was owed to an earlier ACS is of no concern to another (TR-069 3.7.1.5, `0 BOOTSTRAP`). */
  async forgetAll(): Promise<void> {
    for (const { id } of this.#book.reports) this.#settle(id, undefined);
    await this.#book.change({ reports: [] });
  }

  /** One session's messages, in the order in which things have come to pass. @param acs its host */
  requests(acs: string): OwnRequest[] {
    const reports = this.#book.reports;
    const requests = reports.map((report): OwnRequest => {
      const { id, method } = report;
      return {
        method,
        write: (writer, namespace) => writeReport(writer, report, namespace),
        pointless: () => {
          if (!isOptional(report) || this.#methods(acs)?.has(method) !== false) return false;
          this.#giveUp(report, 'the ACS does not know it');
          return true;
        },
        delivered: (response) => this.#done(id, response),
        refused: (code) => {
          const refusals = (this.#refusals.get(id) ?? 0) + 1;
          this.#refusals.set(id, refusals);
          this.#log.warn('the ACS has refused a message', { method, code });
          if (isDurable(report) && !isOptional(report)) return;
          if (code === unsupported || refusals >= refusalLimit) this.#giveUp(report, `refused with ${code}`);
        },
      };
    });
    if (reports.some(isOptional) && !this.#methods(acs)) requests.unshift(this.#askMethods(acs));
    return requests;
  }

  #methods(acs: string): ReadonlySet<string> | undefined {
    return this.#known?.acs === acs ? this.#known.methods : undefined;
  }

  /** An ACS has been seen to fall over a method that it does not know: it is asked first what it knows. */
  #askMethods(acs: string): OwnRequest {
    const learn = (methods: readonly string[]): void => {
      this.#known = { acs, methods: new Set(methods) };
    };
    return {
      method: 'GetRPCMethods',
      write: (writer) => message(writer, 'GetRPCMethods'),
      delivered: ({ body }) => learn((child(body, 'MethodList')?.children ?? []).map(({ text }) => text.trim())),
      // Then they are tried: a refusal of theirs is taken as well.
      refused: () => {},
    };
  }

  async #done(id: string, response: Envelope | undefined): Promise<void> {
    this.#settle(id, response);
    try {
      await this.#book.change({ reports: this.#book.reports.filter((report) => report.id !== id) });
    } catch (error) {
      // It is told once more then, better twice than never, but not at once.
      this.#refusals.set(id, 1);
      this.#log.error('the state can not be saved', { reason: explain(error) });
    }
  }

  #giveUp(report: Report, reason: string): void {
    this.#log.error('a message to the ACS is given up', { method: report.method, reason });
    void this.#done(report.id, undefined);
  }

  #settle(id: string, response: Envelope | undefined): void {
    this.#refusals.delete(id);
    this.#answered.get(id)?.(response);
    this.#answered.delete(id);
  }
}

/** `NextURL` of a KickedResponse. */
export const nextUrlOf = (response: Envelope): string => childText(response.body, 'NextURL') ?? '';

/** Codes without a CommandKey stand in an Inform once (TR-069 3.7.1.5), M events once for each key. */
function distinct(events: readonly InformEvent[]): InformEvent[] {
  const seen = new Set<string>();
  return events.filter(({ code, commandKey }) => {
    const key = `${code} ${commandKey}`;
    return !seen.has(key) && seen.add(key);
  });
}
