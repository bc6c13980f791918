import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { explain, Secret } from '#base';
import { createPki, type Issued } from '#lab';
import { openHttp } from '#platform';
import { httpTransport } from '../../../src/cwmp/exchange/http-transport.ts';
import { cwmpStatus, readEnvelope } from '../../../src/cwmp/index.ts';
import { inWords } from '../../../src/platform/net/in-words.ts';
import { Bench } from '../../support/cwmp-bench.ts';

// What people read when a session fails: what is wrong, in one line, and no secret.
const stops: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const pki = createPki('Operator');
const stranger = createPki('Stranger');
const password = 'not-to-be-shown';

async function portOf(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
const plain = async (answer: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await portOf(createServer(answer))}/cwmp`;
const secured = async ({ certPem, keyPem }: Issued, more: ServerOptions = {}): Promise<string> =>
  `https://127.0.0.1:${await portOf(createTlsServer({ cert: certPem, key: keyPem, ...more }, (_, response) => response.end()))}/cwmp`;
const answering =
  (status: number, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end();

async function why(url: string, credentials: { username: string; password: string } = { username: 'cpe', password }) {
  const http = openHttp({ tls: { ca: pki.caPem }, resolve: undefined as never });
  try {
    await httpTransport({
      http,
      url: new URL(url),
      credentials: { username: credentials.username, password: new Secret(credentials.password) },
      clientNonce: () => '1',
      allowPlain: true,
      signal: new AbortController().signal,
    }).post('<x/>');
  } catch (error) {
    return explain(error);
  } finally {
    http[Symbol.dispose]();
  }
  return 'nothing';
}
const ip = ['127.0.0.1'];
const issue = (more: object): Issued => pki.issue({ commonName: 'acs', ip, usage: 'server', ...more });

describe('a session that fails says that', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'nobody listens',
      async () => 'http://127.0.0.1:1/',
      /^no connection: nobody listens at 127\.0\.0\.1 port 1 \(ECONNREFUSED\)$/,
    ],
    [
      'the authority is not known',
      () => secured(stranger.issue({ commonName: 'acs', ip, usage: 'server' })),
      /^TLS: its certificate comes from no authority that is trusted here/,
    ],
    [
      'the certificate is of another',
      () => secured(issue({ ip: undefined, dns: ['x.example'] })),
      /^TLS: its certificate is for other names than ours for it: DNS:x\.example \(ERR_TLS/,
    ],
    [
      'the certificate is too old',
      () => secured(issue({ notBefore: new Date('2020-01-01'), notAfter: new Date('2020-02-01') })),
      /^TLS: its certificate has expired, by our clock \(\d{4}-\d\d-\d\d\)/,
    ],
    [
      'the clock is wrong',
      () => secured(issue({ notBefore: new Date('2090-01-01'), notAfter: new Date('2091-01-01') })),
      /^TLS: its certificate is not valid yet, by our clock/,
    ],
    [
      'it wants a certificate',
      () => secured(issue({}), { ca: pki.caPem, requestCert: true, rejectUnauthorized: true }),
      /^TLS: the peer wants a certificate of ours/,
    ],
    [
      'there is no TLS',
      async () => (await plain(answering(200))).replace('http', 'https'),
      /^TLS: what answers does not speak TLS/,
    ],
    [
      'there is no HTTP',
      async () => `http://127.0.0.1:${await portOf(createTcpServer((socket) => socket.end('SSH-2.0-x\r\n')))}/`,
      /^the connection broke: what answers does not speak HTTP/,
    ],
    [
      'it was dropped',
      () => plain((request) => request.socket.destroy()),
      /^the connection broke: the peer has closed the connection \(ECONNRESET\)$/,
    ],
    [
      'the password is wrong',
      () => plain(answering(401, { 'www-authenticate': 'Digest realm="r", nonce="n"' })),
      /^the ACS does not accept our user name and password$/,
    ],
    [
      'Basic is asked for in the clear',
      () => plain(answering(401, { 'www-authenticate': 'Basic realm="r"' })),
      /in the clear \(Basic\), which is not sent over http:\/\/$/,
    ],
    [
      'something else is asked for',
      () => plain(answering(401, { 'www-authenticate': 'Negotiate' })),
      /an authentication that is not known here$/,
    ],
    ['it is not let in', () => plain(answering(403)), /^the ACS answered 403: it does not let this device in$/],
    ['the path is wrong', () => plain(answering(404)), /^the ACS answered 404: there is nothing at \/cwmp$/],
    [
      'the ACS is busy',
      () => plain(answering(503, { 'retry-after': '30' })),
      /^the ACS is busy \(503\), and asks for 30 s$/,
    ],
    [
      'it is sent round',
      () => plain(answering(302, { location: '/round' })),
      /^redirected too often, at last to 127\.0\.0\.1:\d+\/round$/,
    ],
  ])('%s', async (_, url, words) => {
    const said = await why(await url());
    expect(said).toMatch(words);
    expect(said).not.toContain(password);
  });

  it('no user name is set', async () => {
    const url = await plain(answering(401, { 'www-authenticate': 'Digest realm="r", nonce="n"' }));
    expect(await why(url, { username: '', password: '' })).toMatch(/and none are set$/);
  });

  it.each([
    [{ code: 'ENOTFOUND', hostname: 'acs.example' }, 'the DNS knows no acs.example (ENOTFOUND)'],
    [{ code: 'EAI_AGAIN', hostname: 'acs.example' }, 'the DNS does not answer, asked for acs.example (EAI_AGAIN)'],
    [{ code: 'ENETUNREACH', message: 'connect' }, 'there is no route to the peer (ENETUNREACH)'],
    [{ code: 'ODD', message: 'connect' }, 'ODD'],
    [{ message: 'odd' }, 'odd'],
    [
      { errors: [{ code: 'ECONNREFUSED', address: '::1', port: 7547 }] },
      'nobody listens at ::1 port 7547 (ECONNREFUSED)',
    ],
  ])('%j', (parts, words) => {
    expect(inWords(Object.assign(new Error(), parts))).toBe(words);
  });

  it.each([
    ['<!DOCTYPE html><html><body>Login<br></body></html>', /^the answer is a web page/],
    ['<html><p>Login<br></html>', /^the answer is a web page/],
    ['<rss/>', /^not a SOAP 1\.1 envelope, but 'rss'$/],
  ])('%s is no answer', (text, words) => {
    let said = '';
    try {
      readEnvelope(text);
    } catch (error) {
      said = explain(error);
    }
    expect(said).toMatch(words);
  });
});

describe('the status', () => {
  const begin = async (prepare: (bench: Bench) => void, cwmp = ''): Promise<Bench> => {
    const at = new Bench();
    stops.push(() => at[Symbol.asyncDispose]());
    prepare(at);
    return await at.begin(cwmp);
  };

  it('says when it is tried again', async () => {
    const at = await begin(({ acs }) => {
      acs.failing = true;
    });
    await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    expect(cwmpStatus(at.client.status()).next_try).toBe('in 8 s');
    at.clock.advance(3000);
    expect(cwmpStatus(at.client.status()).next_try).toBe('in 5 s');
    at.acs.failing = false;
    at.clock.advance(5000);
    await at.informs(1);
    expect(cwmpStatus(at.client.status())).not.toHaveProperty('next_try');
  });

  it('says that what is set is no URL', async () => {
    const at = await begin(() => {}, "\toption url 'acs.example/cwmp'\n");
    expect(cwmpStatus(at.client.status())).toMatchObject({ acs: 'acs.example/cwmp (this is no URL)', state: 'off' });
  });

  it('keeps a password to itself that somebody has put into the URL', async () => {
    const at = await begin(() => {}, `\toption url 'http://cpe:${password}@acs.example/'\n`);
    await at.informs(1);
    expect(JSON.stringify(cwmpStatus(at.client.status()))).not.toContain(password);
  });
});
