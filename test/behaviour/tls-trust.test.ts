import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { createPki, type Issued } from '#lab';
import { type HttpTls, openHttp } from '#platform';

// How the ACS's certificate is judged: pins beside everything else, and dates alone waived while there is no clock.
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const ip = ['127.0.0.1'];
const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2020-02-01T00:00:00Z') };
const future = { notBefore: new Date('2090-01-01T00:00:00Z'), notAfter: new Date('2091-01-01T00:00:00Z') };
const pki = createPki('Own');
const foreign = createPki('Foreign');
const pinOf = (pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');

/** @returns 'ok', or why not; and how many requests the server has seen */
async function ask(server: Issued, tls: HttpTls, host = '127.0.0.1'): Promise<string> {
  let requests = 0;
  const listening = createServer({ cert: server.certPem, key: server.keyPem }, (_request, response) => {
    requests++;
    response.end('ok');
  });
  servers.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, host, resolve));
  const url = new URL(
    `https://${host.includes(':') ? `[${host}]` : host}:${(listening.address() as AddressInfo).port}/`,
  );
  using http = openHttp({ tls });
  try {
    const body = 'secret';
    const first = (await http.send(url, { method: 'POST', headers: { connection: 'close' }, body })).body;
    return first === (await http.send(url, { method: 'POST', headers: {}, body })).body ? first : 'differs';
  } catch (error) {
    expect(requests).toBe(0);
    return errorCode(error) ?? String(error);
  }
}

const good = pki.issue({ commonName: 'acs', ip, usage: 'server' });

describe('pins', () => {
  it.each([
    ['the key of the server', [pinOf(good.certPem)], 'ok'],
    ['the key of its authority, and another', ['x'.repeat(44), pinOf(pki.caPem)], 'ok'],
    ['another key only', [pinOf(foreign.caPem)], 'HTTP_TLS'],
    ['nothing that is a pin', ['sha256'], 'HTTP_TLS'],
  ])('%s', async (_, pins, outcome) => {
    expect(await ask(good, { ca: pki.caPem, pins })).toBe(outcome);
  });

  it('do not stand for the authority, the name or the dates', async () => {
    const strange = foreign.issue({ commonName: 'acs', ip, usage: 'server' });
    const other = pki.issue({ commonName: 'acs', ip: ['192.0.2.1'], usage: 'server' });
    const expired = pki.issue({ commonName: 'acs', ip, usage: 'server', ...past });
    for (const server of [strange, other, expired]) {
      expect(await ask(server, { ca: pki.caPem, pins: [pinOf(server.certPem)] })).toBe('HTTP_TLS');
    }
  });
});

describe('without a clock', () => {
  // One wrong thing beside the date must not hide behind it: Node tells only one.
  const judged: readonly (readonly [string, () => Issued, string])[] = [
    ['valid', () => good, 'ok'],
    ['expired', () => pki.issue({ commonName: 'acs', ip, usage: 'server', ...past }), 'ok'],
    ['not yet valid', () => pki.issue({ commonName: 'acs', ip, usage: 'server', ...future }), 'ok'],
    ['of a foreign authority', () => foreign.issue({ commonName: 'acs', ip, usage: 'server' }), 'HTTP_TLS'],
    ['foreign and expired', () => foreign.issue({ commonName: 'acs', ip, usage: 'server', ...past }), 'HTTP_TLS'],
    ['of another host', () => pki.issue({ commonName: 'acs', ip: ['192.0.2.1'], usage: 'server' }), 'HTTP_TLS'],
    [
      'of another host and expired',
      () => pki.issue({ commonName: 'acs', ip: ['192.0.2.1'], usage: 'server', ...past }),
      'HTTP_TLS',
    ],
    ['of a client and expired', () => pki.issue({ commonName: 'acs', ip, usage: 'client', ...past }), 'HTTP_TLS'],
    [
      'of an authority of the same name',
      () => createPki('Own').issue({ commonName: 'acs', ip, usage: 'server' }),
      'HTTP_TLS',
    ],
  ];

  it.each(judged)('a certificate that is %s', async (_, issue, outcome) => {
    expect(await ask(issue(), { ca: pki.caPem, withoutDates: () => true })).toBe(outcome);
  });

  it('knows an IPv6 address of the ACS in its certificate', async () => {
    const here = pki.issue({ commonName: 'acs', ip: ['::1'], usage: 'server', ...past });
    const elsewhere = pki.issue({ commonName: 'acs', ip: ['::2'], usage: 'server', ...past });
    const withoutDates = (): boolean => true;
    expect(await ask(here, { ca: pki.caPem, withoutDates }, '::1')).toBe('ok');
    expect(await ask(elsewhere, { ca: pki.caPem, withoutDates }, '::1')).toBe('HTTP_TLS');
  });

  it('judges dates again as soon as there is one, and always without anchors of our own', async () => {
    const expired = pki.issue({ commonName: 'acs', ip, usage: 'server', ...past });
    expect(await ask(expired, { ca: pki.caPem, withoutDates: () => false })).toBe('HTTP_TLS');
    expect(await ask(expired, { withoutDates: () => true })).toBe('HTTP_TLS');
  });

  it('keeps to pins', async () => {
    const expired = pki.issue({ commonName: 'acs', ip, usage: 'server', ...past });
    const withoutDates = (): boolean => true;
    expect(await ask(expired, { ca: pki.caPem, withoutDates, pins: [pinOf(expired.certPem)] })).toBe('ok');
    expect(await ask(expired, { ca: pki.caPem, withoutDates, pins: [pinOf(foreign.caPem)] })).toBe('HTTP_TLS');
  });
});
