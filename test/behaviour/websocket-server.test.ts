import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { errorCode, Secret, silentLog } from '#base';
import { createPki } from '#lab';
import {
  listenWebSocket,
  type WebSocketAdmission,
  type WebSocketLink,
  type WebSocketListener,
  type WebSocketRequest,
  type WebSocketServerOptions,
} from '#platform';
import { HandClock } from '../support/hand-clock.ts';

let listener: WebSocketListener | undefined;
const sockets: WebSocket[] = [];
const streams: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const stream of streams.splice(0)) stream.destroy();
  await listener?.[Symbol.asyncDispose]();
});

interface Served {
  readonly links: WebSocketLink[];
  readonly seen: WebSocketRequest[];
  readonly heard: string[];
  readonly closed: number[];
  readonly clock: HandClock;
}

async function serve(
  options: Partial<WebSocketServerOptions> = {},
  admission: (accept: Served) => WebSocketAdmission | undefined = () => undefined,
): Promise<Served> {
  const served: Served = { links: [], seen: [], heard: [], closed: [], clock: new HandClock() };
  listener = await listenWebSocket({
    host: '127.0.0.1',
    port: 0,
    protocol: 'v1.usp',
    clock: served.clock,
    log: silentLog,
    admit: (request) => {
      served.seen.push(request);
      return (
        admission(served) ?? {
          admitted: true,
          accept: (link) => {
            served.links.push(link);
            return {
              message: (bytes) => void served.heard.push(Buffer.from(bytes).toString()),
              closed: (code) => void served.closed.push(code),
            };
          },
        }
      );
    },
    ...options,
  });
  return served;
}
function client(protocols: string[] = ['v1.usp']): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${listener!.port}/usp?eid=x`, protocols);
  sockets.push(socket);
  socket.on('error', () => {});
  return socket;
}
const opened = (socket: WebSocket): Promise<void> => new Promise((resolve) => socket.once('open', () => resolve()));
const closing = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));
/** What a client that writes this gets back, until the end. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const stream = connect(listener!.port, '127.0.0.1', () => stream.write(text));
    streams.push(stream);
    let answer = '';
    stream.on('data', (piece) => {
      answer += piece;
    });
    stream.on('error', () => {});
    stream.on('close', () => resolve(answer));
  });
}
const handshake =
  'GET /usp HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

describe('a WebSocket server', () => {
  it('takes a client that offers the subprotocol, among others, and carries messages both ways', async () => {
    const served = await serve();
    const socket = client(['foo', 'v1.usp']);
    await opened(socket);
    expect(socket.protocol).toBe('v1.usp');
    socket.send(Buffer.from('in'));
    await expect.poll(() => served.heard).toEqual(['in']);
    const back = new Promise((resolve) => socket.once('message', (data) => resolve(String(data))));
    served.links[0]!.send(Buffer.from('out'));
    expect(await back).toBe('out');
    expect(served.seen[0]).toMatchObject({ target: '/usp?eid=x', remoteAddress: '127.0.0.1' });
    expect(served.seen[0]!.certificateNames).toBeUndefined();
    socket.close(1000);
    await expect.poll(() => served.closed).toEqual([1000]);
  });

  it('refuses in HTTP whoever does not ask for a WebSocket of this protocol', async () => {
    const served = await serve();
    expect(await raw('GET /usp HTTP/1.1\r\nHost: a\r\n\r\n')).toMatch(/^HTTP\/1.1 426 /);
    expect(await raw(`${handshake}\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(`${handshake}Sec-WebSocket-Protocol: v2.usp\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw('not http at all\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect(served.seen).toEqual([]);
  });

  it('says with which status somebody is not admitted, and nothing more', async () => {
    await serve({}, () => ({ admitted: false, status: 403, reason: 'nobody we know' }));
    const answer = await raw(`${handshake}Sec-WebSocket-Protocol: v1.usp\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 403 Forbidden\r\n/);
    expect(answer).not.toContain('nobody');
  });

  it('closes with 1003 on text, 1009 on what is too large, 1002 on what is no frame, 1008 on endless pieces', async () => {
    await serve({ limits: { messageBytes: 1000 } });
    const text = client();
    await opened(text);
    text.send('text');
    expect(await closing(text)).toBe(1003);
    const large = client();
    await opened(large);
    large.send(Buffer.alloc(1001));
    expect(await closing(large)).toBe(1009);
    const sum = client();
    await opened(sum);
    for (let n = 0; n < 11; n++) sum.send(Buffer.alloc(100), { fin: false });
    expect(await closing(sum)).toBe(1009);
    const pieces = client();
    await opened(pieces);
    for (let n = 0; n < 5000; n++) pieces.send(Buffer.alloc(0), { fin: false });
    expect(await closing(pieces)).toBe(1008);
    const broken = client();
    await opened(broken);
    (broken as unknown as { _socket: Socket })._socket.write(Buffer.from([0xff, 0xff, 0, 0]));
    expect(await closing(broken)).toBe(1002);
  });

  it('joins a message that comes in pieces', async () => {
    const served = await serve();
    const socket = client();
    await opened(socket);
    for (const piece of ['a', 'b', 'c']) socket.send(Buffer.from(piece), { fin: piece === 'c' });
    await expect.poll(() => served.heard).toEqual(['abc']);
  });

  it('lives through a hundred connections that say nothing, and gives their places back', async () => {
    const served = await serve({ limits: { connections: 10, connectionsPerAddress: 10 } });
    for (let n = 0; n < 100; n++) {
      const stream = connect(listener!.port, '127.0.0.1');
      stream.on('error', () => {});
      streams.push(stream);
    }
    await expect.poll(() => streams.filter(({ destroyed, closed }) => destroyed || closed).length).toBe(90);
    served.clock.advance(10_000);
    await expect.poll(() => streams.filter(({ destroyed, closed }) => destroyed || closed).length).toBe(100);
    const socket = client();
    await opened(socket);
    // The time limit was the handshake's.
    served.clock.advance(20_000);
    socket.send(Buffer.from('in'));
    await expect.poll(() => served.heard).toEqual(['in']);
  });

  it('leaves places to other addresses', async () => {
    await serve({ limits: { connections: 10, connectionsPerAddress: 2 } });
    const first = [client(), client()];
    await Promise.all(first.map(opened));
    const third = client();
    expect(await closing(third)).toBe(1006);
  });

  it('lets go of a client that is silent after a ping, and of one that does not read', async () => {
    const served = await serve({ pingIntervalMs: 1000, limits: { unsentLimitBytes: 1 << 20 } });
    const silent = new WebSocket(`ws://127.0.0.1:${listener!.port}/usp`, ['v1.usp'], { autoPong: false });
    sockets.push(silent);
    silent.on('error', () => {});
    await opened(silent);
    await expect.poll(() => served.links.length).toBe(1);
    served.clock.advance(2000);
    expect(await closing(silent)).toBe(1006);
    const deaf = client();
    await opened(deaf);
    deaf.pause();
    await expect.poll(() => served.links.length).toBe(2);
    const ended = () => served.closed.length;
    for (let n = 0; n < 64 && ended() < 2; n++) {
      served.links[1]!.send(Buffer.alloc(1 << 20));
      await new Promise(setImmediate);
    }
    expect(served.links[1]!.bufferedBytes).toBeLessThan(4 << 20);
    await expect.poll(ended).toBe(2);
  });

  it('cuts off who does not answer a close', async () => {
    const served = await serve();
    const answer = raw(`${handshake}Sec-WebSocket-Protocol: v1.usp\r\n\r\n`);
    await expect.poll(() => served.links.length).toBe(1);
    served.links[0]!.close(1008, 'go');
    served.clock.advance(2000);
    expect(await answer).toContain('101 Switching');
    expect(served.closed).toHaveLength(1);
  });

  it('asks for a certificate of its authority, and says what names it holds', async () => {
    const pki = createPki('Operator');
    const own = pki.issue({ commonName: 'cpe', ip: ['127.0.0.1'], usage: 'server' });
    const served = await serve({ tls: { ca: pki.caPem, cert: own.certPem, key: new Secret(own.keyPem) } });
    const secure = (given?: { certPem: string; keyPem: string }): WebSocket => {
      const socket = new WebSocket(`wss://127.0.0.1:${listener!.port}/usp`, ['v1.usp'], {
        ca: pki.caPem,
        ...(given && { cert: given.certPem, key: given.keyPem }),
      });
      sockets.push(socket);
      socket.on('error', () => {});
      return socket;
    };
    expect(await closing(secure())).toBe(1006);
    expect(await closing(secure(createPki('Operator').issue({ commonName: 'x', usage: 'client' })))).toBe(1006);
    expect(served.seen).toEqual([]);
    const uri = 'urn:bbf:usp:id:proto::c';
    const good = secure(pki.issue({ commonName: 'c', uri: [uri], dns: ['c.example'], usage: 'client' }));
    await opened(good);
    expect(served.seen[0]!.certificateNames).toEqual([
      ['URI', uri],
      ['DNS', 'c.example'],
    ]);
    // Neither a handshake that stands still nor garbage keeps a place.
    const stuck = connect(listener!.port, '127.0.0.1');
    stuck.on('error', () => {});
    streams.push(stuck);
    await new Promise<void>((resolve) => stuck.once('connect', () => resolve()));
    await new Promise(setImmediate);
    const gone = new Promise((resolve) => stuck.once('close', resolve));
    // The server learns of the connection in its own time.
    await expect.poll(() => (served.clock.nextMs ?? 60_000) <= 10_000).toBe(true);
    served.clock.advance(10_000);
    await gone;
    good.send(Buffer.from('still'));
    await expect.poll(() => served.heard).toEqual(['still']);
  });

  it('does not listen with TLS and nobody to trust, nor on a port that is taken', async () => {
    const tls = { cert: 'x', key: new Secret('y') };
    expect(await serve({ tls }).catch(errorCode)).toBe('WS_TRUST');
    await serve();
    const { port } = listener!;
    const first = listener!;
    expect(await serve({ port }).catch(errorCode)).toBe('WS_LISTEN');
    listener = first;
  });
});
