import type { BlobTable, BlobValue } from '#platform';

/*
 * The wire format of ubus, written for the daemon's side. It shares nothing with the client's codec, so that a mistake in one is not
 * cancelled out by the same mistake in the other.
 */

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
} as const;

export const attribute = {
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

export const messageLimitBytes = 1 << 20;
const depthLimit = 64;

export interface Message {
  readonly type: number;
  readonly seq: number;
  readonly peer: number;
  /** Content of the outer attribute. */
  readonly body: Buffer;
}

export function encodeMessage(type: number, seq: number, peer: number, ...attributes: Buffer[]): Buffer {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(12);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(seq & 0xffff, 2);
  header.writeUInt32BE(peer >>> 0, 4);
  header.writeUInt32BE(body.length + 4, 8);
  return Buffer.concat([header, body]);
}

/** Cuts a byte stream into messages. `undefined` from `push`: the peer broke the framing and is to be disconnected. */
export class MessageCutter {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Message[] | undefined {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const messages: Message[] = [];
    let at = 0;
    while (this.#pending.length - at >= 12) {
      const length = this.#pending.readUInt32BE(at + 8) & 0xffffff;
      if (length < 4 || pad(length) > messageLimitBytes) return undefined;
      const end = at + 8 + length;
      if (end > this.#pending.length) break;
      messages.push({
        type: this.#pending.readUInt8(at + 1),
        seq: this.#pending.readUInt16BE(at + 2),
        peer: this.#pending.readUInt32BE(at + 4),
        body: this.#pending.subarray(at + 12, end),
      });
      at = end;
    }
    this.#pending = this.#pending.subarray(at);
    return messages;
  }
}

const pad = (length: number): number => (length + 3) & ~3;

/** The attributes of a message: unknown ids are ignored, the last of an id counts, what fails its check is absent. */
export class Attributes {
  readonly #found = new Map<number, Buffer>();

  constructor(body: Buffer) {
    for (const { id, payload } of siblings(body)) this.#found.set(id, payload);
  }

  has(id: number): boolean {
    return this.#found.has(id);
  }
  int32(id: number): number | undefined {
    const payload = this.#found.get(id);
    return payload?.length === 4 ? payload.readUInt32BE(0) : undefined;
  }
  flag(id: number): boolean {
    const payload = this.#found.get(id);
    return payload?.length === 1 && payload[0] !== 0;
  }
  text(id: number): string | undefined {
    const payload = this.#found.get(id);
    return payload !== undefined && payload.at(-1) === 0 ? payload.toString('utf8', 0, payload.indexOf(0)) : undefined;
  }
  bytes(id: number): Buffer | undefined {
    return this.#found.get(id);
  }
}

/** Stops at the first attribute that is too short or overruns: those before it count. */
function* siblings(body: Buffer): Generator<{ id: number; extended: boolean; payload: Buffer }> {
  for (let at = 0; at + 4 <= body.length; ) {
    const word = body.readUInt32BE(at);
    const length = word & 0xffffff;
    if (length < 4 || at + length > body.length) return;
    yield { id: (word >>> 24) & 0x7f, extended: word >>> 31 === 1, payload: body.subarray(at + 4, at + length) };
    at += pad(length);
  }
}

function encodeAttribute(idWord: number, payload: Buffer): Buffer {
  const out = Buffer.alloc(pad(payload.length + 4));
  out.writeUInt32BE(((idWord << 24) | (payload.length + 4)) >>> 0, 0);
  payload.copy(out, 4);
  return out;
}

export const bytesAttribute = (id: number, payload: Buffer): Buffer => encodeAttribute(id, payload);
export const textAttribute = (id: number, text: string): Buffer =>
  encodeAttribute(id, Buffer.from(`${text}\0`, 'utf8'));
export const flagAttribute = (id: number, flag: boolean): Buffer => encodeAttribute(id, Buffer.of(flag ? 1 : 0));
export const int32Attribute = (id: number, n: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(n >>> 0, 0);
  return encodeAttribute(id, payload);
};

const kind = { unspec: 0, array: 1, table: 2, string: 3, int64: 4, int32: 5, int16: 6, bool: 7, double: 8 } as const;
export const argumentKind = { ...kind, any: 0 } as const;

/** Content of a TABLE as bytes. */
export function encodeTable(table: BlobTable): Buffer {
  const writer = new Writer();
  for (const name in table) writer.value(name, table[name]!);
  return writer.bytes();
}

/** Writes nested values front to back into one buffer and fills in each length when its value ends. */
class Writer {
  #buffer = Buffer.alloc(1024);
  #at = 0;

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  value(name: string, value: BlobValue): void {
    const start = this.#at;
    const nameLength = Buffer.byteLength(name);
    this.#room(4 + pad(nameLength + 3));
    this.#buffer.writeUInt16BE(nameLength, start + 4);
    this.#buffer.write(name, start + 6);
    this.#at = start + 4 + pad(nameLength + 3);
    const id = this.#content(value);
    this.#buffer.writeUInt32BE((((0x80 | id) << 24) | (this.#at - start)) >>> 0, start);
    this.#room(4);
    this.#at = pad(this.#at);
  }

  #content(value: BlobValue): number {
    if (value === null) return kind.unspec;
    switch (typeof value) {
      case 'string': {
        const length = Buffer.byteLength(value) + 1;
        this.#room(length);
        this.#buffer.write(value, this.#at);
        this.#at += length;
        return kind.string;
      }
      case 'boolean':
        this.#room(1);
        this.#at = this.#buffer.writeUInt8(value ? 1 : 0, this.#at);
        return kind.bool;
      case 'number':
        return this.#number(value);
      case 'bigint':
        return this.#wide(value);
      default:
        if (Array.isArray(value)) for (const item of value as readonly BlobValue[]) this.value('', item);
        else for (const name in value) this.value(name, (value as BlobTable)[name]!);
        return Array.isArray(value) ? kind.array : kind.table;
    }
  }

  #number(value: number): number {
    if (Number.isInteger(value) && (value < -0x8000_0000 || value > 0x7fff_ffff)) return this.#wide(BigInt(value));
    this.#room(8);
    if (Number.isInteger(value)) {
      this.#at = this.#buffer.writeInt32BE(value, this.#at);
      return kind.int32;
    }
    this.#at = this.#buffer.writeDoubleBE(value, this.#at);
    return kind.double;
  }

  #wide(value: bigint): number {
    this.#room(8);
    this.#at = this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, value), this.#at);
    return kind.int64;
  }

  // What is not written to stays zero: padding and the ends of texts come for free.
  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.alloc(Math.max(this.#buffer.length * 2, this.#at + bytes));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }
}

/** `undefined`: this is no blobmsg table, and a provider answers INVALID_ARGUMENT. */
export function decodeTable(bytes: Buffer, depth = 0): BlobTable | undefined {
  const table = Object.create(null) as Record<string, BlobValue>;
  return decodeInto(bytes, depth, (name, value) => {
    table[name] = value;
  })
    ? table
    : undefined;
}

function decodeInto(bytes: Buffer, depth: number, take: (name: string, value: BlobValue) => void): boolean {
  if (depth > depthLimit) return false;
  let at = 0;
  for (const { id, extended, payload } of siblings(bytes)) {
    at += pad(payload.length + 4);
    if (!extended || payload.length < 2) return false;
    const nameLength = payload.readUInt16BE(0);
    const start = pad(nameLength + 3);
    if (start > payload.length || payload[2 + nameLength] !== 0) return false;
    const value = decodeValue(id, payload.subarray(start), depth);
    if (value === undefined) return false;
    take(payload.toString('utf8', 2, 2 + nameLength), value);
  }
  return at >= bytes.length;
}

function decodeValue(id: number, content: Buffer, depth: number): BlobValue | undefined {
  switch (id) {
    case kind.unspec:
      return null;
    case kind.string:
      return content.at(-1) === 0 ? content.toString('utf8', 0, content.indexOf(0)) : undefined;
    case kind.bool:
      return content.length === 1 ? content[0] !== 0 : undefined;
    case kind.int16:
      return content.length === 2 ? content.readInt16BE(0) : undefined;
    case kind.int32:
      return content.length === 4 ? content.readInt32BE(0) : undefined;
    case kind.int64: {
      if (content.length !== 8) return undefined;
      const value = content.readBigInt64BE(0);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    case kind.double:
      return content.length === 8 ? content.readDoubleBE(0) : undefined;
    case kind.array: {
      const items: BlobValue[] = [];
      return decodeInto(content, depth + 1, (_, value) => items.push(value)) ? items : undefined;
    }
    case kind.table:
      return decodeTable(content, depth + 1);
    default:
      return undefined;
  }
}
