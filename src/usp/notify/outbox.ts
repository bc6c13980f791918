import { type Clock, type Log, type RetryPolicy, retryWaitMs } from '#base';
import { writeMessage } from '../codec/message.ts';
import type { Notify } from '../codec/types.ts';

export interface OutboxParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly retry: () => RetryPolicy;
  readonly nextId: () => string;
  /** @returns false while there is no connection */
  readonly send: (message: Uint8Array) => boolean;
}

interface Entry {
  readonly id: string;
  readonly subscription: string;
  readonly bytes: Uint8Array;
  readonly retried: boolean;
  /** Monotonic; after it nobody wants the notification any more. */
  readonly expiresMs: number;
  /** It has reached the controller, or nobody waits for it any more. */
  readonly over: (() => void) | undefined;
  attempts: number;
  timer: Disposable | undefined;
  /** Monotonic. */
  retryAtMs: number | undefined;
  /** Waits for a connection. */
  waiting: boolean;
}

/** Kept for a controller that is away; the oldest that need no answer go first. */
const entryLimit = 4096;
const bytesLimit = 2 * 1024 * 1024;

/**
 * Notifications on their way to one controller: in order, kept while there is no connection, sent again until they are answered where the subscription asks
 * for it (TR-369 R-NOT.1 to R-NOT.4). In memory only: nothing is written to flash for a notification.
 */
export class Outbox implements Disposable {
  readonly #parts: OutboxParts;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#entries.size;
  }

  /** Bytes of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Milliseconds until the next one is sent again; `undefined`: none is going to be. */
  get nextRetryMs(): number | undefined {
    const now = this.#parts.clock.monotonicMs();
    const times = [...this.#entries.values()].flatMap(({ retryAtMs }) => (retryAtMs === undefined ? [] : [retryAtMs]));
    return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
  }

  /**
   * @param expirationSeconds 0: it never expires (Subscription.NotifExpiration)
   * @param over called once it needs no further care; not when the agent stops
   */
  add(notify: Notify, expirationSeconds: number, over?: () => void): void {
    const { clock, nextId, log } = this.#parts;
    const id = nextId();
    const bytes = writeMessage(id, { kind: 'request', request: { notify } });
    const expiresMs = expirationSeconds > 0 ? clock.monotonicMs() + expirationSeconds * 1000 : Number.POSITIVE_INFINITY;
    while (this.#entries.size > 0 && (this.#entries.size >= entryLimit || this.#bytes + bytes.length > bytesLimit)) {
      const oldest = this.#oldest();
      this.#remove(oldest);
      log.warn('too many notifications wait; the oldest is dropped', { subscription: oldest.subscription });
    }
    const entry: Entry = {
      id,
      subscription: notify.subscriptionId,
      bytes,
      retried: notify.sendResp,
      expiresMs,
      over,
      attempts: 0,
      timer: undefined,
      retryAtMs: undefined,
      waiting: false,
    };
    this.#entries.set(id, entry);
    this.#bytes += bytes.length;
    this.#try(entry);
  }

  /** There is a connection (again). */
  connected(): void {
    for (const entry of [...this.#entries.values()]) if (entry.waiting) this.#try(entry);
  }

  /** The controller has confirmed that it has it (R-NOT.6a). @returns whether it was one of ours */
  answered(id: string): boolean {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    this.#remove(entry);
    return true;
  }

  /** The subscription is gone: nobody waits for what it had to say. */
  forget(subscription: string): void {
    for (const entry of [...this.#entries.values()]) if (entry.subscription === subscription) this.#remove(entry);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#entries.values()) timer?.[Symbol.dispose]();
    this.#entries.clear();
    this.#bytes = 0;
  }

  #oldest(): Entry {
    for (const entry of this.#entries.values()) if (!entry.retried) return entry;
    return this.#entries.values().next().value!;
  }

  #try(entry: Entry): void {
    const { clock, send, retry, random } = this.#parts;
    if (clock.monotonicMs() >= entry.expiresMs) {
      this.#remove(entry);
      return;
    }
    entry.waiting = !send(entry.bytes);
    if (entry.waiting) return;
    if (!entry.retried) {
      this.#remove(entry);
      return;
    }
    entry.attempts++;
    entry.timer?.[Symbol.dispose]();
    const waitMs = retryWaitMs(retry(), entry.attempts, random);
    entry.retryAtMs = clock.monotonicMs() + waitMs;
    entry.timer = clock.timer(waitMs, () => this.#try(entry));
  }

  #remove(entry: Entry): void {
    entry.timer?.[Symbol.dispose]();
    if (!this.#entries.delete(entry.id)) return;
    this.#bytes -= entry.bytes.length;
    entry.over?.();
  }
}
