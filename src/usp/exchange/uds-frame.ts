import { GrowingBytes, TandemError } from '#base';

/** USP_UDS_FRAME: what came can not be parsed, or is too large (R-UDS.24). */
export class UdsFrameError extends TandemError {
  constructor(message: string) {
    super('USP_UDS_FRAME', message);
  }
}

/** TR-369 "Sending a Message over a UNIX Domain Socket". */
export const udsType = { handshake: 1, error: 2, record: 3 } as const;

export interface UdsField {
  readonly type: number;
  readonly value: Uint8Array;
}

/** R-UDS.8 */
const sync = Buffer.from('_USP');
const headerBytes = 8;
const fieldHeaderBytes = 5;
/** A record of the largest size, and room for what goes with it. */
const defaultLimitBytes = (5 << 20) + 4096;

/** Reads frames from a stream, however it is cut (R-UDS.6 to R-UDS.11). */
export class UdsReader {
  readonly #limitBytes: number;
  readonly #gathered = new GrowingBytes();
  #wanted = headerBytes;

  /** @param limitBytes of a frame without its header */
  constructor(limitBytes = defaultLimitBytes) {
    this.#limitBytes = limitBytes;
  }

  /** @returns the fields of the frames that are whole now. @throws UdsFrameError, after which it must not be used again */
  push(piece: Uint8Array): UdsField[] {
    const fields: UdsField[] = [];
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.#wanted - this.#gathered.length);
      this.#gathered.append(part);
      at += part.length;
      const { length } = this.#gathered;
      if (length <= sync.length && !sync.subarray(0, length).equals(this.#gathered.bytes)) {
        throw new UdsFrameError('no frame');
      }
      if (length < this.#wanted) return fields;
      if (this.#wanted === headerBytes) this.#begin();
      else {
        fields.push(...fieldsOf(this.#gathered.take().subarray(headerBytes)));
        this.#wanted = headerBytes;
      }
    }
    return fields;
  }

  #begin(): void {
    const header = this.#gathered.bytes;
    if (!sync.equals(header.subarray(0, sync.length))) throw new UdsFrameError('no frame');
    const length = header.readUInt32BE(sync.length);
    if (length < fieldHeaderBytes) throw new UdsFrameError('a frame without a field');
    if (length > this.#limitBytes) throw new UdsFrameError('a frame that is too large');
    this.#wanted = headerBytes + length;
  }
}

function fieldsOf(body: Buffer): UdsField[] {
  const fields: UdsField[] = [];
  for (let at = 0; at < body.length; ) {
    if (body.length - at < fieldHeaderBytes) throw new UdsFrameError('a field that is cut off');
    const type = body.readUInt8(at);
    const start = at + fieldHeaderBytes;
    const end = start + body.readUInt32BE(at + 1);
    if (end > body.length) throw new UdsFrameError('a field that is longer than its frame');
    fields.push({ type, value: body.subarray(start, end) });
    at = end;
  }
  return fields;
}

/** One field in a frame of its own. @param value text as UTF-8 */
export function writeUdsFrame(type: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const head = Buffer.alloc(headerBytes + fieldHeaderBytes);
  sync.copy(head);
  head.writeUInt32BE(fieldHeaderBytes + bytes.length, sync.length);
  head.writeUInt8(type, headerBytes);
  head.writeUInt32BE(bytes.length, headerBytes + 1);
  return Buffer.concat([head, bytes]);
}
