import { malformed, Reader, UspCodecError, Writer, wireType } from './protobuf.ts';

type Scalar = 'string' | 'bytes' | 'bool' | 'uint64' | 'fixed32' | 'enum';

/** One field of a message, as the .proto file has it. */
export interface Field {
  readonly name: string;
  readonly number: number;
  readonly kind: Scalar | 'map' | 'message';
  /** For `message`. */
  readonly message?: MessageTable;
  readonly repeated?: true;
  /** Name of the oneof: absent unless it was sent, and at most one of them is. */
  readonly oneof?: string;
  /** One and the same object goes into many messages: it is encoded once. */
  readonly shared?: true;
}

/** A field of a table that is finished. */
interface TableField extends Field {
  /** Number and wire type, as they stand before the field. */
  readonly tag: number;
}

export interface MessageTable {
  readonly name: string;
  readonly fields: readonly TableField[];
  readonly byNumber: ReadonlyMap<number, TableField>;
  /** Fields that are there even if nothing of them was sent. */
  readonly always: readonly TableField[];
}

/** What a decoded message looks like before it has a type. */
export type Plain = Record<string, unknown>;

export function table(name: string, fields: readonly Field[]): MessageTable {
  const all = fields.map((each) => ({ ...each, tag: (each.number << 3) | wireTypeOf(each) }));
  return {
    name,
    fields: all,
    byNumber: new Map(all.map((each) => [each.number, each])),
    always: all.filter(({ repeated, kind, oneof }) => repeated || kind === 'map' || (!oneof && kind !== 'message')),
  };
}

const field =
  (kind: Field['kind']) =>
  (number: number, name: string): Field => ({ name, number, kind });
export const text = field('string');
export const bytes = field('bytes');
export const flag = field('bool');
export const fixed32 = field('fixed32');
export const uint64 = field('uint64');
export const choice = field('enum');
/** map<string, string> */
export const map = field('map');
export const message = (number: number, name: string, of: MessageTable): Field => ({
  name,
  number,
  kind: 'message',
  message: of,
});
export const list = (of: Field): Field => ({ ...of, repeated: true });
export const shared = (of: Field): Field => ({ ...of, shared: true });
export const oneOf = (name: string, ...members: readonly Field[]): Field[] =>
  members.map((member) => ({ ...member, oneof: name }));

/** Deeper than any message of USP; recursion ends here. */
const depthLimit = 16;
/**
 * Messages, list items and map entries of one input. Two bytes on the wire become an object of a hundred and more, so
 * the size of the input alone bounds no memory. All parameters of a large gateway are a tenth of it.
 */
export const elementLimit = 1 << 18;

interface Budget {
  elements: number;
}

/**
 * `bytes` fields are views of the input; uint64 is always a bigint, an enumeration always a number.
 * @param limitBytes more than that is not looked at
 * @throws UspCodecError USP_MALFORMED, USP_TOO_LARGE
 */
export function decode(of: MessageTable, input: Uint8Array, limitBytes: number): Plain {
  if (input.length > limitBytes) throw new UspCodecError('USP_TOO_LARGE', `${input.length} bytes are too many`);
  const buffer = Buffer.isBuffer(input) ? input : Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  const plain = empty(of);
  decodeMessage(of, new Reader(buffer), plain, 0, { elements: elementLimit });
  return plain;
}

/** A message of which nothing was sent. */
function empty({ always }: MessageTable): Plain {
  const plain: Plain = {};
  for (let at = 0; at < always.length; at++) {
    const { name, repeated, kind } = always[at]!;
    plain[name] = repeated ? [] : kind === 'map' ? Object.create(null) : zero(kind);
  }
  return plain;
}

function decodeMessage(of: MessageTable, reader: Reader, plain: Plain, depth: number, budget: Budget): void {
  if (depth > depthLimit) throw malformed('nested too deeply');
  while (!reader.done) {
    const tag = reader.tag();
    const known = of.byNumber.get(tag >>> 3);
    if (!known) {
      reader.skip(tag & 7);
      continue;
    }
    if (tag !== known.tag) throw malformed(`${of.name}.${known.name} has wire type ${tag & 7}`);
    if ((known.repeated || known.kind === 'map' || known.kind === 'message') && --budget.elements < 0)
      throw new UspCodecError('USP_TOO_LARGE', `more than ${elementLimit} elements`);
    if (known.kind === 'map') {
      const outer = reader.enter();
      decodeEntry(reader, plain[known.name] as Record<string, string>);
      reader.leave(outer);
      continue;
    }
    const before = plain[known.name];
    if (known.message) {
      // A single message that comes in pieces is all of them together.
      const inner = known.repeated || before === undefined ? empty(known.message) : (before as Plain);
      const outer = reader.enter();
      decodeMessage(known.message, reader, inner, depth + 1, budget);
      reader.leave(outer);
      if (known.repeated) (before as Plain[]).push(inner);
      else plain[known.name] = inner;
    } else if (known.repeated) (before as unknown[]).push(decodeScalar(known, reader));
    else plain[known.name] = decodeScalar(known, reader);
    // Of a oneof the last one counts.
    if (known.oneof && before === undefined) {
      for (const name in plain) {
        if (name !== known.name && of.fields.some((other) => other.name === name && other.oneof === known.oneof))
          delete plain[name];
      }
    }
  }
}

function decodeScalar(of: Field, reader: Reader): unknown {
  switch (of.kind) {
    case 'string':
      return reader.string();
    case 'bytes':
      return reader.bytes();
    case 'bool':
      return reader.bool();
    case 'enum':
      return reader.varint() | 0;
    case 'uint64':
      return reader.varint64();
    default:
      return reader.fixed32();
  }
}

function decodeEntry(reader: Reader, into: Record<string, string>): void {
  let key = '';
  let value = '';
  while (!reader.done) {
    const tag = reader.tag();
    const number = tag >>> 3;
    if (number > 2) reader.skip(tag & 7);
    else if ((tag & 7) !== wireType.bytes) throw malformed('an entry of a map is no text');
    else if (number === 1) key = reader.string();
    else value = reader.string();
  }
  into[key] = value;
}

export function encode(of: MessageTable, plain: Plain): Buffer {
  const writer = new Writer();
  encodeMessage(of, plain, writer);
  return writer.finish();
}

function encodeMessage({ fields }: MessageTable, plain: Plain, writer: Writer): void {
  for (let at = 0; at < fields.length; at++) {
    const each = fields[at]!;
    const value = plain[each.name];
    if (value === undefined) continue;
    if (each.kind === 'map') encodeMap(each, value as Record<string, string>, writer);
    else if (each.repeated) {
      const items = value as unknown[];
      for (let item = 0; item < items.length; item++) encodeValue(each, items[item], writer);
    }
    // proto3: what has its default is not sent, but a member of a oneof is.
    else if (each.oneof || each.kind === 'message' || !isZero(value)) encodeValue(each, value, writer);
  }
}

function encodeMap(of: TableField, entries: Record<string, string>, writer: Writer): void {
  for (const key in entries) {
    writer.varint(of.tag);
    const start = writer.open();
    writer.varint((1 << 3) | wireType.bytes);
    writer.string(key);
    writer.varint((2 << 3) | wireType.bytes);
    writer.string(entries[key]!);
    writer.close(start);
  }
}

function encodeValue(of: TableField, value: unknown, writer: Writer): void {
  writer.varint(of.tag);
  const { kind } = of;
  if (kind === 'string') writer.string(value as string);
  else if (kind === 'bytes') writer.bytes(value as Uint8Array);
  else if (kind === 'bool') writer.varint(value ? 1 : 0);
  else if (kind === 'enum') {
    // A negative one has all 64 bits.
    if ((value as number) < 0) writer.varint64(BigInt(value as number));
    else writer.varint(value as number);
  } else if (kind === 'uint64') writer.varint64(value as bigint);
  else if (kind === 'fixed32') writer.fixed32(value as number);
  else if (of.shared) writer.bytes(encodedOnce(of.message!, value as Plain));
  else {
    const start = writer.open();
    encodeMessage(of.message!, value as Plain, writer);
    writer.close(start);
  }
}

const encodings = new WeakMap<Plain, Buffer>();

function encodedOnce(of: MessageTable, plain: Plain): Buffer {
  let bytes = encodings.get(plain);
  if (!bytes) {
    bytes = encode(of, plain);
    encodings.set(plain, bytes);
  }
  return bytes;
}

/** A map is a list of entries. */
function wireTypeOf({ kind }: Field): number {
  if (kind === 'bool' || kind === 'enum' || kind === 'uint64') return wireType.varint;
  return kind === 'fixed32' ? wireType.fixed32 : wireType.bytes;
}

const noBytes = Buffer.alloc(0);

function zero(kind: Field['kind']): unknown {
  if (kind === 'string') return '';
  if (kind === 'bytes') return noBytes;
  if (kind === 'bool') return false;
  return kind === 'uint64' ? 0n : 0;
}

const isZero = (value: unknown): boolean =>
  value === '' || value === 0 || value === 0n || value === false || (value instanceof Uint8Array && value.length === 0);
