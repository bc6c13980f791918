import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { errorCode, systemClock } from '#base';
import { openWebSocket, type WebSocketLink, type WebSocketOptions } from '#platform';
import { HandClock } from '../support/hand-clock.ts';

let server: Server | undefined;
let sockets: WebSocketServer | undefined;
const links: WebSocketLink[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link[Symbol.dispose]();
  for (const client of sockets?.clients ?? []) client.terminate();
  sockets?.close();
  server?.close();
});

async function serve(options: { protocols?: boolean; greet?: (socket: WebSocket) => void } = {}): Promise<URL> {
  server = createServer((_, response) => response.writeHead(403).end());
  sockets = new WebSocketServer({
    server,
    path: '/usp',
    ...(options.protocols === false && { handleProtocols: () => false as const }),
  });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    options.greet?.(socket);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/usp`);
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
});
