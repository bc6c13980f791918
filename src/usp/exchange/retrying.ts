import { type Clock, errorCode, explain, type Log, type RetryPolicy, retryWaitMs, sleep } from '#base';

export interface RetryingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly retry: RetryPolicy;
  /** Where the transport has another rule than the table; milliseconds. */
  readonly waitMs?: (random: () => number, attempt: number) => number;
  /** For the log: whom we try to reach. */
  readonly towards: string;
  /** Connects and stays until the connection is over; says when it stands, and a text that it resolves with says how it ended. */
  readonly connect: (signal: AbortSignal, stands: () => void) => Promise<unknown>;
  /** The end of what it takes the place of. */
  readonly after?: Promise<unknown>;
}

/** How a transport is, for people. */
export interface RetryingState {
  readonly phase: 'connecting' | 'up' | 'waiting' | 'stopped';
  /** Failures in a row. */
  readonly attempts: number;
  /** Of the last failure. */
  readonly reason?: string;
  readonly code?: string;
  /** Of the phase; milliseconds since 1970. */
  readonly since: number;
  /** Seconds; while it waits. */
  readonly nextTrySeconds?: number;
}

/**
 * One for all: an error remembers who waited for what it was made in, and so each that has ended would keep the next one, for as long as anybody remembers it.
 */
const stopped = new Error('stopped');

/** Connects again and again, each time after the wait that the table asks for; a connection that stood begins the table anew (R-WS.19, R-WS.20, R-MQTT.10, R-STOMP.7). */
export class Retrying implements AsyncDisposable {
  readonly #parts: RetryingParts;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #phase: RetryingState['phase'] = 'connecting';
  #since: number;
  #code: string | undefined;
  #attempts = 0;
  #reason: string | undefined;
  #nextTryMs = 0;

  constructor(parts: RetryingParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
    this.#done = this.#run();
  }

  get state(): RetryingState {
    return {
      phase: this.#phase,
      attempts: this.#attempts,
      since: this.#since,
      ...(this.#code !== undefined && { code: this.#code }),
      ...(this.#reason !== undefined && { reason: this.#reason }),
      ...(this.#phase === 'waiting' && {
        nextTrySeconds: Math.max(0, Math.round((this.#nextTryMs - this.#parts.clock.monotonicMs()) / 1000)),
      }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(stopped);
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, log, random, retry, towards, connect, after, waitMs: ownWaitMs } = this.#parts;
    const { signal } = this.#abort;
    await after;
    while (!signal.aborted) {
      this.#enter('connecting');
      let reason = 'closed';
      let code: string | undefined;
      try {
        const how = await connect(signal, () => {
          this.#enter('up');
          this.#attempts = 0;
        });
        if (typeof how === 'string') reason = how;
      } catch (error) {
        reason = explain(error);
        code = errorCode(error);
      }
      if (signal.aborted) break;
      this.#enter('waiting');
      this.#reason = reason;
      this.#code = code;
      this.#attempts++;
      const waitMs = ownWaitMs ? ownWaitMs(random, this.#attempts) : retryWaitMs(retry, this.#attempts, random);
      this.#nextTryMs = clock.monotonicMs() + waitMs;
      log.warn('no connection', { towards, reason, next_try_in_s: Math.round(waitMs / 1000) });
      await sleep(clock, waitMs, signal).catch(() => {});
    }
    this.#enter('stopped');
  }

  #enter(phase: RetryingState['phase']): void {
    this.#phase = phase;
    this.#since = this.#parts.clock.now();
  }
}
