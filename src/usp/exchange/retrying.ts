import { type Clock, explain, type Log, type RetryPolicy, retryWaitMs, sleep } from '#base';

export interface RetryingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly retry: RetryPolicy;
  /** For the log: whom we try to reach. */
  readonly towards: string;
  /** Connects and stays until the connection is over. @returns whether it had come to stand */
  readonly connect: (signal: AbortSignal) => Promise<boolean>;
}

/** Connects again and again, each time after the wait that the table asks for; a connection that stood begins the table anew (R-WS.19, R-WS.20, R-MQTT.10). */
export class Retrying implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #attempts = 0;

  constructor(parts: RetryingParts) {
    this.#done = this.#run(parts);
  }

  get attempts(): number {
    return this.#attempts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    await this.#done;
  }

  async #run({ clock, log, random, retry, towards, connect }: RetryingParts): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      let reason = 'closed';
      try {
        if (await connect(signal)) this.#attempts = 0;
      } catch (error) {
        reason = explain(error);
      }
      if (signal.aborted) return;
      this.#attempts++;
      const waitMs = retryWaitMs(retry, this.#attempts, random);
      log.warn('no connection', { towards, reason, next_try_in_s: Math.round(waitMs / 1000) });
      try {
        await sleep(clock, waitMs, signal);
      } catch {
        return;
      }
    }
  }
}
