import { createHash, X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, systemClock } from '#base';
import { createPki, type Issued } from '#lab';
import { type HttpTls, openHttp, openMqtt, openStomp, openStream, openWebSocket, revocationLists } from '#platform';

// Every transport judges a peer in one way: pins, dates without a clock, revocation, a certificate that is known.
// Whoever does not pass gets not a byte.
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const ip = ['127.0.0.1'];
const past = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2020-02-01T00:00:00Z') };
const pki = createPki('Own');
const foreign = createPki('Foreign');
const good = pki.issue({ commonName: 'peer', ip, usage: 'server' });
const expired = pki.issue({ commonName: 'peer', ip, usage: 'server', ...past });
const strange = foreign.issue({ commonName: 'peer', dns: ['other.example'], usage: 'server' });
const pinOf = (pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');

const nobody = { message: () => {}, closed: () => {} };
const transports: Readonly<Record<string, (port: number, tls: HttpTls) => Promise<unknown>>> = {
  WebSocket: (port, tls) =>
    openWebSocket({ url: new URL(`wss://127.0.0.1:${port}/`), protocol: 'v1.usp', tls, clock: systemClock }, nobody),
  MQTT: (port, tls) => mqtt('tls', port, tls),
  'MQTT over WebSocket': (port, tls) => mqtt('wss', port, tls),
  STOMP: (port, tls) => openStomp({ host: '127.0.0.1', port, tls, clock: systemClock }, nobody),
  'XMPP, after STARTTLS': async (port, tls) => {
    using link = await openStream({ host: '127.0.0.1', port, tls }, { data: () => {}, closed: () => {} });
    await link.startTls('127.0.0.1');
    link.write('<stream>');
    await new Promise((resolve) => setImmediate(resolve));
  },
  HTTP: async (port, tls) => {
    using http = openHttp({ tls });
    await http.send(new URL(`https://127.0.0.1:${port}/`), { method: 'POST', headers: {}, body: 'secret' });
  },
};
const mqtt = (transport: 'tls' | 'wss', port: number, tls: HttpTls) =>
  openMqtt(
    { host: '127.0.0.1', port, transport, version: 5, clientId: 'c', keepAliveSeconds: 60, cleanStart: true, tls },
    nobody,
  );

/** @returns 'heard' when the server has heard something of what goes over TLS; why not */
async function meet(server: Issued, tls: HttpTls, open: (port: number, tls: HttpTls) => Promise<unknown>) {
  let hear: (what: string) => void = () => {};
  let bytes = 0;
  const heard = new Promise<string>((resolve) => {
    hear = resolve;
  });
  const listening = createServer({ cert: server.certPem, key: server.keyPem }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      bytes += piece.length;
      hear('heard');
      socket.destroy();
    });
  });
  servers.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const tried = open((listening.address() as AddressInfo).port, tls).then(
    () => heard,
    (error) => (/_TLS$/.test(errorCode(error) ?? '') ? 'TLS' : errorCode(error)),
  );
  const outcome = await Promise.race([tried, heard]);
  if (outcome === 'TLS') expect(bytes).toBe(0);
  return outcome;
}

describe.each(Object.keys(transports))('%s', (name) => {
  const open = transports[name]!;
  const ca = pki.caPem;
  it('keeps to pins, beside everything else', async () => {
    expect(await meet(good, { ca, pins: [pinOf(ca)] }, open)).toBe('heard');
    expect(await meet(good, { ca, pins: [pinOf(foreign.caPem)] }, open)).toBe('TLS');
    expect(await meet(strange, { ca, pins: [pinOf(strange.certPem)] }, open)).toBe('TLS');
  });

  it('judges no dates while there is no clock, and all the rest', async () => {
    const withoutDates = (): boolean => true;
    expect(await meet(expired, { ca }, open)).toBe('TLS');
    expect(await meet(expired, { ca, withoutDates }, open)).toBe('heard');
    expect(await meet(expired, { ca, withoutDates, pins: [pinOf(foreign.caPem)] }, open)).toBe('TLS');
    expect(await meet(strange, { ca, withoutDates }, open)).toBe('TLS');
  });

  it('turns down what its authority has revoked', async () => {
    const crl = (text: string) => ({ ca, crl: revocationLists(text) });
    expect(await meet(good, crl(pki.revoke([expired.certPem])), open)).toBe('heard');
    expect(await meet(good, crl(foreign.revoke([]) + pki.revoke([])), open)).toBe('heard');
    expect(await meet(good, crl(pki.revoke([expired.certPem, good.certPem])), open)).toBe('TLS');
  });
});

describe('a certificate that is known', () => {
  const open = transports.WebSocket!;
  const ca = pki.caPem;
  it('is taken whoever issued it, whatever host it names, and shown before it is judged', async () => {
    const shown: Uint8Array[] = [];
    const raw = new X509Certificate(strange.certPem).raw;
    expect(await meet(strange, { ca, shown: (one) => void shown.push(one) }, open)).toBe('TLS');
    expect(shown).toEqual([raw]);
    expect(await meet(strange, { ca, known: strange.certPem }, open)).toBe('heard');
    expect(await meet(strange, { ca, known: strange.certPem, pins: [pinOf(good.certPem)] }, open)).toBe('TLS');
  });

  it('says nothing of others', async () => {
    const another = foreign.issue({ commonName: 'peer', ip, usage: 'server' });
    expect(await meet(another, { ca, known: strange.certPem }, open)).toBe('TLS');
    expect(await meet(good, { ca, known: strange.certPem }, open)).toBe('heard');
  });
});

describe('revocation lists', () => {
  const open = transports.STOMP!;
  const ca = pki.caPem;
  it.each([
    ['too old', () => pki.revoke([], new Date(Date.now() - 1000))],
    ['of another authority', () => foreign.revoke([])],
    ["another authority's under the name", () => createPki('Own').revoke([])],
    ['no list', () => 'nonsense'],
    ['empty', () => ''],
  ])('that are %s let nobody in', async (_, text) => {
    expect(await meet(good, { ca, crl: revocationLists(text()) }, open)).toMatch(/^(TLS|STOMP_CONNECT)$/);
  });

  it('are wanted with their dates, clock or not', async () => {
    const crl = revocationLists(pki.revoke([]));
    expect(await meet(expired, { ca, crl, withoutDates: () => true }, open)).toBe('TLS');
  });

  it('that can not be read let nobody in', async () => {
    expect(await meet(good, { ca, crl: revocationLists(undefined) }, open)).toBe('STOMP_CONNECT');
  });
});
