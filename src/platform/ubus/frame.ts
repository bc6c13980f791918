import { padded, tooLarge } from './blob.ts';
import { UbusError, ubusStatus } from './error.ts';

/** Largest outer attribute that ubusd takes (UBUS_MAX_MSGLEN). */
export const messageLimitBytes = 1_048_576;

/** Message types (libubus, `enum ubus_msg_type`). */
export const messageType = {
  hello: 0,
  status: 1,
  data: 2,
  ping: 3,
  lookup: 4,
  invoke: 5,
  addObject: 6,
  removeObject: 7,
  subscribe: 8,
  unsubscribe: 9,
  notify: 10,
  monitor: 11,
} as const;

export interface UbusMessage {
  readonly version: number;
  readonly type: number;
  /** 16 bits, echoed in answers. */
  readonly seq: number;
  /** 32 bits, unsigned. */
  readonly peer: number;
  /** What the outer attribute holds, without its word; a view on the received bytes. */
  readonly body: Buffer;
}

const headerBytes = 8;
const wordBytes = 4;

/** @throws UbusError UBUS_TOO_LARGE */
export function encodeMessage(type: number, seq: number, peer: number, attributes: readonly Buffer[]): Buffer {
  let length = wordBytes;
  for (const attribute of attributes) length += attribute.length;
  if (length > messageLimitBytes) throw tooLarge(length);
  const bytes = Buffer.alloc(headerBytes + length);
  bytes[1] = type;
  bytes.writeUInt16BE(seq, 2);
  bytes.writeUInt32BE(peer >>> 0, 4);
  bytes.writeUInt32BE(length, headerBytes);
  let at = headerBytes + wordBytes;
  for (const attribute of attributes) at += attribute.copy(bytes, at);
  return bytes;
}

/**
 * Cuts a byte stream into messages, however it is split. Bytes are joined only when a message is complete, so a message
 * that drips in costs no more than one that comes at once.
 */
export class MessageReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #needed = headerBytes + wordBytes;

  /**
   * @param heard is called for each message that is now complete
   * @throws UbusError UBUS_PARSE_ERROR when the stream can't go on: an outer length below 4 or beyond 1 MiB
   */
  push(chunk: Buffer, heard: (message: UbusMessage) => void): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    let at = 0;
    this.#needed = headerBytes + wordBytes;
    while (bytes.length - at >= headerBytes + wordBytes) {
      const length = bytes.readUInt32BE(at + headerBytes) & 0x00ff_ffff;
      if (length < wordBytes || padded(length) > messageLimitBytes)
        throw new UbusError(ubusStatus.parseError, `a ubus message states a length of ${length} bytes`);
      if (bytes.length - at < headerBytes + length) {
        this.#needed = headerBytes + length;
        break;
      }
      heard({
        version: bytes.readUInt8(at),
        type: bytes.readUInt8(at + 1),
        seq: bytes.readUInt16BE(at + 2),
        peer: bytes.readUInt32BE(at + 4),
        body: bytes.subarray(at + headerBytes + wordBytes, at + headerBytes + length),
      });
      at += headerBytes + length;
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
  }
}
