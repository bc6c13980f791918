/** Record field `payload_sar_state` (TR-369 "SessionContextRecord fields"). */
export const sarState = { none: 0, begin: 1, inProcess: 2, complete: 3 } as const;

/** What of a payload goes into one record. */
export interface Segment {
  readonly payloadSarState: number;
  readonly payloadrecSarState: number;
  readonly payload: readonly Uint8Array[];
}

/** Field tag and length of a `payload`, at most. */
const fieldBytes = 6;

/**
 * Cuts a payload for records of a limited size (TR-369 "Originating USP Endpoint").
 * @param units the message, or the TLS records that it was encrypted into: as many as fit go into one record, else one each
 * @param room bytes that a record has left for its payload fields; 0: no limit
 */
export function segmentsOf(units: readonly Uint8Array[], room: number): Segment[] {
  const whole = units.reduce((sum, unit) => sum + unit.length + fieldBytes, 0);
  if (room === 0 || whole <= room) return [{ payloadSarState: 0, payloadrecSarState: 0, payload: units }];
  const most = Math.max(1, room - fieldBytes);
  const pieces = units.flatMap((unit) => {
    const count = Math.max(1, Math.ceil(unit.length / most));
    return Array.from({ length: count }, (_, index) => ({
      payloadrecSarState: stateAt(index, count),
      payload: [unit.subarray(index * most, (index + 1) * most)],
    }));
  });
  return pieces.map((piece, index) => ({ payloadSarState: stateAt(index, pieces.length), ...piece }));
}

function stateAt(index: number, count: number): number {
  if (count === 1) return sarState.none;
  if (index === 0) return sarState.begin;
  return index === count - 1 ? sarState.complete : sarState.inProcess;
}

/**
 * Puts a payload together again (TR-369 "Receiving Endpoint"). Records come in the order of their sequence; where a TLS record ends, TLS knows by itself,
 * so that `payloadrec_sar_state` is not needed for it.
 */
export class Reassembly {
  readonly #limitBytes: number;
  #parts: Uint8Array[] | undefined;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** @returns the whole payload, `undefined` while there is more to come, or why it can't be put together */
  add({ payloadSarState, payload }: Segment): Buffer | undefined | { readonly wrong: string } {
    const first = payloadSarState === sarState.none || payloadSarState === sarState.begin;
    if (first === (this.#parts !== undefined)) {
      return { wrong: first ? 'a payload begins within another' : 'a payload goes on that has not begun' };
    }
    this.#parts ??= [];
    this.#parts.push(...payload);
    this.#bytes += payload.reduce((sum, part) => sum + part.length, 0);
    if (this.#bytes > this.#limitBytes) return { wrong: 'a payload is too large' };
    if (payloadSarState === sarState.begin || payloadSarState === sarState.inProcess) return undefined;
    const whole = Buffer.concat(this.#parts);
    this.#parts = undefined;
    this.#bytes = 0;
    return whole;
  }
}
