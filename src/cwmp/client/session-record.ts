import { type Clock, errorCode, explain, formatDateTime } from '#base';
import type { CwmpStatus } from './status.ts';

/** How the sessions since the agent's start have ended, for people. */
export class SessionRecord {
  readonly #clock: Clock;
  readonly #counts = { ended: 0, failed: 0, served: 0 };
  #last: CwmpStatus['last'];
  #lastError: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get status(): Pick<CwmpStatus, 'counts' | 'last' | 'lastError'> {
    return { counts: { ...this.#counts }, last: this.#last, lastError: this.#lastError };
  }

  /** @param served RPCs of the ACS */
  ended(said: string, served: number): void {
    this.#last = { at: formatDateTime(this.#clock.now()), ok: true, said };
    this.#counts.ended++;
    this.#counts.served += served;
  }

  failed(error: unknown): void {
    const at = formatDateTime(this.#clock.now());
    this.#last = { at, ok: false, said: explain(error) };
    this.#counts.failed++;
    this.#lastError = `${at} ${errorCode(error) ?? 'error'}: ${explain(error)}`;
  }
}
