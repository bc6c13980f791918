import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Secret } from '#base';
import { LifetimeSearch } from '../../../src/cwmp/stun/lifetime-search.ts';
import { decodeStun, encodeBindingRequest, errorCodeOf, mappedAddress } from '../../../src/cwmp/stun/message.ts';
import { isSignedWith, readUdpConnectionRequest } from '../../../src/cwmp/stun/udp-connection-request.ts';
import { readAttributes } from '../../support/nat.ts';

const attributes = fc.array(
  fc.record({ type: fc.integer({ min: 0, max: 0xffff }), value: fc.uint8Array({ maxLength: 40 }) }),
  { maxLength: 8 },
);
const id = fc.uint8Array({ minLength: 16, maxLength: 16 });

it('whatever is written is read again', () => {
  fc.assert(
    fc.property(id, attributes, fc.constantFrom(0x0101, 0x0111), (transaction, given, type) => {
      const bytes = encodeBindingRequest(transaction, given);
      bytes.writeUInt16BE(type, 0);
      const message = decodeStun(bytes)!;
      expect(message.kind).toBe(type === 0x0101 ? 'response' : 'error');
      expect([...message.transactionId]).toEqual([...transaction]);
      expect(message.attributes.map((one) => [one.type, [...one.value]])).toEqual(
        given.map((one) => [one.type, [...one.value]]),
      );
    }),
  );
});

it('no datagram breaks the reader', () => {
  const header = fc.tuple(fc.constantFrom(0x0101, 0x0111, 0x0001), fc.option(fc.nat(64), { nil: undefined }), id);
  const datagram = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(header, fc.uint8Array({ maxLength: 64 })).map(([[type, length, transaction], body]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16BE(type, 0);
      head.writeUInt16BE(length ?? body.length, 2);
      return Buffer.concat([head, transaction, body]);
    }),
  );
  fc.assert(
    fc.property(datagram, (bytes) => {
      const message = decodeStun(bytes);
      if (!message) return;
      const mapped = mappedAddress(message);
      if (mapped)
        expect(URL.canParse(`http://${mapped.address.includes(':') ? `[${mapped.address}]` : mapped.address}/`)).toBe(
          true,
        );
      const code = errorCodeOf(message);
      if (code !== undefined) expect(code).toBeGreaterThanOrEqual(300);
    }),
    { numRuns: 2000 },
  );
});

it('a changed byte of a response never gives another address silently longer than it was', () => {
  fc.assert(
    fc.property(id, attributes, fc.nat(), fc.integer({ min: 1, max: 255 }), (transaction, given, at, flip) => {
      const bytes = encodeBindingRequest(transaction, given);
      bytes.writeUInt16BE(0x0101, 0);
      bytes[at % bytes.length]! ^= flip;
      const message = decodeStun(bytes);
      const read = message?.attributes.reduce((sum, { value }) => sum + 4 + value.length, 20) ?? 0;
      expect(read).toBeLessThanOrEqual(bytes.length);
    }),
  );
});

it('attributes stand where RFC 5389 15 has them', () => {
  fc.assert(
    fc.property(id, attributes, (transaction, given) => {
      const seen = readAttributes(encodeBindingRequest(transaction, given));
      for (const type of new Set(given.map((one) => one.type))) {
        expect([...seen.get(type)!]).toEqual([...given.findLast((one) => one.type === type)!.value]);
      }
    }),
  );
});

it('no text breaks the reader of connection requests, and none is signed by accident', () => {
  const password = new Secret('right');
  const piece = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      'GET ',
      'http://h:1?',
      '?',
      '&',
      'ts=1',
      'id=2',
      'un=acs',
      'cn=3',
      `sig=${'0'.repeat(40)}`,
      ' HTTP/1.1',
      '\r\n',
    ),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
      const request = readUdpConnectionRequest(Buffer.from(pieces.join('')));
      if (request) expect(isSignedWith(request, 'acs', password)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

it('a request that is signed is taken, and no other user name or password makes it', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 16 });
  fc.assert(
    fc.property(
      word,
      word,
      fc.nat(),
      fc.stringMatching(/^[\w-]{1,16}$/),
      word,
      (user, password, ts, requestId, other) => {
        const sig = createHmac('sha1', password).update(`${ts}${requestId}${user}nonce`).digest('hex');
        const query = `ts=${ts}&id=${requestId}&un=${encodeURIComponent(user)}&cn=nonce&sig=${sig}`;
        const request = readUdpConnectionRequest(Buffer.from(`GET http://h:1?${query} HTTP/1.1\r\n\r\n`))!;
        expect(isSignedWith(request, user, new Secret(password))).toBe(true);
        if (other !== user) expect(isSignedWith(request, other, new Secret(password))).toBe(false);
        // HMAC pads a key with zeros: 'a' and 'a\0' are the same key.
        if (other.replace(/\0+$/, '') !== password.replace(/\0+$/, '')) {
          expect(isSignedWith(request, user, new Secret(other))).toBe(false);
        }
      },
    ),
  );
});

it('the search always ends, between its limits and below the lifetime', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7200 }),
      fc.option(fc.integer({ min: 1, max: 7200 }), { nil: undefined }),
      fc.integer({ min: 1, max: 10_000 }),
      (minimum, maximum, lifetime) => {
        const search = new LifetimeSearch(minimum, maximum);
        let tries = 0;
        for (let next = search.candidate; next !== undefined; next = search.candidate) {
          expect(++tries).toBeLessThan(40);
          expect(next).toBeGreaterThan(minimum);
          expect(next).toBeLessThanOrEqual(Math.max(minimum, maximum ?? 3600));
          if (next < lifetime) search.survived(next);
          else search.lost(next);
        }
        expect(search.keepAliveSeconds).toBeGreaterThanOrEqual(minimum);
        if (lifetime > minimum) expect(search.keepAliveSeconds).toBeLessThan(lifetime);
      },
    ),
  );
});
