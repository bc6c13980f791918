import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packetsWithin } from '../../../src/platform/net/mqtt-packet-limit.ts';

function packet(bodyBytes: number): Buffer {
  const header = [0x30];
  for (let left = bodyBytes; ; left >>>= 7) {
    header.push(left >= 128 ? (left & 0x7f) | 0x80 : left);
    if (left < 128) break;
  }
  return Buffer.concat([Buffer.from(header), Buffer.alloc(bodyBytes, 0xff)]);
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const bodies = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(127, 128, 16_383, 16_384)), {
  minLength: 1,
  maxLength: 6,
});
const sizes = fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 5 });

describe('the limit of MQTT packets', () => {
  it('takes packets up to it and none above, however they are cut', () => {
    fc.assert(
      fc.property(bodies, sizes, (lengths, cuts) => {
        const packets = lengths.map(packet);
        const largest = Math.max(...packets.map(({ length }) => length));
        const pieces = cut(Buffer.concat(packets), cuts);
        const exact = packetsWithin(largest);
        expect(pieces.map(exact).every(Boolean)).toBe(true);
        const less = packetsWithin(largest - 1);
        expect(pieces.map(less).at(-1)).toBe(false);
      }),
    );
  });

  it('says no as soon as the length is known, and stays with it', () => {
    const within = packetsWithin(1 << 20);
    // 200 MiB are announced.
    expect(within(Buffer.from([0x30, 0x80, 0x80, 0x80]))).toBe(true);
    expect(within(Buffer.from([0x64]))).toBe(false);
    expect(within(Buffer.from([0xd0, 0]))).toBe(false);
  });

  it('refuses a length of more than four bytes', () => {
    const within = packetsWithin(Number.MAX_SAFE_INTEGER);
    expect(within(Buffer.from([0x30, 0xff, 0xff, 0xff]))).toBe(true);
    expect(within(Buffer.from([0x80]))).toBe(false);
  });

  it('reads any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), sizes, (bytes, cuts) => {
        const whole = packetsWithin(1000)(bytes);
        const within = packetsWithin(1000);
        const pieces = cut(Buffer.from(bytes), cuts).map(within);
        expect(pieces.at(-1) ?? true).toBe(whole);
      }),
    );
  });
});
