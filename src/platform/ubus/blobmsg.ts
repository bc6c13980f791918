import type { ArgumentType, BlobTable, BlobValue } from '../ports.ts';
import { padded, tooLarge, withoutNul } from './blob.ts';
import { UbusError, ubusStatus } from './error.ts';
import { messageLimitBytes } from './frame.ts';

/** Type ids of blobmsg (libubox, `enum blobmsg_type`). */
const kind = {
  unspecified: 0,
  array: 1,
  table: 2,
  string: 3,
  int64: 4,
  int32: 5,
  int16: 6,
  int8: 7,
  double: 8,
} as const;

const kindOfArgument: Readonly<Record<ArgumentType, number>> = {
  any: kind.unspecified,
  array: kind.array,
  table: kind.table,
  string: kind.string,
  int64: kind.int64,
  int32: kind.int32,
  int16: kind.int16,
  bool: kind.int8,
  double: kind.double,
};
/** Position is the type id; 9 is libubox's policy "any integer", for which the widest one stands. */
const argumentOfKind: readonly ArgumentType[] = [
  'any',
  'array',
  'table',
  'string',
  'int64',
  'int32',
  'int16',
  'bool',
  'double',
  'int64',
];

/** Tables within tables: beyond that a message is refused in both directions. */
const deepestNesting = 32;

/**
 * A list of blobmsg attributes as a table. Its prototype is null, so any name is just a name. INT8 is a boolean, INT64 a
 * bigint only where a number would lose digits. Of equal names the last one counts. An attribute that overruns its
 * surroundings ends its list; one of a wrong shape or of an unknown type is absent.
 * A name that looks like an array index ("10") comes before the others, whatever its place on the wire.
 *
 * @throws UbusError UBUS_PARSE_ERROR beyond 32 levels
 */
export function decodeBlobTable(bytes: Buffer): BlobTable {
  return readTable(bytes, 0, bytes.length, 1);
}

function readTable(bytes: Buffer, from: number, to: number, depth: number): BlobTable {
  const table: Record<string, BlobValue> = Object.create(null);
  readList(bytes, from, to, depth, (name, value) => {
    table[bytes.toString('utf8', name.from, name.to)] = value;
  });
  return table;
}

function readArray(bytes: Buffer, from: number, to: number, depth: number): BlobValue[] {
  const values: BlobValue[] = [];
  readList(bytes, from, to, depth, (_name, value) => void values.push(value));
  return values;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function readList(
  bytes: Buffer,
  from: number,
  to: number,
  depth: number,
  found: (name: Range, value: BlobValue) => void,
): void {
  if (depth > deepestNesting)
    throw new UbusError(ubusStatus.parseError, `a ubus message nests deeper than ${deepestNesting} levels`);
  let at = from;
  while (to - at >= 4) {
    const word = bytes.readUInt32BE(at);
    const length = word & 0x00ff_ffff;
    if (length < 4 || length > to - at) return;
    const end = at + length;
    // Without the "extended" bit there is no name header, hence no blobmsg.
    if (word >>> 31 === 1 && length >= 8) {
      const name = { from: at + 6, to: at + 6 + bytes.readUInt16BE(at + 4) };
      const start = at + 4 + padded(name.to - name.from + 3);
      if (start <= end && bytes[name.to] === 0) {
        const value = readValue((word >>> 24) & 0x7f, bytes, start, end, depth);
        if (value !== undefined) found(name, value);
      }
    }
    at += padded(length);
  }
}

function readValue(type: number, bytes: Buffer, from: number, to: number, depth: number): BlobValue | undefined {
  const length = to - from;
  switch (type) {
    case kind.unspecified:
      return null;
    case kind.array:
      return readArray(bytes, from, to, depth + 1);
    case kind.table:
      return readTable(bytes, from, to, depth + 1);
    case kind.string:
      // Every other reader is C and ends at the first NUL; so does this one.
      return length > 0 && bytes[to - 1] === 0 ? bytes.toString('utf8', from, bytes.indexOf(0, from)) : undefined;
    case kind.int64:
      return length === 8 ? numberIfExact(bytes.readBigInt64BE(from)) : undefined;
    case kind.int32:
      return length === 4 ? bytes.readInt32BE(from) : undefined;
    case kind.int16:
      return length === 2 ? bytes.readInt16BE(from) : undefined;
    case kind.int8:
      return length === 1 ? bytes[from] !== 0 : undefined;
    case kind.double:
      return length === 8 ? bytes.readDoubleBE(from) : undefined;
    default:
      return undefined;
  }
}

function numberIfExact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * A table as a list of blobmsg attributes, in its order. An integer goes as INT32 if it fits and as INT64 if not, a bigint
 * always as INT64, any other number as DOUBLE, a boolean as INT8.
 *
 * @throws UbusError UBUS_INVALID_ARGUMENT (a NUL in a text or name, an integer beyond 64 bits, nesting beyond 32 levels),
 *   UBUS_TOO_LARGE
 */
export function encodeBlobTable(table: BlobTable): Buffer {
  const writer = new BlobWriter();
  writer.table(table, 1);
  return writer.finish();
}

class BlobWriter {
  #bytes = Buffer.alloc(512);
  #length = 0;

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  table(table: BlobTable, depth: number): void {
    checkDepth(depth);
    for (const name of Object.keys(table)) this.#value(name, table[name] as BlobValue, depth);
  }

  #array(values: readonly BlobValue[], depth: number): void {
    checkDepth(depth);
    for (const value of values) this.#value('', value, depth);
  }

  #value(name: string, value: BlobValue, depth: number): void {
    if (value === null) this.#close(this.#open(kind.unspecified, name));
    else if (typeof value === 'string') {
      const start = this.#open(kind.string, name);
      const size = Buffer.byteLength(withoutNul(value));
      const at = this.#grow(size + 1);
      this.#bytes.write(value, at);
      this.#close(start);
    } else if (typeof value === 'boolean') {
      const start = this.#open(kind.int8, name);
      const at = this.#grow(1);
      this.#bytes[at] = value ? 1 : 0;
      this.#close(start);
    } else if (typeof value === 'number') this.#number(name, value);
    else if (typeof value === 'bigint') this.#int64(name, value);
    else if (Array.isArray(value)) {
      const start = this.#open(kind.array, name);
      this.#array(value, depth + 1);
      this.#close(start);
    } else {
      const start = this.#open(kind.table, name);
      this.table(value as BlobTable, depth + 1);
      this.#close(start);
    }
  }

  #number(name: string, value: number): void {
    if (!Number.isSafeInteger(value)) {
      const start = this.#open(kind.double, name);
      const at = this.#grow(8);
      this.#bytes.writeDoubleBE(value, at);
      this.#close(start);
    } else if (value === (value | 0)) {
      const start = this.#open(kind.int32, name);
      const at = this.#grow(4);
      this.#bytes.writeInt32BE(value, at);
      this.#close(start);
    } else this.#int64(name, BigInt(value));
  }

  #int64(name: string, value: bigint): void {
    if (BigInt.asIntN(64, value) !== value)
      throw new UbusError(ubusStatus.invalidArgument, `'${name}' does not fit 64 bits`);
    const start = this.#open(kind.int64, name);
    const at = this.#grow(8);
    this.#bytes.writeBigInt64BE(value, at);
    this.#close(start);
  }

  /** Word and name header; the length is filled in by `#close`. @returns where the attribute starts */
  #open(type: number, name: string): number {
    const size = Buffer.byteLength(withoutNul(name));
    if (size > 0xffff) throw new UbusError(ubusStatus.invalidArgument, 'a name is longer than 65535 bytes');
    const start = this.#grow(4 + padded(size + 3));
    this.#bytes[start] = 0x80 | type;
    this.#bytes.writeUInt16BE(size, start + 4);
    this.#bytes.write(name, start + 6);
    return start;
  }

  #close(start: number): void {
    const length = this.#length - start;
    this.#bytes[start + 1] = length >>> 16;
    this.#bytes.writeUInt16BE(length & 0xffff, start + 2);
    this.#grow(padded(length) - length);
  }

  /** @returns where the new bytes start; they are zero */
  #grow(count: number): number {
    const start = this.#length;
    const length = start + count;
    if (length > messageLimitBytes) throw tooLarge(length);
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    this.#length = length;
    return start;
  }
}

function checkDepth(depth: number): void {
  if (depth > deepestNesting)
    throw new UbusError(ubusStatus.invalidArgument, `arguments nest deeper than ${deepestNesting} levels`);
}

export type MethodSignatures = Readonly<Record<string, Readonly<Record<string, ArgumentType>>>>;

/** The SIGNATURE of an object: a table for each method, in it the type id of each argument. */
export function encodeSignature(methods: MethodSignatures): Buffer {
  const table: Record<string, BlobTable> = Object.create(null);
  for (const [method, args] of Object.entries(methods)) {
    const kinds: Record<string, number> = Object.create(null);
    for (const [name, type] of Object.entries(args)) kinds[name] = kindOfArgument[type];
    table[method] = kinds;
  }
  return encodeBlobTable(table);
}

export function decodeSignature(bytes: Buffer): MethodSignatures {
  const methods: Record<string, Record<string, ArgumentType>> = Object.create(null);
  for (const [method, args] of Object.entries(decodeBlobTable(bytes))) {
    if (args === null || typeof args !== 'object' || Array.isArray(args)) continue;
    const types: Record<string, ArgumentType> = Object.create(null);
    for (const [name, type] of Object.entries(args as BlobTable))
      types[name] = (typeof type === 'number' ? argumentOfKind[type] : undefined) ?? 'any';
    methods[method] = types;
  }
  return methods;
}
