import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Files } from '#platform';
import { readLeases } from '../../../src/services/discovery/leases.ts';
import { acsOf, gatewayOf } from '../../../src/services/discovery/vendor-options.ts';
import { opt17, opt43, opt125 } from '../../support/dhcp-options.ts';

const bytes = fc.uint8Array({ maxLength: 300 });
const codes = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 60 })), { maxLength: 6 });
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex');
/** Valid ones among them, and valid ones with a byte that is another. */
const option = fc.oneof(
  fc.string({ maxLength: 80 }),
  bytes.map(hex),
  codes.map(opt43),
  codes.map((given) => opt125(given)),
  codes.map((given) => opt17(given)),
  fc.tuple(fc.webUrl({ validSchemes: ['https', 'http', 'ftp'] }), fc.nat(), fc.nat(255)).map(([url, at, byte]) => {
    const whole = Buffer.from(
      opt125([
        [11, url.slice(0, 200)],
        [4, '00D09E'],
        [5, url.slice(0, 20)],
      ]),
      'hex',
    );
    whole[at % whole.length] = byte;
    return whole.toString('hex');
  }),
);

it('whatever a server sends: nothing throws, and what counts is within its bounds', () => {
  fc.assert(
    fc.property(option, option, option, fc.boolean(), (plain, identified, six, allowPlain) => {
      const options = { opt43: plain, opt125: identified, opt17: six };
      const acs = acsOf(options, allowPlain);
      if (acs) {
        const url = new URL(acs.url);
        expect(allowPlain ? ['https:', 'http:'] : ['https:']).toContain(url.protocol);
        expect(url.username + url.password).toBe('');
        expect(acs.url).toMatch(/^[!-~]{1,256}$/);
        expect(acs.provisioningCode ?? '').toMatch(/^[^\u0000-\u001f]{0,64}$/);
        if (acs.retryMinimumWait !== undefined) expect(Number(acs.retryMinimumWait)).toBeGreaterThan(0);
        if (acs.retryMultiplier !== undefined) expect(Number(acs.retryMultiplier)).toBeGreaterThanOrEqual(1000);
      }
      const gateway = gatewayOf(options);
      if (gateway) {
        expect(gateway.oui).toMatch(/^[0-9A-F]{6}$/);
        expect(gateway.serialNumber).toMatch(/^[^\u0000-\u001f]{1,64}$/);
        expect(gateway.productClass).toMatch(/^[^\u0000-\u001f]{0,64}$/);
      }
    }),
    { numRuns: 2000 },
  );
});

it('a URL that is sent is the one that is read, in each of the encodings', () => {
  fc.assert(
    fc.property(fc.webUrl({ validSchemes: ['https'] }), (url) => {
      fc.pre(url.length <= 240 && /^[!-~]+$/.test(url));
      const none = { opt43: '', opt125: '', opt17: '' };
      for (const options of [
        { opt43: opt43([[1, url]]) },
        { opt43: Buffer.from(url).toString('hex') },
        { opt125: opt125([[11, url]]) },
        { opt17: opt17([[1, url]]) },
      ]) {
        expect(acsOf({ ...none, ...options }, false)).toEqual({ url });
      }
    }),
  );
});

it('an option of more than 2,048 bytes is not read', () => {
  const none = { opt43: '', opt125: '', opt17: '' };
  const filled = (count: number) =>
    opt17([
      [1, 'https://acs.example/'],
      [99, 'x'.repeat(count)],
    ]);
  expect(acsOf({ ...none, opt17: filled(2000) }, false)).toBeDefined();
  expect(acsOf({ ...none, opt17: filled(2048) }, false)).toBeUndefined();
});

it('a file of a lease says what its lines say, whatever else is in it', () => {
  const files = (text: string, name: string): Files => ({
    list: () => [name],
    readText: (_, limitBytes) => text.slice(0, limitBytes),
    exists: () => true,
  });
  fc.assert(
    fc.property(fc.string({ maxLength: 400, unit: 'binary' }), fc.string({ maxLength: 40 }), (text, name) => {
      const leases = readLeases(files(`${text}\nopt43 0102\n`, name));
      expect(leases.length).toBe(/^[\w-][\w.-]{0,31}$/.test(name) ? 1 : 0);
      for (const lease of leases) {
        if (!/^opt43 /m.test(text)) expect(lease.opt43).toBe('0102');
        acsOf(lease, true);
        gatewayOf(lease);
      }
    }),
    { numRuns: 1000 },
  );
});
