import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecure, type TlsOptions } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { explain, Secret, systemClock } from '#base';
import { createPki, type Issued } from '#lab';
import { type HttpTls, openMqtt, openStomp, openWebSocket } from '#platform';
import { freePort } from '../support/mosquitto.ts';

// What people are told when a connection does not come to stand: one line, in words, that says what to look at.
const ours = createPki('Ours');
const own = { cert: ours.issue({ commonName: 'device', usage: 'both' }) };
const trust: HttpTls = { ca: ours.caPem, cert: own.cert.certPem, key: new Secret(own.cert.keyPem) };
const host = '127.0.0.1';
const open: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of open.splice(0)) server.close();
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as AddressInfo).port;
}
const secure = ({ certPem: cert, keyPem: key }: Issued, more: TlsOptions = {}) =>
  listen(createSecure({ cert, key, ...more }, (socket) => socket.on('error', () => {})));
const server = (more: Partial<Parameters<typeof ours.issue>[0]> = {}, pki = ours): Issued =>
  pki.issue({ commonName: 'server', usage: 'server', ip: [host], ...more });

const events = { message: () => {}, closed: () => {} };
const kinds = {
  websocket: (port: number, tls: boolean, name = host) =>
    openWebSocket(
      { url: new URL(`ws${tls ? 's' : ''}://${name}:${port}/usp`), protocol: 'v1.usp', clock: systemClock, tls: trust },
      events,
    ),
  mqtt: (port: number, tls: boolean, name = host) =>
    openMqtt(
      {
        host: name,
        port,
        transport: tls ? 'tls' : 'tcp',
        version: 5,
        clientId: 'c',
        keepAliveSeconds: 0,
        cleanStart: true,
        tls: trust,
      },
      events,
    ),
  stomp: (port: number, tls: boolean, name = host) =>
    openStomp({ host: name, port, clock: systemClock, ...(tls && { tls: trust }) }, events),
} as const;
type Kind = keyof typeof kinds;
const every = Object.keys(kinds) as Kind[];
const said = (attempt: Promise<unknown>): Promise<string> => attempt.then(() => 'it stands', explain);

describe.each(every)('why there is no connection over %s', (kind) => {
  const attempt = kinds[kind];

  it('nobody listens', async () => {
    const port = await freePort();
    expect(await said(attempt(port, false))).toBe(
      `no connection: nobody listens at ${host} port ${port} (ECONNREFUSED)`,
    );
  });

  it('a name that does not resolve', async () => {
    expect(await said(attempt(443, false, 'no-such-host.invalid'))).toMatch(
      /^no connection: the DNS .* no-such-host\.invalid \((ENOTFOUND|EAI_AGAIN)\)$/,
    );
  });

  it.each<[string, () => Promise<number>, RegExp]>([
    [
      'another authority',
      () => secure(server({}, createPki('Theirs'))),
      /^TLS: its certificate comes from no authority that is trusted here, .*\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/,
    ],
    [
      'a certificate that has expired',
      () => secure(server({ notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') })),
      /^TLS: its certificate has expired, by our clock \([0-9-]+\) \(CERT_HAS_EXPIRED\)$/,
    ],
    [
      'a certificate of another host',
      () => secure(server({ ip: ['192.0.2.1'] })),
      /^TLS: its certificate is for other names than ours for it: IP Address:192.0.2.1 /,
    ],
    [
      'no TLS at the other end',
      () =>
        listen(createServer((socket) => socket.once('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')))),
      /^TLS: what answers does not speak TLS \((EPROTO|ERR_SSL_\w+)\)$/,
    ],
    [
      'a TLS that is too old',
      () => secure(server(), { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
      /^TLS: the handshake failed: tlsv1 alert protocol version \((EPROTO|ERR_SSL_\w+)\)$/,
    ],
  ])('%s', async (_, serve, text) => {
    expect(await said(attempt(await serve(), true))).toMatch(text);
  });
});

describe('what only one transport has', () => {
  it('a web server that opens no WebSocket there', async () => {
    const port = await listen(createHttp((_, response) => response.writeHead(404).end()));
    expect(await said(kinds.websocket(port, false))).toBe('the server opens no WebSocket at this path: HTTP 404');
  });

  it('something that is not STOMP', async () => {
    const port = await listen(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await said(kinds.stomp(port, false))).toBe('what came is not STOMP: no command');
  });

  it("a STOMP server's refusal with what its body begins with, and without our password", async () => {
    const body = "Access refused for user 'u' with p:ss\nat some.place\n";
    const port = await listen(
      createServer((socket) =>
        socket.once('data', () =>
          socket.write(`ERROR\nmessage:Bad CONNECT\ncontent-length:${body.length}\n\n${body}\0`),
        ),
      ),
    );
    const password = new Secret('p:ss');
    const joining = openStomp({ host, port, clock: systemClock, username: 'u', password }, events);
    expect(await said(joining)).toBe("the server says: Bad CONNECT: Access refused for user 'u' with ***");
  });

  it('a reason of an MQTT broker, in words', async () => {
    const port = await listen(
      createServer((socket) => socket.once('data', () => socket.write(Buffer.from([0x20, 3, 0, 0, 0, 0xe0, 1, 0x8e])))),
    );
    const closed = new Promise<string>((resolve) => {
      void openMqtt(
        { host, port, transport: 'tcp', version: 5, clientId: 'c', keepAliveSeconds: 0, cleanStart: true },
        { message: () => {}, closed: (error) => resolve(explain(error)) },
      ).catch((error) => resolve(`early: ${explain(error)}`));
    });
    expect(await closed).toBe('the broker disconnected with reason 142 (Session taken over)');
  });
});
