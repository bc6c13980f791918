import type { Clock } from '#base';
import type { SessionContext } from '../codec/record.ts';
import { EarlyRecords } from './early-records.ts';
import { Reassembly, segmentsOf } from './segments.ts';
import { SentRecords } from './sent-records.ts';
import type { SessionSettings } from './session-settings.ts';

export interface SequenceParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly sessionId: bigint;
  readonly settings: () => SessionSettings;
  /** Bytes of a record around its payload, at most. */
  readonly overheadBytes: () => number;
  readonly transmit: (content: SessionContext) => void;
  /** A whole payload of the peer, in its turn. */
  readonly payload: (payload: Buffer) => void;
  /** Records of ours have gone out. */
  readonly sent: () => void;
  /** The session context can not go on. @param missed messages that the peer has not got */
  readonly failed: (reason: string, missed?: readonly Uint8Array[]) => void;
}

const messageBytes = 5 << 20;

/**
 * The records of one session context (TR-369 "Exchange of USP Records within an E2E Session Context"): their order, acknowledgement, retransmission and segmentation.
 */
export class Sequence implements Disposable {
  readonly #parts: SequenceParts;
  readonly #sent = new SentRecords();
  readonly #early: EarlyRecords;
  readonly #reassembly = new Reassembly(messageBytes);
  #expected = 1n;
  #over = false;

  constructor(parts: SequenceParts) {
    this.#parts = parts;
    this.#early = new EarlyRecords({ ...parts, missing: () => this.send([], undefined, this.#expected) });
  }

  /** `sequence_id` of the peer's record whose turn it is. */
  get expected(): bigint {
    return this.#expected;
  }

  get nextOut(): bigint {
    return this.#sent.next;
  }

  /** The peer has sent something within it. */
  get heard(): boolean {
    return this.#expected > 1n;
  }

  /** @param units the message, or the TLS records that it was encrypted into @param message it, if it is one @param retransmitId what we ask for with it; 0: nothing */
  send(units: readonly Uint8Array[], message?: Uint8Array, retransmitId = 0n): void {
    const { sessionId, settings, overheadBytes, transmit, sent } = this.#parts;
    const { maxRecordBytes } = settings();
    const room = maxRecordBytes === 0 ? 0 : Math.max(64, maxRecordBytes - overheadBytes());
    const segments = segmentsOf(units, room);
    for (const [index, segment] of segments.entries()) {
      const ended = index === segments.length - 1 ? message : undefined;
      transmit(this.#sent.number({ sessionId, expectedId: this.#expected, retransmitId, ...segment }, ended));
    }
    sent();
  }

  receive(content: SessionContext): void {
    if (content.sequenceId < this.#expected) return;
    if (content.sequenceId > this.#expected) {
      this.#keep(content);
      return;
    }
    for (let next: SessionContext | undefined = content; next && !this.#over; ) {
      this.#process(next);
      next = this.#early.take(this.#expected);
    }
    if (!this.#over) this.#early.caughtUp();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#early[Symbol.dispose]();
  }

  #keep(content: SessionContext): void {
    if (this.#early.has(content.sequenceId)) return;
    if (!this.#early.fits(content)) {
      this.#parts.failed('too many records came before their turn');
      return;
    }
    // Now, not at its turn: when each side misses a record of the other, no turn would ever come.
    if (content.retransmitId > 0n && !this.#resend(content.retransmitId)) return;
    this.#early.keep({ ...content, retransmitId: 0n });
  }

  /** The record whose turn it is. */
  #process(content: SessionContext): void {
    this.#expected = content.sequenceId + 1n;
    if (content.retransmitId > 0n && !this.#resend(content.retransmitId)) return;
    this.#sent.acknowledge(content.expectedId);
    if (content.payload.length === 0) return;
    const payload = this.#reassembly.add(content);
    if (payload === undefined) return;
    if ('wrong' in payload) this.#parts.failed(payload.wrong);
    else this.#parts.payload(payload);
  }

  /** @returns false: the session is over */
  #resend(sequence: bigint): boolean {
    const { settings, transmit, failed } = this.#parts;
    const again = this.#sent.again(sequence, settings().maxRetransmitTries);
    if ('wrong' in again) {
      failed(again.wrong, this.#sent.missed(sequence));
      return false;
    }
    transmit(again);
    return true;
  }
}
