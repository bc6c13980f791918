import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, silentLog, systemClock } from '#base';
import { type HttpListener, type HttpListenerOptions, type HttpRequestSeen, listenHttp } from '#platform';
import { HandClock } from '../support/hand-clock.ts';

let listener: HttpListener | undefined;
afterEach(async () => {
  await listener?.[Symbol.asyncDispose]();
  listener = undefined;
});

const seen: HttpRequestSeen[] = [];
async function listen(options: Partial<HttpListenerOptions> = {}): Promise<void> {
  seen.length = 0;
  listener = await listenHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    log: silentLog,
    answer: (request) => {
      seen.push(request);
      return { status: 401, headers: { 'www-authenticate': 'Digest nonce="n"' } };
    },
    ...options,
  });
}

/** Sends and returns everything until the other side closes. */
function talk(send: string | Uint8Array, keepOpen = false): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(listener!.port, '127.0.0.1', () => {
      if (keepOpen) socket.write(send);
      else socket.end(send);
    });
    socket.on('data', (piece) => {
      text += piece;
    });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

describe('the listener', () => {
  it('answers one request and closes', async () => {
    await listen();
    const text = await talk('GET /a?b HTTP/1.1\r\nHost: x\r\nX-One: 1\r\n\r\n', true);
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
    expect(text.toLowerCase()).toContain('www-authenticate: digest nonce="n"');
    expect(text.toLowerCase()).toContain('connection: close');
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'GET', target: '/a?b', headers: { 'x-one': '1' } });
  });

  it('takes HTTP/1.0, and one request of a pipeline', async () => {
    await listen();
    expect(await talk('GET / HTTP/1.0\r\n\r\n', true)).toMatch(/^HTTP\/1\.1 401 /);
    const two = await talk('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n', true);
    expect(two.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(seen.map(({ target }) => target)).toEqual(['/', '/1']);
  });

  it('answers without reading the body that somebody sends', async () => {
    await listen();
    const text = await talk(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`, true);
    expect(text).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('answers garbage with 400 or nothing, and stays', async () => {
    await listen({ limits: { burst: 1000, connections: 64, connectionsPerAddress: 64 } });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        expect(await talk(bytes)).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
      }),
      { numRuns: 50 },
    );
    expect(await talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('refuses a header that is too large', async () => {
    await listen();
    const text = await talk(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`, true);
    expect(text).not.toContain('401');
    expect(seen).toEqual([]);
  });

  it('ends a header that trickles, however often a byte comes', async () => {
    await listen({ limits: { headerTimeoutMs: 300 } });
    const closed = new Promise<void>((resolve) => {
      const socket = connect(listener!.port, '127.0.0.1');
      const drip = setInterval(() => socket.write('x'), 20);
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(drip);
        resolve();
      });
    });
    await closed;
    expect(seen).toEqual([]);
  });

  it('drops who is not allowed, and who is too many, before it reads', async () => {
    await listen({ allows: () => false });
    expect(await talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    await listener![Symbol.asyncDispose]();
    const clock = new HandClock();
    await listen({ clock, limits: { burst: 3, perSecond: 1 } });
    const ask = (): Promise<string> => talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    for (let n = 0; n < 3; n++) expect(await ask()).toContain('401');
    expect(await ask()).toBe('');
    clock.advance(1000);
    expect(await ask()).toContain('401');
    expect(await ask()).toBe('');
  });

  it('holds so many connections of one address and no more', async () => {
    await listen({ limits: { connectionsPerAddress: 2 } });
    const idle = [connect(listener!.port, '127.0.0.1'), connect(listener!.port, '127.0.0.1')];
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toBe('');
    idle[0]!.destroy();
    await expect.poll(() => talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toContain('401');
    idle[1]!.destroy();
  });

  it('says when the port is taken', async () => {
    await listen();
    const again = listenHttp({
      host: '127.0.0.1',
      port: listener!.port,
      clock: systemClock,
      log: silentLog,
      answer: () => ({ status: 204, headers: {} }),
    });
    await expect(again.catch(errorCode)).resolves.toBe('LISTEN_FAILED');
  });
});
