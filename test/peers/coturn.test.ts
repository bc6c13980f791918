import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, Secret, silentLog, systemClock } from '#base';
import { openUdp, resolveHost } from '#platform';
import { type StunBinding, StunKeeper } from '../../src/cwmp/stun/stun-keeper.ts';
import { hasCoturn, type StunServer, startCoturn } from '../support/coturn.ts';

/** Waits of two seconds and more, which are never those of a retransmission, are a thousand times shorter. */
const hurried: Clock = {
  ...systemClock,
  timer: (delayMs, ring) => systemClock.timer(delayMs >= 2000 ? delayMs / 1000 : delayMs, ring),
};

let keeper: StunKeeper | undefined;
afterEach(async () => {
  await keeper?.[Symbol.asyncDispose]();
  keeper = undefined;
});

function keep(server: StunServer, password = '', maximum: number | undefined = 30) {
  const bindings: StunBinding[] = [];
  const sent: { port: number; data: Buffer }[] = [];
  const received: Buffer[] = [];
  let numbers = 0;
  keeper = new StunKeeper({
    config: {
      host: '127.0.0.1',
      port: server.port,
      credentials: { username: password === '' ? '' : 'cpe', password: new Secret(password) },
      minimumKeepAliveSeconds: 30,
      maximumKeepAliveSeconds: maximum,
      listenPort: 0,
    },
    clock: hurried,
    log: silentLog,
    random: () => 0.5,
    randomBytes: (count) => Buffer.alloc(count, ++numbers),
    async openUdp(options) {
      const socket = await openUdp({
        ...options,
        host: '127.0.0.1',
        log: silentLog,
        received: (data, from) => {
          received.push(Buffer.from(data));
          options.received(data, from);
        },
      });
      return {
        ...socket,
        send: (data, to) => {
          sent.push({ port: socket.port, data: Buffer.from(data) });
          return socket.send(data, to);
        },
      };
    },
    resolveHost,
    localAddressTowards: async () => '127.0.0.1',
    heard: () => {},
    bound: (binding) => void bindings.push(binding),
  });
  return { bindings, sent, received };
}

describe.skipIf(!hasCoturn)('coturn', () => {
  let server: StunServer;
  beforeAll(async () => {
    // With a second address it does what RFC 5780 asks for.
    server = await startCoturn(['--listening-ip', '127.0.0.2']);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('tells the binding, and is told that it has changed', async () => {
    const { bindings, sent } = keep(server);
    await expect.poll(() => bindings).toHaveLength(1);
    const [{ mapped, natDetected }] = bindings as [StunBinding];
    expect(mapped).toEqual({ address: '127.0.0.1', port: sent[0]!.port });
    expect(natDetected).toBe(false);
    await expect.poll(() => keeper!.keepAliveSeconds).toBe(30);
    await expect.poll(() => sent.length).toBeGreaterThan(4);
    expect(sent.map(({ data }) => data.includes(Buffer.from('c0020000', 'hex'))).slice(0, 4)).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(bindings).toHaveLength(1);
  });

  it('helps to find out how long a binding lives, by RESPONSE-PORT', async () => {
    const { bindings } = keep(server, '', 240);
    await expect.poll(() => keeper!.keepAliveSeconds, { timeout: 8000 }).toBe(216);
    expect(bindings).toHaveLength(1);
  });
});

describe.skipIf(!hasCoturn)('coturn that asks for credentials', () => {
  let server: StunServer;
  beforeAll(async () => {
    server = await startCoturn(['--secure-stun', '--lt-cred-mech', '--user', 'cpe:stun-secret', '--realm', 'lab']);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('answers to the right ones', async () => {
    const { bindings, received } = keep(server, 'stun-secret');
    await expect.poll(() => bindings).toHaveLength(1);
    expect(received[0]!.readUInt16BE(0)).toBe(0x0111);
  });

  it('not to the wrong ones', async () => {
    const { bindings, received } = keep(server, 'guess');
    await expect.poll(() => received.length).toBeGreaterThanOrEqual(3);
    expect(received.every((answer) => answer.readUInt16BE(0) === 0x0111)).toBe(true);
    expect(bindings).toEqual([]);
  });
});
