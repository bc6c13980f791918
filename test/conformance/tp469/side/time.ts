import { HandClock } from '../../../support/hand-clock.ts';

/** The time that the judge measures in. Real for an agent in a process of its own; moved by hand for the one in ours. */
export interface Time {
  /** Milliseconds that only grow. */
  now(): number;
  /** That much time passes, and everything that is due in it happens. */
  pass(seconds: number): Promise<void>;
  /** The same for what keeps a clock of its own, as protocol libraries do. */
  passReally(seconds: number): Promise<void>;
  /** Waits until there is something to see, `undefined` when nothing was within `seconds`. */
  until<T>(look: () => T | undefined, seconds: number): Promise<T | undefined>;
  /** The same for an answer, which needs no time to pass. */
  untilReally<T>(look: () => T | undefined, seconds: number): Promise<T | undefined>;
}

const beat = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const realTime: Time = {
  now: () => performance.now(),
  pass: (seconds) => beat(seconds * 1000),
  passReally: (seconds) => beat(seconds * 1000),
  async until(look, seconds) {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const seen = look();
      if (seen !== undefined || performance.now() >= end) return seen;
      await beat(5);
    }
  },
  untilReally: (look, seconds) => realTime.until(look, seconds),
};

/** On a busy machine. */
const answerMs = 5000;
const graceMs = 1500;

/**
 * A hand clock that creeps on by itself, so that an agent which is handed it works as always, and leaps over the waits. Agent and judge share a process: when
 * the machine is slow, both are.
 */
export class LeapingTime implements Time, Disposable {
  // Begins with the real time: certificates are of that.
  readonly clock = new HandClock(Date.now());
  readonly #pump = setInterval(() => this.clock.advance(1), 1);

  now(): number {
    return this.clock.monotonicMs();
  }

  async pass(seconds: number): Promise<void> {
    await this.#leap(() => undefined, seconds);
    await beat(20);
  }
  passReally(seconds: number): Promise<void> {
    return beat(seconds * 1000);
  }

  async until<T>(look: () => T | undefined, seconds: number): Promise<T | undefined> {
    const seen = await this.#leap(look, seconds);
    if (seen !== undefined) return seen;
    return this.#creep(look, graceMs);
  }

  /** For what comes without the clock's help. */
  async untilReally<T>(look: () => T | undefined, seconds: number): Promise<T | undefined> {
    return (await this.#creep(look, answerMs)) ?? this.until(look, seconds);
  }

  async #creep<T>(look: () => T | undefined, ms: number): Promise<T | undefined> {
    const end = performance.now() + ms;
    for (;;) {
      const seen = look();
      if (seen !== undefined || performance.now() >= end) return seen;
      await beat(2);
    }
  }

  async #leap<T>(look: () => T | undefined, seconds: number): Promise<T | undefined> {
    const end = this.now() + seconds * 1000;
    // What is under way comes to its end first: sockets do not know of our clock.
    for (let turn = 0; turn < 60; turn++) {
      const seen = look();
      if (seen !== undefined) return seen;
      await beat(2);
    }
    while (this.now() < end) {
      const next = Math.min(this.clock.nextMs ?? 1000, 1000, end - this.now());
      this.clock.advance(Math.max(1, next));
      for (let turn = 0; turn < 4; turn++) {
        const seen = look();
        if (seen !== undefined) return seen;
        await beat(1);
      }
    }
    return look();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#pump);
  }
}
