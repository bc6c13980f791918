import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, silentLog, systemClock } from '#base';
import {
  type HttpAnswer,
  type HttpListener,
  type HttpListenerOptions,
  type HttpRequestSeen,
  listenHttp,
} from '#platform';
import { HandClock } from '../support/hand-clock.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'));

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
function talk(send: string | Uint8Array, keepOpen = false, localAddress?: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect(
      { port: listener!.port, host: '127.0.0.1', ...(localAddress && { localAddress }) },
      () => {
        if (keepOpen) socket.write(send);
        else socket.end(send);
      },
    );
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

  it('says neither "100 Continue" nor 417 to who expects something', async () => {
    await listen();
    for (const what of ['100-continue', 'something else']) {
      const text = await talk(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: ${what}\r\n\r\n`, true);
      expect(text).toMatch(/^HTTP\/1\.1 401 /);
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    }
  });

  it('waits for an answer that takes time, but no longer than for a header', async () => {
    const clock = new HandClock();
    const answers: ((answer: HttpAnswer) => void)[] = [];
    await listen({ clock, answer: () => new Promise((resolve) => void answers.push(resolve)) });
    const ask = (): Promise<string> => talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n', true);
    const first = ask();
    await expect.poll(() => answers.length).toBe(1);
    answers[0]!({ status: 204, headers: {} });
    expect(await first).toMatch(/^HTTP\/1\.1 204 /);
    const second = ask();
    await expect.poll(() => answers.length).toBe(2);
    clock.advance(5000);
    expect(await second).toBe('');
    answers[1]!({ status: 204, headers: {} });
    const third = ask();
    await expect.poll(() => answers.length).toBe(3);
    answers[2]!({ status: 204, headers: {} });
    expect(await third).toMatch(/^HTTP\/1\.1 204 /);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no'))],
    ['can not be sent', () => ({ status: 200, headers: { 'x-bad': 'a\r\nb: c' } })],
  ])('answers 500 where the answer %s, and stays', async (_, answer) => {
    await listen({ answer });
    for (let n = 0; n < 2; n++) {
      const text = await talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      expect(text).toMatch(/^HTTP\/1\.1 500 /);
      expect(text).not.toContain('b: c');
    }
  });

  it('answers garbage with 400 or nothing, and stays', async () => {
    await listen({ limits: { burst: 1000, burstPerAddress: 1000, connections: 64, connectionsPerAddress: 64 } });
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

  it('ends a header that is not complete in time, to the millisecond', async () => {
    const clock = new HandClock();
    await listen({ clock, limits: { headerTimeoutMs: 5000 } });
    let over = false;
    const slow = talk('GET / HTTP/1.1\r\nHost: x\r\n', true).then(() => {
      over = true;
    });
    await expect.poll(() => clock.nextMs).toBe(5000);
    clock.advance(4999);
    expect(await talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toContain('401');
    expect(over).toBe(false);
    clock.advance(1);
    await slow;
    expect(seen).toHaveLength(1);
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

  it('does not let one address use up what the others need', async () => {
    const clock = new HandClock();
    await listen({
      clock,
      host: '0.0.0.0',
      limits: { burst: 4, perSecond: 1, burstPerAddress: 2, perSecondPerAddress: 1 },
    });
    const ask = (from: string): Promise<string> => talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n', false, from);
    for (let n = 0; n < 2; n++) expect(await ask('127.0.0.2')).toContain('401');
    for (let n = 0; n < 5; n++) expect(await ask('127.0.0.2')).toBe('');
    for (let n = 0; n < 2; n++) expect(await ask('127.0.0.3')).toContain('401');
    // Now everybody's are used up, and fill again at their own pace.
    expect(await ask('127.0.0.4')).toBe('');
    clock.advance(1000);
    expect(await ask('127.0.0.4')).toContain('401');
    expect(seen.map(({ remoteAddress }) => remoteAddress)).toEqual([2, 2, 3, 3, 4].map((last) => `127.0.0.${last}`));
  });

  it.skipIf(!hasIpv6)('knows an IPv4 address on a listener for IPv6 (needs IPv6)', async () => {
    const asked: string[] = [];
    await listen({ host: '::', allows: (address) => asked.push(address) > 0 });
    expect(await talk('GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toContain('401');
    expect(asked).toEqual(['127.0.0.1']);
    expect(seen[0]!.remoteAddress).toBe('127.0.0.1');
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
