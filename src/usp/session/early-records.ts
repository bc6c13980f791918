import { type Clock, retryWaitMs } from '#base';
import type { SessionContext } from '../codec/record.ts';
import { keptRecords, sizeOf } from './kept-records.ts';
import type { SessionSettings } from './session-settings.ts';

export interface EarlyRecordsParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: () => SessionSettings;
  /** It is time to ask for the record that all others wait for. */
  readonly missing: () => void;
  /** It has been asked for often enough. */
  readonly failed: (reason: string) => void;
}

/** A record that is missing is asked for so many times. */
const mostTries = 5;

/** The records of the peer that came before their turn, and the wait for the one that is missing. */
export class EarlyRecords implements Disposable {
  readonly #parts: EarlyRecordsParts;
  readonly #kept = new Map<bigint, SessionContext>();
  #bytes = 0;
  #gap: Disposable | undefined;
  #tries = 0;

  constructor(parts: EarlyRecordsParts) {
    this.#parts = parts;
  }

  has(sequence: bigint): boolean {
    return this.#kept.has(sequence);
  }

  fits(content: SessionContext): boolean {
    return this.#kept.size < keptRecords.most && this.#bytes + sizeOf(content) <= keptRecords.bytes;
  }

  keep(content: SessionContext): void {
    this.#kept.set(content.sequenceId, content);
    this.#bytes += sizeOf(content);
    this.#awaitMissing();
  }

  take(sequence: bigint): SessionContext | undefined {
    const content = this.#kept.get(sequence);
    if (content) {
      this.#kept.delete(sequence);
      this.#bytes -= sizeOf(content);
    }
    return content;
  }

  /** The missing one has come; what is still here waits for the next. */
  caughtUp(): void {
    this.#gap?.[Symbol.dispose]();
    this.#gap = undefined;
    this.#tries = 0;
    if (this.#kept.size > 0) this.#awaitMissing();
  }

  [Symbol.dispose](): void {
    this.#gap?.[Symbol.dispose]();
  }

  /** What is only late comes by itself; what is lost is asked for. */
  #awaitMissing(): void {
    const { clock, settings, random, missing, failed } = this.#parts;
    this.#gap ??= clock.timer(retryWaitMs(settings().retry, this.#tries + 1, random), () => {
      this.#gap = undefined;
      if (++this.#tries > mostTries) {
        failed('a record is missing');
        return;
      }
      missing();
      this.#awaitMissing();
    });
  }
}
