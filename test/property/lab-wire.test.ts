import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlobTable, BlobValue } from '#platform';
import {
  Attributes,
  attribute,
  decodeTable,
  encodeMessage,
  encodeTable,
  MessageCutter,
} from '../../src/lab/router/ubusd/wire.ts';

const text = fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\0', ''));
const { table } = fc.letrec<{ value: BlobValue; table: BlobTable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n)),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).filter((n) => !Number.isSafeInteger(Number(n))),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('table'),
  ),
  table: fc.dictionary(text, tie('value'), { maxKeys: 5 }),
}));

describe("the codec of the lab's ubusd", () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(table, (value) => {
        expect(decodeTable(encodeTable(value))).toEqual(value);
      }),
    );
  });

  it('cuts a stream the same way however it arrives', () => {
    const message = fc.record({ type: fc.nat(255), seq: fc.nat(0xffff), peer: fc.nat(0xffffffff), value: table });
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 30 }),
        (messages, step) => {
          const stream = Buffer.concat(messages.map((m) => encodeMessage(m.type, m.seq, m.peer, encodeTable(m.value))));
          const cutter = new MessageCutter();
          const seen = [];
          for (let at = 0; at < stream.length; at += step)
            seen.push(...(cutter.push(stream.subarray(at, at + step)) ?? []));
          expect(seen.map((m) => [m.type, m.seq, m.peer, decodeTable(m.body)])).toEqual(
            messages.map((m) => [m.type, m.seq, m.peer, m.value]),
          );
        },
      ),
    );
  });

  it('takes any bytes for what they are: attributes, a table, or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.option(table), fc.nat(200), (noise, value, at) => {
        // Noise alone, or a true table with a piece of noise in it.
        const bytes = value === null ? Buffer.from(noise) : encodeTable(value);
        if (value !== null) bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        const decoded = decodeTable(bytes);
        if (decoded !== undefined) expect(decodeTable(encodeTable(decoded))).toBeDefined();
        const found = new Attributes(bytes);
        for (const id of Object.values(attribute)) {
          expect(['undefined', 'number']).toContain(typeof found.int32(id));
          expect(['undefined', 'string']).toContain(typeof found.text(id));
        }
        expect(new MessageCutter().push(bytes)?.length ?? 0).toBeLessThanOrEqual(bytes.length / 12);
      }),
      { numRuns: 1000 },
    );
  });
});
