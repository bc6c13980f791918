import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import type { Body } from '#usp';
import { messageTable, messageTypeOf } from '../../../src/usp/codec/message.ts';
import { recordTable } from '../../../src/usp/codec/record.ts';
import { decode, encode, type Field, type MessageTable, type Plain } from '../../../src/usp/codec/table.ts';

const limit = 1 << 20;

/** The same tables as an independent protobuf implementation understands them. */
function reflect(of: MessageTable): protobuf.Type {
  const type = new protobuf.Type(of.name);
  const oneofs = new Map<string, string[]>();
  for (const field of of.fields) {
    const kind = field.kind === 'enum' ? 'int32' : field.kind;
    if (kind === 'map') type.add(new protobuf.MapField(field.name, field.number, 'string', 'string'));
    else if (kind === 'message') {
      const inner = reflect(field.message!);
      inner.name = `T${field.number}`;
      type.add(inner);
      type.add(new protobuf.Field(field.name, field.number, inner.name, field.repeated ? 'repeated' : undefined));
    } else type.add(new protobuf.Field(field.name, field.number, kind, field.repeated ? 'repeated' : undefined));
    if (field.oneof) oneofs.set(field.oneof, [...(oneofs.get(field.oneof) ?? []), field.name]);
  }
  for (const [name, members] of oneofs) type.add(new protobuf.OneOf(name, members));
  return type;
}

function value(of: Field): fc.Arbitrary<unknown> {
  switch (of.kind) {
    case 'string':
      return fc.string({ unit: 'grapheme', maxLength: 20 });
    case 'bytes':
      return fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    case 'bool':
      return fc.boolean();
    case 'enum':
      // Also numbers that no schema knows; negative ones have ten bytes on the wire.
      return fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer());
    case 'uint64':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    case 'fixed32':
      return fc.integer({ min: 0, max: 0xffff_ffff });
    case 'map':
      return fc
        .array(fc.tuple(fc.string({ maxLength: 12 }), fc.string({ maxLength: 200 })), { maxLength: 4 })
        .map((entries) => Object.assign(Object.create(null), Object.fromEntries(entries)));
    default:
      return plain(of.message!);
  }
}

/** A message as the decoder would give it back. */
function plain(of: MessageTable): fc.Arbitrary<Plain> {
  const oneofs = [...new Set(of.fields.flatMap(({ oneof }) => (oneof ? [oneof] : [])))];
  const fixed = Object.fromEntries(
    of.fields
      .filter(({ oneof }) => !oneof)
      .map((field) => [
        field.name,
        field.repeated
          ? fc.array(value(field), { maxLength: 3 })
          : field.kind === 'message'
            ? fc.option(value(field), { nil: undefined })
            : value(field),
      ]),
  );
  const chosen = oneofs.map((oneof) =>
    fc.oneof(
      ...of.fields.filter((field) => field.oneof === oneof).map((field) => fc.record({ [field.name]: value(field) })),
    ),
  );
  return fc
    .tuple(fc.record(fixed), ...chosen)
    .map(([rest, ...picked]) =>
      Object.fromEntries(Object.entries(Object.assign({}, rest, ...picked)).filter(([, each]) => each !== undefined)),
    );
}

/** As protobuf's JSON has it: numbers of 64 bits as text, bytes in base64. */
const forJson = (_: string, each: unknown): unknown => {
  if (typeof each === 'bigint') return `${each}`;
  const bytes = each as { type?: string; data?: number[] } | null;
  return bytes?.type === 'Buffer' ? Buffer.from(bytes.data!).toString('base64') : each;
};

/** bigint, Buffer and null-prototype maps in a form that can be compared. */
const comparable = (from: unknown): unknown =>
  JSON.parse(
    JSON.stringify(from, (_, each) =>
      typeof each === 'bigint'
        ? `${each}`
        : each?.type === 'Buffer' || each instanceof Uint8Array
          ? Buffer.from(each.data ?? each).toString('hex')
          : each,
    ),
  );

for (const of of [messageTable, recordTable]) {
  describe(`${of.name} against another implementation`, () => {
    const other = new protobuf.Root().add(reflect(of)).lookupType(of.name);

    it('writes what the other reads', () => {
      fc.assert(
        fc.property(plain(of), (message) => {
          const read = other.toObject(other.decode(encode(of, message)), {
            longs: String,
            defaults: true,
            bytes: Buffer as never,
          });
          const oneofNames = new Set<string>();
          const strip = (table: MessageTable, object: Plain): Plain => {
            for (const { oneof } of table.fields) if (oneof) oneofNames.add(oneof);
            return Object.fromEntries(
              table.fields.flatMap((field) => {
                const each = object[field.name];
                // The other one gives absent messages as null.
                if (each === null || each === undefined) return [];
                if (field.kind !== 'message') return [[field.name, each]];
                const inner = field.repeated
                  ? (each as Plain[]).map((item) => strip(field.message!, item))
                  : strip(field.message!, each as Plain);
                return [[field.name, inner]];
              }),
            );
          };
          expect(comparable(strip(of, read))).toEqual(comparable(message));
        }),
        { numRuns: 150 },
      );
    });

    it('reads what the other writes', () => {
      fc.assert(
        fc.property(plain(of), (message) => {
          const bytes = other.encode(other.fromObject(JSON.parse(JSON.stringify(message, forJson))));
          const written = Buffer.from(bytes.finish());
          expect(comparable(decode(of, written, limit))).toEqual(comparable(message));
        }),
        { numRuns: 150 },
      );
    });

    it('comes back as it went', () => {
      fc.assert(
        fc.property(plain(of), (message) => {
          expect(comparable(decode(of, encode(of, message), limit))).toEqual(comparable(message));
        }),
        { numRuns: 150 },
      );
    });

    it('takes anything and throws only its own error', () => {
      const mangled = fc
        .tuple(plain(of), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
        .map(([message, changes, cut]) => {
          const bytes = encode(of, message);
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          // Half of them whole, the others cut anywhere.
          return bytes.subarray(0, cut % 2 === 0 ? bytes.length : cut % (bytes.length + 1));
        });
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mangled), (bytes) => {
          try {
            decode(of, bytes, limit);
          } catch (error) {
            expect(errorCode(error)).toBe('USP_MALFORMED');
          }
        }),
        { numRuns: 1000 },
      );
    });
  });
}

const proto = join(import.meta.dirname, '../../../../shared/reference/bbf/proto');
describe.skipIf(!existsSync(proto))('the tables against the schema of the Broadband Forum (needs ../shared)', () => {
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const parsed = (file: string): protobuf.Root => {
    const { root } = protobuf.parse(readFileSync(join(proto, file), 'utf8'), { keepCase: true });
    root.resolveAll();
    return root;
  };
  function messages(of: protobuf.NamespaceBase): string[] {
    return of.nestedArray.flatMap((each) => {
      const inner = each instanceof protobuf.Namespace ? messages(each) : [];
      return each instanceof protobuf.Type ? [each.fullName, ...inner] : inner;
    });
  }
  function compare(of: MessageTable, type: protobuf.Type, seen: string[]): void {
    expect(of.name).toBe(type.name);
    seen.push(type.fullName);
    expect(of.fields.map(({ name }) => snake(name)).sort()).toEqual(Object.keys(type.fields).sort());
    for (const field of of.fields) {
      const given = type.fields[snake(field.name)]!.resolve();
      expect(given.id).toBe(field.number);
      expect(given.repeated).toBe(field.repeated ?? false);
      expect(given.partOf === null).toBe(field.oneof === undefined);
      // Members of one oneof here are members of one oneof there.
      if (field.oneof)
        expect(of.fields.filter(({ oneof }) => oneof === field.oneof).map(({ name }) => snake(name))).toEqual(
          given.partOf!.oneof,
        );
      if (field.kind === 'message') compare(field.message!, given.resolvedType as protobuf.Type, seen);
      else if (field.kind === 'map') {
        expect([given instanceof protobuf.MapField && given.keyType, given.type]).toEqual(['string', 'string']);
      } else if (field.kind === 'enum') expect(given.resolvedType).toBeInstanceOf(protobuf.Enum);
      else expect(given.type).toBe(field.kind);
    }
  }
  for (const [file, name, of] of [
    ['usp-msg-1-4.proto', 'usp.Msg', messageTable],
    ['usp-record-1-4.proto', 'usp_record.Record', recordTable],
  ] as const) {
    it(`${file}: every field, number and type`, () => {
      const root = parsed(file);
      const seen: string[] = [];
      compare(of, root.lookupType(name), seen);
      // None of the schema's messages is out of reach of the table.
      expect([...new Set(seen)].sort()).toEqual(messages(root).sort());
    });
  }
  it('every request and response has the type that the header must name', () => {
    const root = parsed('usp-msg-1-4.proto');
    const types = root.lookupEnum('usp.Header.MsgType').values;
    // The names of two types are shorter than those of their messages.
    const typeName = (member: string): string => member.replace('protocol', 'proto').toUpperCase();
    const own = (kind: 'request' | 'response', name: string): number | undefined =>
      messageTypeOf({ kind, [kind]: { [name]: {} } } as unknown as Body);
    const camel = (member: string): string => member.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const requests = Object.keys(root.lookupType('usp.Request').fields);
    const responses = Object.keys(root.lookupType('usp.Response').fields);
    for (const member of requests) expect(own('request', camel(member))).toBe(types[typeName(member)]);
    for (const member of responses) expect(own('response', camel(member))).toBe(types[typeName(member)]);
    expect(messageTypeOf({ kind: 'error', error: { errCode: 0, errMsg: '', paramErrs: [] } })).toBe(types.ERROR);
    expect(requests.length + responses.length + 1).toBe(Object.keys(types).length);
  });
});
