import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, it } from 'vitest';
import { errorCode } from '#base';
import { createPki, type Issued, type Pki } from '#lab';

const ip = ['127.0.0.1'];
const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2020-02-01T00:00:00Z') };

/** What each side makes of the other in a handshake that asks for a client certificate. */
async function handshake(trusted: Pki, server: Issued, client?: Issued): Promise<{ server: string; client: string }> {
  const listening = createServer({
    cert: server.certPem,
    key: server.keyPem,
    ca: trusted.caPem,
    requestCert: true,
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  const seen = new Promise<string>((resolve) => {
    listening.once('tlsClientError', (error) => resolve(errorCode(error) ?? error.message));
    listening.once('secureConnection', (socket) => {
      socket.on('error', () => {});
      resolve(`hello ${socket.getPeerCertificate().subject.CN}`);
      socket.end();
    });
  });
  const identity = client && { cert: client.certPem, key: client.keyPem };
  const socket = connect({ host: '127.0.0.1', port, ca: trusted.caPem, ...identity });
  const told = new Promise<string>((resolve) => {
    socket.once('secureConnect', () => resolve(`hello ${socket.getPeerCertificate().subject.CN}`));
    socket.on('error', (error) => resolve(errorCode(error) ?? error.message));
  });
  try {
    return { server: await seen, client: await told };
  } finally {
    socket.destroy();
    listening.close();
  }
}

it('lets two of its own in, each for what it was issued for', async () => {
  const pki = createPki('Lab');
  const server = pki.issue({ commonName: 'acs', ip, usage: 'server' });
  const client = pki.issue({ commonName: 'cpe', usage: 'client' });
  const both = pki.issue({ commonName: 'either', ip, usage: 'both' });
  expect(await handshake(pki, server, client)).toEqual({ server: 'hello cpe', client: 'hello acs' });
  expect(await handshake(pki, both, both)).toEqual({ server: 'hello either', client: 'hello either' });
  expect((await handshake(pki, client, client)).client).toBe('INVALID_PURPOSE');
  expect((await handshake(pki, server, server)).server).not.toContain('hello');
});

it('does not let in a client that is foreign, expired, early or without a certificate', async () => {
  const pki = createPki('Lab');
  const server = pki.issue({ commonName: 'acs', ip, usage: 'server' });
  const outsiders = [
    createPki('Lab').issue({ commonName: 'cpe', usage: 'client' }),
    pki.issue({ commonName: 'cpe', usage: 'client', ...past }),
    pki.issue({ commonName: 'cpe', usage: 'client', notBefore: new Date(Date.now() + 86_400_000) }),
    undefined,
  ];
  for (const outsider of outsiders) expect((await handshake(pki, server, outsider)).server).not.toContain('hello');
});

it('does not let in a server that is foreign, expired or of another name', async () => {
  const pki = createPki('Lab');
  const client = pki.issue({ commonName: 'cpe', usage: 'client' });
  const told = async (server: Issued): Promise<string> => (await handshake(pki, server, client)).client;
  expect(await told(createPki('Other').issue({ commonName: 'acs', ip, usage: 'server' }))).toMatch(/VERIFY|ISSUER/);
  expect(await told(pki.issue({ commonName: 'acs', ip, usage: 'server', ...past }))).toBe('CERT_HAS_EXPIRED');
  expect(await told(pki.issue({ commonName: 'acs', dns: ['acs.example'], usage: 'server' }))).toBe(
    'ERR_TLS_CERT_ALTNAME_INVALID',
  );
});

it('counts validity from the now that it was made with, past 2049 too', () => {
  const pki = createPki('Lab', new Date('2045-06-01T12:00:00Z'));
  const authority = new X509Certificate(pki.caPem);
  const issued = new X509Certificate(pki.issue({ commonName: 'cpe', usage: 'client' }).certPem);
  for (const { validFrom, validTo } of [authority, issued]) {
    expect(new Date(validFrom).toISOString()).toBe('2045-06-01T11:00:00.000Z');
    expect(new Date(validTo).toISOString()).toBe('2055-05-30T12:00:00.000Z');
  }
});

it('reads as it was written: usages, serial numbers, the authority', () => {
  const pki = createPki('Lab');
  const [one, other] = (['server', 'client'] as const).map(
    (usage) => new X509Certificate(pki.issue({ commonName: 'x', usage }).certPem),
  ) as [X509Certificate, X509Certificate];
  expect(one.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(other.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(one.issuer).toBe('CN=Lab');
  expect(one.subject).toBe('CN=x');
  expect(one.serialNumber).not.toBe(other.serialNumber);
  expect(one.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' });
});

it('knows what an IP address is', () => {
  const pki = createPki('Lab');
  const addresses = ['10.0.0.1', '::1', '::', 'fe80::1:2', '2001:db8:1:2:3:4:5:6'];
  const certificate = new X509Certificate(pki.issue({ commonName: 'x', ip: addresses, usage: 'server' }).certPem);
  for (const address of addresses) expect(certificate.checkIP(address)).toBe(address);
  expect(certificate.checkIP('10.0.0.2')).toBeUndefined();
  for (const wrong of ['acs.example', '', '10.0.0', '10.0.0.256', '1:2:3', '::ffff:10.0.0.1', 'fe80::1%lo']) {
    expect(() => pki.issue({ commonName: 'x', ip: [wrong], usage: 'server' })).toThrow(/is no IP address/);
  }
});
