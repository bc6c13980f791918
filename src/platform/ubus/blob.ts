import { UbusError, ubusStatus } from './error.ts';

/** Ids of the attributes that stand at the top of a message (libubus, `enum ubus_msg_attr`). */
export const messageAttribute = {
  status: 1,
  objectPath: 2,
  objectId: 3,
  method: 4,
  objectType: 5,
  signature: 6,
  data: 7,
  target: 8,
  active: 9,
  noReply: 10,
  subscribers: 11,
  user: 12,
  group: 13,
} as const;

/** Largest length that the 24 bits of an attribute's word can say. */
const longestAttribute = 0x00ff_ffff;

/** Where an attribute ends with its padding: the next one starts there. */
export const padded = (length: number): number => (length + 3) & ~3;

/**
 * The attributes of a message, by id. The last of a repeated id counts; one that overruns its surroundings ends the
 * reading, and what stood before it counts; one of the wrong shape is absent. That is how ubusd reads them.
 */
export class MessageAttributes {
  readonly #payloads: (Buffer | undefined)[] = [];

  /** @param body what the outer attribute holds, without its own word */
  constructor(body: Buffer) {
    let at = 0;
    while (body.length - at >= 4) {
      const word = body.readUInt32BE(at);
      const length = word & longestAttribute;
      if (length < 4 || length > body.length - at) break;
      this.#payloads[(word >>> 24) & 0x7f] = body.subarray(at + 4, at + length);
      at += padded(length);
    }
  }

  bytes(id: number): Buffer | undefined {
    return this.#payloads[id];
  }

  /** Unsigned, as object ids are meant. */
  uint32(id: number): number | undefined {
    const payload = this.#payloads[id];
    return payload?.length === 4 ? payload.readUInt32BE(0) : undefined;
  }

  flag(id: number): boolean {
    const payload = this.#payloads[id];
    return payload?.length === 1 && payload[0] !== 0;
  }

  text(id: number): string | undefined {
    const payload = this.#payloads[id];
    if (payload === undefined || payload.at(-1) !== 0) return undefined;
    return payload.toString('utf8', 0, payload.indexOf(0));
  }
}

export function uint32Attribute(id: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(((id << 24) | 8) >>> 0, 0);
  bytes.writeUInt32BE(value >>> 0, 4);
  return bytes;
}

export function flagAttribute(id: number, value: boolean): Buffer {
  return bytesAttribute(id, Buffer.of(value ? 1 : 0));
}

/** @throws UbusError UBUS_INVALID_ARGUMENT for text with a NUL inside, which the other side would cut there */
export function textAttribute(id: number, value: string): Buffer {
  return bytesAttribute(id, Buffer.from(`${withoutNul(value)}\0`));
}

export function bytesAttribute(id: number, payload: Buffer): Buffer {
  const length = payload.length + 4;
  if (length > longestAttribute) throw tooLarge(length);
  const bytes = Buffer.alloc(padded(length));
  bytes.writeUInt32BE(((id << 24) | length) >>> 0, 0);
  payload.copy(bytes, 4);
  return bytes;
}

export function withoutNul(text: string): string {
  if (text.includes('\0')) throw new UbusError(ubusStatus.invalidArgument, 'text for ubus holds a NUL');
  return text;
}

export function tooLarge(bytes: number): UbusError {
  return new UbusError(ubusStatus.invalidArgument, `${bytes} bytes are more than a ubus message takes`, {
    code: 'UBUS_TOO_LARGE',
  });
}
