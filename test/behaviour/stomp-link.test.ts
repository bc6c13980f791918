import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, Secret, systemClock } from '#base';
import { createPki, type StompBroker, type StompBrokerOptions, startStompBroker } from '#lab';
import { openStomp, type StompError, type StompLink, type StompMessage, type StompOptions } from '#platform';
import { HandClock } from '../support/hand-clock.ts';
import { freePort } from '../support/mosquitto.ts';

let broker: StompBroker;
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Joined {
  readonly link: StompLink;
  readonly heard: StompMessage[];
  readonly closed: Promise<StompError>;
}
async function serve(options: StompBrokerOptions = {}): Promise<void> {
  broker = await startStompBroker(options);
  open.push(broker);
}
async function join(more: Partial<StompOptions> = {}): Promise<Joined> {
  const heard: StompMessage[] = [];
  let over: (error: StompError) => void = () => {};
  const closed = new Promise<StompError>((resolve) => {
    over = resolve;
  });
  const link = await openStomp(
    { host: '127.0.0.1', port: broker.port, clock: systemClock, ...more },
    { message: (message) => void heard.push(message), closed: (error) => over(error) },
  );
  open.push(link);
  return { link, heard, closed };
}
const commands = (): string[] => broker.frames.map(({ command }) => command);

describe('a STOMP link', () => {
  it('says who it is, subscribes with receipt, sends and hears, unsubscribes and leaves in order', async () => {
    await serve({ login: { username: 'a:b', password: 'c\\d' } });
    const { link, heard } = await join({
      virtualHost: 'v',
      username: 'a:b',
      password: new Secret('c\\d'),
      headers: { 'endpoint-id': 'os::1-2' },
    });
    expect(broker.frames[0]).toMatchObject({
      command: 'STOMP',
      headers: { 'accept-version': '1.2', host: 'v', login: 'a:b', passcode: 'c\\d', 'endpoint-id': 'os::1-2' },
    });
    expect(broker.frames[0]!.headers['heart-beat']).toBeUndefined();
    const subscription = await link.subscribe('/queue/a:b');
    const body = Buffer.from([0, 1, 0, 255, 10, 10]);
    link.send('/queue/a:b', { 'content-type': 'x/y', 'reply-to-dest': '/queue/back\nwards' }, body);
    await expect.poll(() => heard.length).toBe(1);
    expect(Buffer.from(heard[0]!.body).equals(body)).toBe(true);
    expect(heard[0]!.headers.get('reply-to-dest')).toBe('/queue/back\nwards');
    expect(broker.frames.at(-1)!.headers['content-length']).toBe('6');
    subscription[Symbol.dispose]();
    await link[Symbol.asyncDispose]();
    expect(commands()).toEqual(['STOMP', 'SUBSCRIBE', 'SEND', 'UNSUBSCRIBE', 'DISCONNECT']);
    expect(broker.violations).toEqual([]);
  });

  it('tells why it can not connect', async () => {
    await serve({ login: { username: 'u', password: 'p' } });
    const failure = (more: Partial<StompOptions>): Promise<string | undefined> => join(more).then(() => '', errorCode);
    expect(await failure({ username: 'u', password: new Secret('wrong') })).toBe('STOMP_REFUSED');
    expect(await failure({ port: await freePort() })).toBe('STOMP_CONNECT');
    const stop = new AbortController();
    stop.abort();
    expect(await failure({ signal: stop.signal })).toBe('STOMP_ABORTED');
    expect(await failure({ tls: { cert: 'no', key: new Secret('pem') } })).toMatch(/^STOMP_(TLS|CONNECT)$/);
  });

  it('does not wait for ever, nor when it is told to stop', async () => {
    await serve();
    broker.freeze();
    const clock = new HandClock();
    const silent = await startSilent();
    const late = join({ port: silent, clock, connectTimeoutMs: 1000 });
    late.catch(() => {});
    await expect.poll(() => clock.nextMs).toBe(1000);
    clock.advance(1000);
    expect(await late.catch(errorCode)).toBe('STOMP_TIMEOUT');
    const stop = new AbortController();
    const stopped = join({ port: silent, signal: stop.signal });
    stop.abort();
    expect(await stopped.catch(errorCode)).toBe('STOMP_ABORTED');
  });

  it('keeps the beat that both agree on, and gives up a server that is silent', async () => {
    await serve({ heartbeat: [0, 400] });
    const clock = new HandClock();
    await join({ clock, heartbeat: { outgoingMs: 300, incomingMs: 0 } });
    expect(broker.frames[0]!.headers['heart-beat']).toBe('300,0');
    for (let n = 0; n < 12; n++) clock.advance(100);
    // 400 ms is the longer of the two: at least one in each.
    await expect.poll(() => broker.beats).toBeGreaterThanOrEqual(3);

    await serve({ heartbeat: [1_000_000, 0] });
    const { closed } = await join({ clock, heartbeat: { outgoingMs: 0, incomingMs: 500 } });
    clock.advance(2_000_000);
    expect(errorCode(await closed)).toBe('STOMP_TIMEOUT');
  });

  it('hears a beat of the server as a sign of life', async () => {
    await serve({ heartbeat: [1_000_000, 0] });
    const clock = new HandClock();
    const { closed, link } = await join({ clock, heartbeat: { outgoingMs: 0, incomingMs: 1 } });
    let ended = false;
    void closed.then(() => {
      ended = true;
    });
    clock.advance(1_500_000);
    broker.broadcast('\n');
    // What comes behind the beat: it was heard.
    await link.subscribe('/here');
    clock.advance(1_500_000);
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    clock.advance(1_500_000);
    await expect.poll(() => ended).toBe(true);
  });

  it.each([
    ['an ERROR', 'ERROR\nmessage:no more\n\nbody\0', 'STOMP_REFUSED'],
    ['garbage', 'garbage\n\n\0', 'STOMP_FRAME'],
    ['a frame of a client', 'SEND\ndestination:x\n\n\0', 'STOMP_FRAME'],
    ['a second CONNECTED', 'CONNECTED\nversion:1.2\n\n\0', 'STOMP_FRAME'],
    ['a body that is too large', 'MESSAGE\ncontent-length:1001\n\n', 'STOMP_FRAME'],
  ])('is over after %s, once, and what waits fails', async (_, bytes, code) => {
    await serve();
    const { link, closed } = await join({ bodyLimitBytes: 1000 });
    broker.broadcast(bytes);
    expect(errorCode(await closed)).toBe(code);
    expect(await link.subscribe('/x').catch(errorCode)).toBe(code);
    link.send('/x', {}, Buffer.from('goes nowhere'));
  });

  it('is over when a receipt does not come, or the line breaks', async () => {
    await serve();
    const clock = new HandClock();
    const { link, closed } = await join({ clock, receiptTimeoutMs: 1000 });
    broker.freeze();
    const waiting = link.subscribe('/x').catch(errorCode);
    clock.advance(1000);
    expect(await waiting).toBe('STOMP_TIMEOUT');
    broker.cut();
    expect(errorCode(await closed)).toBe('STOMP_BROKEN');
  });

  it('lets go of a server that does not read', async () => {
    await serve();
    const { link, closed } = await join({ unsentLimitBytes: 1 << 20 });
    broker.freeze();
    for (let n = 0; n < 64; n++) link.send('/x', {}, Buffer.alloc(1 << 20));
    expect(errorCode(await closed)).toBe('STOMP_BROKEN');
  });

  it('uses mutual TLS, and does not speak to a server of another authority', async () => {
    const pki = createPki('Operator');
    const server = pki.issue({ commonName: 'broker', ip: ['127.0.0.1'], usage: 'server' });
    const { certPem: cert, keyPem } = pki.issue({ commonName: 'cpe', usage: 'client' });
    await serve({ tls: { cert: server.certPem, key: server.keyPem, clientCa: pki.caPem } });
    const { link } = await join({ tls: { ca: pki.caPem, cert, key: new Secret(keyPem) } });
    await link.subscribe('/x');
    const foreign = join({ tls: { ca: createPki('Operator').caPem, cert, key: new Secret(keyPem) } });
    expect(await foreign.catch(errorCode)).toBe('STOMP_TLS');
    const plain = join();
    expect(await plain.catch(errorCode)).toMatch(/^STOMP_(CONNECT|BROKEN)$/);
  });
});

describe('the broker of the lab', () => {
  it('does not forgive', async () => {
    await serve();
    for (const text of [
      'SUBSCRIBE\nid:1\n\n\0',
      'STOMP\naccept-version:1.1\n\n\0',
      'STOMP\naccept-version:1.2\n\n\0BEGIN\n\n\0',
    ]) {
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(broker.port, '127.0.0.1', () => socket.write(text));
        let said = '';
        socket.on('data', (piece) => {
          said += piece;
        });
        socket.on('close', () => resolve(said));
      });
      expect(answer).toContain('ERROR\n');
    }
    expect(broker.violations).toHaveLength(3);
  });
});

/** @returns port of a server that accepts and says nothing */
async function startSilent(): Promise<number> {
  const { createServer } = await import('node:net');
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as { port: number }).port;
}
