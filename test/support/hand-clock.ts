import type { Clock } from '#base';

interface Timer {
  readonly at: number;
  readonly ring: () => void;
  gone: boolean;
}

/** A clock that moves only when told to; timers ring in their order. */
export class HandClock implements Clock {
  #now: number;
  #monotonic = 0;
  /** By time; those of the same time in the order in which they were set. Any number of them, for simulations. */
  readonly #due = new Map<number, Timer[]>();
  readonly #times: number[] = [];

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
    const timer: Timer = { at: this.#monotonic + Math.max(0, delayMs), ring: callback, gone: false };
    const together = this.#due.get(timer.at);
    if (together) together.push(timer);
    else {
      this.#due.set(timer.at, [timer]);
      push(this.#times, timer.at);
    }
    return {
      [Symbol.dispose]: () => {
        timer.gone = true;
      },
    };
  }
  /** The wall clock is set; what was waited for by duration is not moved. */
  set(now: number): void {
    this.#now = now;
  }
  /** Milliseconds until the next timer rings. */
  get nextMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.at - this.#monotonic;
  }
  /** Timers that have not rung. */
  get pending(): number {
    return [...this.#due.values()].reduce((sum, timers) => sum + timers.filter(({ gone }) => !gone).length, 0);
  }
  advance(ms: number): void {
    const until = this.#monotonic + ms;
    for (let due = this.#next(); due && due.at <= until; due = this.#next()) {
      due.gone = true;
      this.#now += due.at - this.#monotonic;
      this.#monotonic = due.at;
      due.ring();
    }
    this.#now += until - this.#monotonic;
    this.#monotonic = until;
  }
  #next(): Timer | undefined {
    for (;;) {
      const at = this.#times[0];
      if (at === undefined) return undefined;
      const timers = this.#due.get(at)!;
      while (timers[0]?.gone) timers.shift();
      if (timers[0]) return timers[0];
      this.#due.delete(at);
      pop(this.#times);
    }
  }
}

/** A binary heap, least first. */
function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (heap[above]! <= value) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = value;
}

function pop(heap: number[]): void {
  const value = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && heap[below + 1]! < heap[below]!) below++;
    if (heap[below]! >= value) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = value;
}
