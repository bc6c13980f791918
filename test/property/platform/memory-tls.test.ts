import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createPki } from '#lab';
import { openMemoryTls } from '#platform';

const pki = createPki('Operator');
const { certPem: cert, keyPem } = pki.issue({ commonName: 'endpoint', usage: 'both' });
const tls = { cert, key: new Secret(keyPem), ca: pki.caPem };
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('TLS without a stream', () => {
  // Whole records of any type, and plain garbage.
  const record = fc
    .tuple(fc.constantFrom(20, 21, 22, 23, 24, 255), fc.uint8Array({ maxLength: 80 }))
    .map(([type, body]) => Buffer.concat([Buffer.from([type, 3, 3, 0, body.length]), body]));
  const piece = fc.oneof(record, fc.uint8Array({ maxLength: 60 }));

  it('fails once or waits, whatever comes, and gives no message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('client', 'server'), fc.array(piece, { maxLength: 8 }), async (role, pieces) => {
        const failures: string[] = [];
        const messages: Buffer[] = [];
        let secure = 0;
        const tunnel = openMemoryTls(role as 'client' | 'server', tls, {
          records: () => {},
          message: (message) => void messages.push(message),
          secure: () => void secure++,
          failed: (reason) => void failures.push(reason),
        });
        tunnel.send(Buffer.from('secret'));
        for (const one of pieces) {
          tunnel.feed(one);
          await turns(1);
        }
        await turns(3);
        expect(messages).toEqual([]);
        expect(secure).toBe(0);
        expect(failures.length).toBeLessThanOrEqual(1);
        tunnel[Symbol.dispose]();
      }),
      { numRuns: 60 },
    );
  });

  it('fails where the certificate or the key can not be used', async () => {
    for (const role of ['client', 'server'] as const) {
      const failures: string[] = [];
      const bad = { ...tls, key: new Secret('no key') };
      openMemoryTls(role, bad, {
        records: () => {},
        message: () => {},
        secure: () => {},
        failed: (reason) => void failures.push(reason),
      });
      await turns(5);
      expect(failures).toHaveLength(1);
      expect(failures[0]).not.toContain('no key');
    }
  });
});
