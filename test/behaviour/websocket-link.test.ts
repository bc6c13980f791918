import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createRawServer,
  type Server as RawServer,
  type Socket,
} from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { errorCode, systemClock } from '#base';
import { createPki } from '#lab';
import { openWebSocket, type WebSocketLink, type WebSocketOptions } from '#platform';
import { HandClock } from '../support/hand-clock.ts';

let server: Server | undefined;
let raw: RawServer | undefined;
const peers: Socket[] = [];
let sockets: WebSocketServer | undefined;
const links: WebSocketLink[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link[Symbol.dispose]();
  for (const client of sockets?.clients ?? []) client.terminate();
  sockets?.close();
  server?.close();
  for (const peer of peers.splice(0)) peer.destroy();
  raw?.close();
});

/** A server below WebSocket: for what a real one does not do. */
async function serveRaw(take: (socket: Socket) => void): Promise<URL> {
  raw = createRawServer((socket) => {
    peers.push(socket);
    socket.on('error', () => {});
    take(socket);
  });
  await new Promise<void>((resolve) => raw!.listen(0, '127.0.0.1', resolve));
  return new URL(`ws://127.0.0.1:${(raw.address() as AddressInfo).port}/usp`);
}

interface Served {
  readonly protocols?: boolean;
  readonly greet?: (socket: WebSocket) => void;
  readonly secure?: { readonly cert: string; readonly key: string };
}

async function serve(options: Served = {}): Promise<URL> {
  server = options.secure
    ? createSecureServer(options.secure)
    : createServer((_, response) => response.writeHead(403).end());
  sockets = new WebSocketServer({
    server,
    path: '/usp',
    ...(options.protocols === false && { handleProtocols: () => false as const }),
  });
  sockets.on('headers', (headers) => headers.push('X-Controller: one', 'X-Controller: two'));
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    options.greet?.(socket);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`${options.secure ? 'wss' : 'ws'}://127.0.0.1:${(server.address() as AddressInfo).port}/usp`);
}

async function open(url: URL, more: Partial<WebSocketOptions> = {}) {
  const heard: string[] = [];
  let over: (value: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    over = resolve;
  });
  const link = await openWebSocket(
    { url, protocol: 'v1.usp', clock: systemClock, ...more },
    {
      message: (bytes) => heard.push(Buffer.from(bytes).toString()),
      closed: (code, reason) => over(`${code} ${reason}`),
    },
  );
  links.push(link);
  return { link, heard, closed };
}
const failure = async (opening: Promise<unknown>): Promise<string | undefined> => opening.then(() => '', errorCode);

describe('a WebSocket link', () => {
  it('hears what comes right behind the handshake, and in order', async () => {
    const url = await serve({
      greet: (socket) => {
        socket.send(Buffer.from('one'));
        socket.send(Buffer.from('two'));
      },
    });
    const { heard, link } = await open(url);
    await expect.poll(() => heard).toEqual(['one', 'two']);
    link.send(Buffer.from('back'));
    const [socket] = [...sockets!.clients];
    const answered = await new Promise<string>((resolve) => socket!.once('message', (data) => resolve(String(data))));
    expect(answered).toBe('back');
  });

  it('does without a server that lacks the subprotocol, refuses, or is not there', async () => {
    expect(await failure(open(await serve({ protocols: false })))).toBe('WS_PROTOCOL');
    const url = await serve();
    expect(await failure(open(new URL('/other', url)))).toBe('WS_REFUSED');
    const { port } = server!.address() as AddressInfo;
    await new Promise((resolve) => server!.close(resolve));
    expect(await failure(open(new URL(`ws://127.0.0.1:${port}/usp`)))).toBe('WS_CONNECT');
  });

  it('refuses a text frame with 1003 and a message that is too large with 1009', async () => {
    const codes: number[] = [];
    const note = (socket: WebSocket): void => void socket.on('close', (code) => codes.push(code));
    const text = await open(
      await serve({
        greet: (socket) => {
          note(socket);
          socket.send('text');
        },
      }),
    );
    expect(await text.closed).toMatch(/^1003 /);
    const large = await open(
      await serve({
        greet: (socket) => {
          note(socket);
          socket.send(Buffer.alloc(2000));
        },
      }),
      { messageLimitBytes: 1000 },
    );
    await large.closed;
    await expect.poll(() => codes).toEqual([1003, 1009]);
    expect(large.heard).toEqual([]);
  });

  it('gives up a peer that has fallen silent', async () => {
    const clock = new HandClock();
    const url = await serve();
    const { closed } = await open(url, { clock, pingIntervalMs: 1000 });
    const [socket] = [...sockets!.clients];
    const pinged = new Promise((resolve) => socket!.once('ping', resolve));
    // The peer no longer answers pings.
    socket!.pong = () => {};
    clock.advance(1000);
    await pinged;
    clock.advance(1000);
    expect(await closed).toMatch(/^1006/);
  });

  it('keeps a peer that answers', async () => {
    const clock = new HandClock();
    const url = await serve();
    const { heard } = await open(url, { clock, pingIntervalMs: 1000 });
    const [socket] = [...sockets!.clients];
    for (let n = 0; n < 5; n++) {
      const pinged = new Promise((resolve) => socket!.once('ping', resolve));
      clock.advance(1000);
      await pinged;
      // By the time that this has come the pong has, too.
      socket!.send(Buffer.from(`${n}`));
      await expect.poll(() => heard.length).toBe(n + 1);
    }
    expect(heard).toEqual(['0', '1', '2', '3', '4']);
  });

  it('says what the server answered and where the peer reaches us', async () => {
    const { link } = await open(await serve());
    expect(link.headers).toMatchObject({ 'sec-websocket-protocol': 'v1.usp', 'x-controller': 'one, two' });
    expect(link.localAddress).toBe('127.0.0.1');
  });

  it('hears nothing after a frame that it has refused', async () => {
    const url = await serve({
      greet: (socket) => {
        socket.send('text');
        socket.send(Buffer.from('behind it'));
      },
    });
    const { closed, heard } = await open(url);
    expect(await closed).toMatch(/^1003 /);
    expect(heard).toEqual([]);
  });

  it('closes with what fits of a reason', async () => {
    const url = await serve();
    const { link } = await open(url);
    const [socket] = [...sockets!.clients];
    const told = new Promise((resolve) => socket!.once('close', (code, reason) => resolve(`${code} ${reason}`)));
    link.close(1001, 'ü'.repeat(100));
    expect(await told).toBe(`1001 ${'ü'.repeat(61)}`);
  });

  it('gives up a handshake that takes too long in all, however often a byte comes', async () => {
    const clock = new HandClock();
    let trickled = 0;
    const url = await serveRaw((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\n');
      const drip = setInterval(() => socket.write(`X-${trickled++}: 1\r\n`), 5);
      socket.once('close', () => clearInterval(drip));
    });
    const opening = failure(open(url, { clock, connectTimeoutMs: 1000 }));
    await expect.poll(() => trickled).toBeGreaterThan(3);
    clock.advance(1000);
    expect(await opening).toBe('WS_TIMEOUT');
  });

  it('stops connecting when told to', async () => {
    const url = await serveRaw((socket) => void socket.resume());
    const stop = new AbortController();
    const opening = failure(open(url, { signal: stop.signal }));
    await expect.poll(() => peers.length).toBe(1);
    const gone = new Promise((resolve) => peers[0]!.once('close', resolve));
    stop.abort();
    expect(await opening).toBe('WS_ABORTED');
    await gone;
    expect(await failure(open(url, { signal: stop.signal }))).toBe('WS_ABORTED');
    expect(peers).toHaveLength(1);
  });

  it('does not take a large message over a slow line for silence', async () => {
    const clock = new HandClock();
    const { port } = await serve();
    const pieces: Buffer[] = [];
    // A line on which as much comes through as the test lets.
    const url = await serveRaw((near) => {
      const far = connect(Number(port), '127.0.0.1');
      peers.push(far);
      near.pipe(far);
      far.on('data', (piece) => pieces.push(piece));
    });
    const letThrough = (bytes: number): void => {
      const all = Buffer.concat(pieces.splice(0));
      peers[0]!.write(all.subarray(0, bytes));
      pieces.push(all.subarray(bytes));
    };
    const opening = open(url, { clock, pingIntervalMs: 1000 });
    await expect.poll(() => Buffer.concat(pieces).includes('\r\n\r\n')).toBe(true);
    letThrough(100_000);
    const { heard, closed, link } = await opening;
    const [socket] = [...sockets!.clients];
    let arrived = 0;
    socket!.on('message', () => arrived++);
    socket!.send(Buffer.alloc(50_000, 'm'));
    await expect.poll(() => Buffer.concat(pieces).length).toBeGreaterThan(50_000);
    for (let n = 0; n < 4; n++) {
      clock.advance(1000);
      letThrough(1000);
      // By the time that this has gone all the way the link has read the piece, too.
      link.send(Buffer.from('x'));
      await expect.poll(() => arrived).toBe(n + 1);
    }
    letThrough(100_000);
    await expect.poll(() => heard.length).toBe(1);
    // And now nothing at all.
    clock.advance(2000);
    expect(await closed).toMatch(/^1006/);
  });

  it('checks the certificate, and gives up a silent peer over TLS as well', async () => {
    const pki = createPki('right');
    const { certPem, keyPem } = pki.issue({ commonName: 'controller', ip: ['127.0.0.1'], usage: 'server' });
    const clock = new HandClock();
    const url = await serve({ secure: { cert: certPem, key: keyPem } });
    const tls = { ca: pki.caPem };
    expect(await failure(open(url, { tls: { ca: createPki('wrong').caPem } }))).toBe('WS_TLS');
    expect(await failure(open(url, { tls: { ca: 'not a certificate', cert: 'nor this' } }))).toBe('WS_TLS');
    expect(await failure(open(new URL(`wss://localhost:${url.port}/usp`), { tls }))).toBe('WS_TLS');
    const { closed, heard } = await open(url, { clock, tls, pingIntervalMs: 1000 });
    const [socket] = [...sockets!.clients];
    const pinged = (): Promise<void> => new Promise((resolve) => socket!.once('ping', () => resolve()));
    for (let n = 0; n < 3; n++) {
      const ping = pinged();
      clock.advance(1000);
      await ping;
      socket!.send(Buffer.from(`${n}`));
      await expect.poll(() => heard.length).toBe(n + 1);
    }
    socket!.pong = () => {};
    clock.advance(1000);
    clock.advance(1000);
    expect(await closed).toMatch(/^1006/);
  });

  it('calls a server that does not speak TLS a TLS problem', async () => {
    const url = await serveRaw((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    expect(await failure(open(new URL(`wss://127.0.0.1:${url.port}/`)))).toBe('WS_TLS');
  });

  it.each(['http-is-fine-but-not-this://127.0.0.1/', 'ws://127.0.0.1/#part'])(
    'refuses %s as its own error',
    async (url) => {
      expect(await failure(open(new URL(url)))).toBe('WS_CONNECT');
    },
  );
});
