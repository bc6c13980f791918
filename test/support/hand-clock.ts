import type { Clock } from '#base';

/** A clock that moves only when told to; timers ring in their order. */
export class HandClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<{ readonly at: number; readonly ring: () => void }>();

  constructor(now = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = now;
  }
  now(): number {
    return this.#now;
  }
  monotonicMs(): number {
    return this.#monotonic;
  }
  timer(delayMs: number, callback: () => void): Disposable {
    const timer = { at: this.#monotonic + Math.max(0, delayMs), ring: callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }
  /** The wall clock is set; what was waited for by duration is not moved. */
  set(now: number): void {
    this.#now = now;
  }
  /** Milliseconds until the next timer rings. */
  get nextMs(): number | undefined {
    const times = [...this.#timers].map(({ at }) => at - this.#monotonic);
    return times.length === 0 ? undefined : Math.min(...times);
  }
  advance(ms: number): void {
    const until = this.#monotonic + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now += due.at - this.#monotonic;
      this.#monotonic = due.at;
      due.ring();
    }
    this.#now += until - this.#monotonic;
    this.#monotonic = until;
  }
}
