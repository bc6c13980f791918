import type { SessionContext } from '../codec/record.ts';
import { keptRecords, sizeOf } from './kept-records.ts';

interface Kept {
  readonly content: SessionContext;
  readonly bytes: number;
  tries: number;
  /** The message that ends with this record. */
  readonly message: Uint8Array | undefined;
}

/** The records that we have sent within a session context and the peer has not acknowledged (TR-369 "Handling Duplicate or Retransmitted USP Records"). */
export class SentRecords {
  readonly #kept = new Map<bigint, Kept>();
  #bytes = 0;
  #next = 1n;

  /** `sequence_id` of the record that is sent next. */
  get next(): bigint {
    return this.#next;
  }

  /** Gives it its number, and keeps it for being asked for again. @param message whole, if it ends with this record */
  number(unnumbered: Omit<SessionContext, 'sequenceId'>, message?: Uint8Array): SessionContext {
    const content: SessionContext = { ...unnumbered, sequenceId: this.#next++ };
    const bytes = sizeOf(content);
    this.#kept.set(content.sequenceId, { content, bytes, tries: 0, message });
    this.#bytes += bytes;
    // What the peer never acknowledges is not kept for ever.
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptRecords.most && this.#bytes <= keptRecords.bytes) break;
      if (oldest === content.sequenceId) break;
      this.#forget(oldest);
    }
    return content;
  }

  /** @param expected what the peer waits for: it has all before */
  acknowledge(expected: bigint): void {
    for (const sequence of this.#kept.keys()) {
      if (sequence >= expected) break;
      this.#forget(sequence);
    }
  }

  /** A record that the peer asks for. @param most times that one is sent again; -1: without end */
  again(sequence: bigint, most: number): SessionContext | { readonly wrong: string } {
    const known = this.#kept.get(sequence);
    if (!known) return { wrong: 'a record was asked for that is not kept' };
    if (most >= 0 && known.tries >= most) return { wrong: 'a record was asked for too many times' };
    known.tries++;
    return known.content;
  }

  /** Messages that a peer who lacks this record can not have taken: it takes records in their order. */
  missed(sequence: bigint): Uint8Array[] {
    return [...this.#kept].flatMap(([at, { message }]) => (at >= sequence && message ? [message] : []));
  }

  #forget(sequence: bigint): void {
    this.#bytes -= this.#kept.get(sequence)?.bytes ?? 0;
    this.#kept.delete(sequence);
  }
}
