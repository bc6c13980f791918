import type { InformEvent } from '../inform.ts';

/** Never lost, over any number of reboots (TR-069 table 8); `0 BOOTSTRAP` is derived from what was acknowledged. */
const durable = /^(2 PERIODIC|3 SCHEDULED|M |X )/;

/**
 * Events that wait for a session. Delivery rules of TR-069 Amendment 6, section 3.7.1.5: told in the next Inform, kept until that session has ended well;
 * a connection request is told once.
 */
export class EventQueue {
  #events: InformEvent[];
  /** In the Inform of the session that is running: what happens meanwhile is not in it. */
  #told: ReadonlySet<InformEvent> = new Set();

  constructor(saved: readonly InformEvent[]) {
    this.#events = [...saved];
  }

  get pending(): readonly InformEvent[] {
    return this.#events;
  }

  /** What has to be on flash for nothing to be lost in a power cut. */
  get durable(): InformEvent[] {
    return this.#events.filter(({ code }) => durable.test(code));
  }

  has(code: string): boolean {
    return this.#events.some((event) => event.code === code);
  }

  raise(code: string, commandKey = ''): void {
    const same = (event: InformEvent): boolean => event.code === code && event.commandKey === commandKey;
    if (this.#events.some((event) => same(event) && !this.#told.has(event))) return;
    this.#events = inOrder([...this.#events, { code, commandKey }]);
  }

  /** What was owed to an earlier ACS is of no concern to a new one (TR-069 3.7.1.5, `0 BOOTSTRAP`). */
  forgetForNew(): void {
    this.#events = this.#events.filter(({ code }) => code === '1 BOOT');
  }

  /** A session begins with these. */
  telling(events: readonly InformEvent[]): void {
    this.#told = new Set(events);
  }

  delivered(events: readonly InformEvent[]): void {
    this.#told = new Set();
    this.#events = this.#events.filter((event) => !events.includes(event));
  }

  /** The session failed: what is told only once goes (TR-069 table 8, `6 CONNECTION REQUEST`). */
  failed(events: readonly InformEvent[]): void {
    this.#told = new Set();
    const left = this.#events.filter((event) => !(events.includes(event) && event.code === '6 CONNECTION REQUEST'));
    // What has happened again meanwhile is told once.
    this.#events = left.filter(
      ({ code, commandKey }, index) =>
        left.findIndex((event) => event.code === code && event.commandKey === commandKey) === index,
    );
  }
}

/** In the order of the codes, as ACS have come to expect it. */
export const inOrder = (events: readonly InformEvent[]): InformEvent[] =>
  [...events].sort((a, b) => rank(a.code) - rank(b.code));

const rank = (code: string): number => (/^[0-9]+ /.test(code) ? Number.parseInt(code, 10) : 100);
