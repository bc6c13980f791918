import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlobTable, BlobValue } from '#platform';
import { MessageAttributes, messageAttribute } from '../../../src/platform/ubus/blob.ts';
import { decodeBlobTable, decodeSignature, encodeBlobTable } from '../../../src/platform/ubus/blobmsg.ts';
import { UbusError } from '../../../src/platform/ubus/error.ts';
import { MessageReader } from '../../../src/platform/ubus/frame.ts';

const text = fc.string({ unit: 'binary' }).map((s) => s.replaceAll('\0', ''));
const { value } = fc.letrec<{ value: BlobValue; table: BlobTable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.integer(),
    fc.double().filter((d) => !Object.is(d, -0)),
    fc
      .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
      .filter((b) => b > BigInt(Number.MAX_SAFE_INTEGER) || b < BigInt(Number.MIN_SAFE_INTEGER)),
    fc.array(tie('value'), { maxLength: 6 }),
    tie('table'),
  ),
  table: fc.dictionary(text, tie('value'), { maxKeys: 6, noNullPrototype: false }),
}));
const table = fc.dictionary(text, value, { maxKeys: 8 });

/** Runs a reader over hostile bytes: only the error that it is documented to throw may come out. */
function tolerates(run: () => void): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UbusError);
    expect((error as UbusError).code).toBe('UBUS_PARSE_ERROR');
  }
}

function readEverything(bytes: Buffer): number {
  let messages = 0;
  new MessageReader().push(bytes, ({ body }) => {
    messages++;
    const attributes = new MessageAttributes(body);
    for (const id of Object.values(messageAttribute)) {
      attributes.uint32(id);
      attributes.flag(id);
      attributes.text(id);
      const inner = attributes.bytes(id);
      if (inner === undefined) continue;
      decodeBlobTable(inner);
      decodeSignature(inner);
    }
  });
  return messages;
}

const plain = (from: BlobValue): unknown =>
  Array.isArray(from)
    ? from.map(plain)
    : from !== null && typeof from === 'object'
      ? Object.entries(from).map(([name, inner]) => [name, plain(inner)])
      : from;

describe('blobmsg', () => {
  it('comes back as it went', () => {
    fc.assert(
      fc.property(table, (sent) => {
        expect(plain(decodeBlobTable(encodeBlobTable(sent)))).toEqual(plain(sent));
      }),
      { numRuns: 500 },
    );
  });

  it('is always padded to four bytes', () => {
    fc.assert(fc.property(table, (sent) => encodeBlobTable(sent).length % 4 === 0));
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
        tolerates(() => void decodeBlobTable(Buffer.from(bytes))),
      ),
      { numRuns: 2000 },
    );
  });

  it('survives flipped bytes in a good table', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(table, flips, (sent, changes) => {
        const bytes = encodeBlobTable(sent);
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        tolerates(() => void decodeBlobTable(bytes));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('message reader', () => {
  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) =>
        tolerates(() => void readEverything(Buffer.from(bytes))),
      ),
      { numRuns: 2000 },
    );
  });

  it('reads any body behind a good header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (body) => {
        const head = Buffer.alloc(12);
        head.writeUInt32BE(body.length + 4, 8);
        tolerates(() => expect(readEverything(Buffer.concat([head, body]))).toBe(1));
      }),
      { numRuns: 2000 },
    );
  });
});
