import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { UdsReader, writeUdsFrame } from '../../../src/usp/exchange/uds-frame.ts';

const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
};
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const field = fc.record({ type: fc.integer({ min: 0, max: 255 }), value: fc.uint8Array({ maxLength: 100 }) });
const body = (fields: readonly { type: number; value: Uint8Array }[]): Buffer =>
  Buffer.concat(fields.map(({ type, value }) => writeUdsFrame(type, value).subarray(8)));
const frame = (fields: readonly { type: number; value: Uint8Array }[]): Buffer => {
  const content = body(fields);
  const head = Buffer.from('_USP\0\0\0\0');
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
};
const outcome = (bytes: Buffer, cuts: readonly number[], limit?: number): unknown => {
  const reader = new UdsReader(limit);
  try {
    return cut(bytes, cuts)
      .flatMap((piece) => reader.push(piece))
      .map(({ type, value }) => [type, Buffer.from(value).toString('hex')]);
  } catch (error) {
    return errorCode(error);
  }
};

describe('frames of the UNIX domain socket binding', () => {
  it('are as the specification draws them', () => {
    expect(writeUdsFrame(1, 'os::1-2').toString('latin1')).toBe('_USP\0\0\0\x0c\x01\0\0\0\x07os::1-2');
  });

  it('come back as they were written, however they are cut, one field or several', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(field, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        sizes,
        (frames, cuts) => {
          const expected = frames.flat().map(({ type, value }) => [type, Buffer.from(value).toString('hex')]);
          expect(outcome(Buffer.concat(frames.map(frame)), cuts)).toEqual(expected);
        },
      ),
    );
  });

  it('that are bent are refused by the code, the same however they are cut, or wait for more', () => {
    fc.assert(
      fc.property(
        fc.array(field, { minLength: 1, maxLength: 3 }),
        fc.nat(200),
        fc.integer({ min: 0, max: 255 }),
        sizes,
        (fields, at, byte, cuts) => {
          const bytes = frame(fields);
          bytes[at % bytes.length] = byte;
          const whole = outcome(bytes, [bytes.length], 1000);
          const pieces = outcome(bytes, cuts, 1000);
          // A frame that is cut off later may have been taken before the one behind it is seen to be none.
          if (typeof whole === 'string') expect(whole).toBe('USP_UDS_FRAME');
          expect(typeof pieces).toBe(typeof whole);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['other bytes', '_UXP\0\0\0\x05\x01\0\0\0\0'],
    ['the first byte', 'x'],
    ['no field', '_USP\0\0\0\0'],
    ['half a field', '_USP\0\0\0\x06\x01\0\0\0\0\x01'],
    ['a field longer than the frame', '_USP\0\0\0\x05\x01\0\0\0\x01'],
    ['more than the limit', '_USP\0\0\x10\0'],
  ])('with %s are refused', (_, text) => {
    expect(outcome(Buffer.from(text, 'latin1'), [100], 4000)).toBe('USP_UDS_FRAME');
  });
});
