import { type Clock, type RetryPolicy, retryWaitMs } from '#base';
import type { InformEvent } from '../inform.ts';

/** Events that end a wait for a retry before its time; the others wait with it (TR-069 3.2.1.1). */
const impatient = /^(0 BOOTSTRAP|1 BOOT|6 CONNECTION REQUEST|M |X )/;

/**
 * How far from its place in the last window of the retry table a device comes in the next one. Devices that have failed together stay apart then: were
 * each place drawn afresh, they would bunch in the middle of what two windows and more add up to, at twice the mean.
 */
const placeSpread = 0.2;

/** When a session that has something to tell may begin: not before its retry is due, nor more often than the throttle lets it. */
export class Pace implements Disposable {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #due: () => void;
  #retryCount = 0;
  /** Codes of the events that the failed session had told: they wait for the retry. */
  #waiting: ReadonlySet<string> = new Set();
  /** In the windows of the retry table, from 0 to 1; drawn for each series of failures. */
  #place: number | undefined;
  #retry: Disposable | undefined;
  /** On the monotonic clock. */
  #retryMs = 0;
  #throttle: Disposable | undefined;
  /** Of the last session that ended well, on the monotonic clock. */
  #endedMs: number | undefined;

  /**
   * @param random uniform in [0, 1), different on each device
   * @param due a wait is over
   */
  constructor(clock: Clock, random: () => number, due: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#due = due;
  }

  /** Sessions that have failed since one ended well. */
  get retryCount(): number {
    return this.#retryCount;
  }

  /** The next try waits for its time. */
  get retrying(): boolean {
    return this.#retry !== undefined;
  }

  /** Seconds until then; `undefined`: nothing is waited for. */
  get nextTrySeconds(): number | undefined {
    return this.#retry && Math.max(0, Math.round((this.#retryMs - this.#clock.monotonicMs()) / 1000));
  }

  /** @returns false: not yet, and `due` says when */
  admits(pending: readonly InformEvent[], throttleSeconds: number): boolean {
    if (this.#retry) {
      if (!pending.some(({ code }) => impatient.test(code) && !this.#waiting.has(code))) return false;
      this.#retry[Symbol.dispose]();
      this.#retry = undefined;
    }
    return !this.#throttled(pending, throttleSeconds);
  }

  begun(): void {
    this.#throttle?.[Symbol.dispose]();
    this.#throttle = undefined;
  }

  /** A session has ended well. @param acknowledged it has told what was owed: there is nothing to be tried again */
  ended(acknowledged: boolean): void {
    this.#endedMs = this.#clock.monotonicMs();
    if (!acknowledged) return;
    this.#retryCount = 0;
    this.#place = undefined;
    this.#waiting = new Set();
  }

  failed(told: readonly InformEvent[]): void {
    this.#waiting = new Set(told.map(({ code }) => code).filter((code) => code !== '6 CONNECTION REQUEST'));
    this.#retryCount++;
  }

  /**
   * Waits for the next try, by the table of TR-069 3.2.1.1.
   * @param notBeforeSeconds the ACS has asked for it (Retry-After)
   * @returns how long, in milliseconds
   */
  retryLater(policy: RetryPolicy, notBeforeSeconds = 0): number {
    const place = this.#nextPlace();
    const waitMs = retryWaitMs(policy, this.#retryCount, () => place, notBeforeSeconds);
    this.#retryMs = this.#clock.monotonicMs() + waitMs;
    this.#retry = this.#clock.timer(waitMs, () => {
      this.#retry = undefined;
      this.#due();
    });
    return waitMs;
  }

  [Symbol.dispose](): void {
    this.#retry?.[Symbol.dispose]();
    this.#throttle?.[Symbol.dispose]();
  }

  /** Uniform in [0, 1) at each try, which reflecting at both ends leaves it. */
  #nextPlace(): number {
    const drawn = this.#random();
    const moved = this.#place === undefined ? drawn : Math.abs(this.#place + (drawn - 0.5) * placeSpread);
    this.#place = moved < 1 ? moved : 2 - moved;
    return this.#place;
  }

  /** TR-181 DefaultActiveNotificationThrottle: only a session that has no other reason than a change of values has to wait. */
  #throttled(pending: readonly InformEvent[], throttleSeconds: number): boolean {
    if (throttleSeconds === 0 || this.#endedMs === undefined) return false;
    if (this.#retryCount > 0 || pending.some(({ code }) => code !== '4 VALUE CHANGE')) return false;
    const waitMs = this.#endedMs + throttleSeconds * 1000 - this.#clock.monotonicMs();
    if (waitMs <= 0) return false;
    this.#throttle ??= this.#clock.timer(waitMs, () => {
      this.#throttle = undefined;
      this.#due();
    });
    return true;
  }
}
