import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import { expect, it } from 'vitest';
import { errorCode } from '#base';
import { createPki } from '#lab';

it('issues certificates that verify, for the names they were asked for', () => {
  const pki = createPki('Lab CA');
  const authority = new X509Certificate(pki.caPem);
  const issued = pki.issue({
    commonName: 'acs',
    dns: ['acs.example'],
    ip: ['127.0.0.1', '2001:db8::1'],
    uri: ['urn:x:y'],
    usage: 'server',
  });
  const certificate = new X509Certificate(issued.certPem);
  expect(authority.ca).toBe(true);
  expect(certificate.ca).toBe(false);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.checkHost('acs.example')).toBe('acs.example');
  expect(certificate.checkHost('other.example')).toBeUndefined();
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkIP('2001:db8::1')).toBe('2001:db8::1');
  expect(certificate.subjectAltName).toContain('URI:urn:x:y');
  expect(certificate.verify(new X509Certificate(createPki('Lab CA').caPem).publicKey)).toBe(false);
});

it('serves mutual TLS; another authority, an expired certificate and no client certificate are refused', async () => {
  const pki = createPki('Lab CA');
  const server = pki.issue({ commonName: 'server', ip: ['127.0.0.1'], usage: 'server' });
  const expired = pki.issue({
    commonName: 'server',
    ip: ['127.0.0.1'],
    usage: 'server',
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2020-02-01'),
  });
  const client = pki.issue({ commonName: 'cpe', usage: 'client' });
  async function attempt(identity: typeof server, options: object): Promise<string> {
    const listening = createServer(
      { cert: identity.certPem, key: identity.keyPem, ca: pki.caPem, requestCert: true },
      (socket) => socket.end(String(socket.getPeerCertificate().subject.CN)),
    );
    listening.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    try {
      return await new Promise<string>((resolve, reject) => {
        let text = '';
        const socket = connect({ port: (listening.address() as AddressInfo).port, host: '127.0.0.1', ...options });
        socket.on('data', (piece) => {
          text += piece;
        });
        socket.on('error', reject);
        socket.on('close', () => resolve(text));
      });
    } catch (error) {
      return errorCode(error) ?? '';
    } finally {
      listening.close();
    }
  }
  const known = { ca: pki.caPem, cert: client.certPem, key: client.keyPem };
  expect(await attempt(server, known)).toBe('cpe');
  expect(await attempt(server, { ...known, ca: createPki('Lab CA').caPem })).toMatch(/SIGNATURE|SELF_SIGNED|ISSUER/);
  expect(await attempt(expired, known)).toBe('CERT_HAS_EXPIRED');
  expect(await attempt(server, { ca: pki.caPem })).not.toBe('cpe');
});
