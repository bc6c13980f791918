import { explain, type Log } from '#base';
import type { StateStore } from '#platform';
import type { InformEvent } from '../inform.ts';
import { EventQueue } from './event-queue.ts';
import type { CwmpState, CwmpStateFile, ScheduledInform } from './state.ts';

const bootMark = 'cwmp-boot';

/** The events that are owed to the ACS, and what of them has to be on flash; it is written only when there is something to say. */
export class OwedEvents {
  readonly #state: CwmpStateFile;
  readonly #runtime: StateStore;
  readonly #log: Log;
  readonly #queue: EventQueue;
  /** The flash did not take what was to be kept last. */
  #unsaved = false;
  /** URL of the ACS that a BOOTSTRAP is owed to. */
  #newTo: string | undefined;

  /** @param runtime tells a restart of the agent from a boot of the device, which is an event */
  constructor(state: CwmpStateFile, runtime: StateStore, log: Log) {
    this.#state = state;
    this.#log = log;
    this.#runtime = runtime;
    this.#queue = new EventQueue(state.get().events ?? []);
    this.#newTo = state.get().newTo;
    if (runtime.read(bootMark) === undefined) this.raise('1 BOOT');
  }

  get pending(): readonly InformEvent[] {
    return this.#queue.pending;
  }

  raise(code: string, commandKey = ''): void {
    this.#queue.raise(code, commandKey);
  }

  /** A session begins with these. */
  telling(events: readonly InformEvent[]): void {
    this.#queue.telling(events);
  }

  /**
   * The ACS is at this URL: a BOOTSTRAP is owed to one that has acknowledged none.
   * @returns whether it is another one than before, also over a boot: what was owed to that one is forgotten, and `noted` has to follow
   */
  toldTo({ href }: URL): boolean {
    if (this.#state.get().bootstrapped === href) return false;
    const another = this.#newTo !== href;
    if (another) this.#queue.forgetForNew();
    // What a session that is running tells already is not owed once more.
    if (another || !this.#queue.has('0 BOOTSTRAP')) this.raise('0 BOOTSTRAP');
    this.#newTo = href;
    return another;
  }

  /** From now on everything is owed to this ACS. */
  async noted({ href }: URL): Promise<void> {
    await this.#save({ newTo: href, events: this.#queue.durable });
  }

  /** A scheduled Inform has come due: from now on its events are what is owed, and on flash before the order goes. */
  async scheduled(commandKey: string, waiting: ScheduledInform[]): Promise<void> {
    this.raise('3 SCHEDULED');
    this.raise('M ScheduleInform', commandKey);
    await this.#save({ events: this.#queue.durable, scheduled: waiting });
  }

  async acknowledged(url: URL, told: readonly InformEvent[]): Promise<void> {
    this.#queue.delivered(told);
    if (told.some(({ code }) => code === '1 BOOT')) await this.#kept(this.#runtime.write(bootMark, 'delivered'));
    const bootstrapped = told.some(({ code }) => code === '0 BOOTSTRAP') && this.#state.get().bootstrapped !== url.href;
    if (bootstrapped || this.#changed) {
      await this.#save({
        events: this.#queue.durable,
        ...(bootstrapped && { bootstrapped: url.href, newTo: undefined }),
      });
    }
  }

  /** On flash once for each event, at its first failure; none of the retries that follow writes. */
  async failed(told: readonly InformEvent[]): Promise<void> {
    this.#queue.failed(told);
    if (this.#changed) await this.keep();
  }

  /** @param next an event of the boot that follows, on flash only */
  async keep(next?: InformEvent): Promise<void> {
    await this.#save({ events: [...this.#queue.durable, ...(next ? [next] : [])] });
  }

  /** A flash that is full or broken puts at risk what a power cut would take; sessions, and what the ACS has ordered, go on. */
  async #save(part: Partial<CwmpState>): Promise<void> {
    this.#unsaved = !(await this.#kept(this.#state.change(part)));
  }

  async #kept(writing: Promise<void>): Promise<boolean> {
    try {
      await writing;
      return true;
    } catch (error) {
      this.#log.error('the state can not be saved', { reason: explain(error) });
      return false;
    }
  }

  get #changed(): boolean {
    return this.#unsaved || JSON.stringify(this.#queue.durable) !== JSON.stringify(this.#state.get().events ?? []);
  }
}
