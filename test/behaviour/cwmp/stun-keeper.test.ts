import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret, silentLog } from '#base';
import { type StunBinding, type StunConfig, StunKeeper } from '../../../src/cwmp/stun/stun-keeper.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { SimulatedNat } from '../../support/nat.ts';
import { pass, settled } from '../../support/settle.ts';

const connectionRequestBinding = 0xc001;
const bindingChange = 0xc002;
const messageIntegrity = 0x0008;

let clock: HandClock;
let nat: SimulatedNat;
let keeper: StunKeeper | undefined;
let bindings: StunBinding[];
let heard: string[];
beforeEach(() => {
  clock = new HandClock();
  nat = new SimulatedNat(clock);
  bindings = [];
  heard = [];
});
afterEach(async () => {
  await keeper?.[Symbol.asyncDispose]();
  keeper = undefined;
  expect(nat.openPorts).toEqual([]);
  expect(clock.nextMs).toBeUndefined();
});

function start(config: Partial<StunConfig> = {}): StunKeeper {
  let numbers = 0;
  keeper = new StunKeeper({
    config: {
      host: 'stun.example',
      port: 3478,
      credentials: { username: '', password: new Secret('') },
      minimumKeepAliveSeconds: 30,
      maximumKeepAliveSeconds: 30,
      listenPort: 7547,
      ...config,
    },
    clock,
    log: silentLog,
    random: () => 0.5,
    randomBytes: (count) => Buffer.alloc(count, ++numbers),
    openUdp: nat.openUdp,
    resolveHost: nat.resolveHost,
    localAddressTowards: nat.localAddressTowards,
    heard: (data) => void heard.push(Buffer.from(data).toString()),
    bound: (binding) => void bindings.push(binding),
  });
  return keeper;
}
const ofThePort = () => nat.requests.filter(({ attributes }) => attributes.has(connectionRequestBinding));
const credentials = { username: 'cpe', password: new Secret('stun-secret') };

describe('a binding', () => {
  it('is found out, told as changed, and kept by requests that say whose they are', async () => {
    start();
    await settled();
    expect(bindings).toEqual([{ mapped: { address: '203.0.113.9', port: 50_001 }, natDetected: true }]);
    expect(ofThePort().map(({ attributes }) => attributes.has(bindingChange))).toEqual([false, true]);
    expect(ofThePort()[0]!.attributes.get(connectionRequestBinding)!.toString()).toBe('dslforum.org/TR-111 ');
    await pass(clock, 90_000);
    expect(ofThePort().map(({ attributes }) => attributes.has(bindingChange))).toEqual([
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(bindings).toHaveLength(1);
    expect(keeper!.keepAliveSeconds).toBe(30);
  });

  it('is the address itself where there is no NAT', async () => {
    nat.inside = '';
    start();
    await settled();
    expect(bindings).toEqual([{ mapped: { address: '203.0.113.9', port: 7547 }, natDetected: false }]);
  });

  it('that the gateway has replaced is told anew', async () => {
    start();
    await settled();
    nat.forgetBindings();
    await pass(clock, 30_000);
    expect(bindings.map(({ mapped }) => mapped.port)).toEqual([50_001, 50_002]);
    expect(ofThePort().map(({ attributes }) => attributes.has(bindingChange))).toEqual([false, true, false, true]);
  });

  it('is looked at again when the network has changed', async () => {
    start();
    await settled();
    nat.outside = '203.0.113.77';
    keeper!.refresh();
    await settled();
    expect(bindings.at(-1)!.mapped.address).toBe('203.0.113.77');
  });

  it('is asked for again by the table when the server is silent, after nine transmissions', async () => {
    nat.down = true;
    start();
    await pass(clock, 9500);
    expect(nat.requests).toHaveLength(0);
    expect(bindings).toEqual([]);
    expect(keeper!.keepAliveSeconds).toBeUndefined();
    expect(clock.nextMs).toBe(7500);
    nat.down = false;
    await pass(clock, 7500);
    expect(bindings).toHaveLength(1);
  });

  it('says again that it has changed until the server has heard it', async () => {
    start();
    await settled();
    nat.forgetBindings();
    let lost = 0;
    // The answer to the first request after it arrives; what says that it has changed does not, for a while.
    const deliver = nat.deliver.bind(nat);
    nat.deliver = (port, data) => {
      if (nat.requests.at(-1)!.attributes.has(bindingChange) && ++lost <= 12) return false;
      return deliver(port, data);
    };
    await pass(clock, 30_000);
    await pass(clock, 60_000);
    expect(lost).toBeGreaterThan(12);
    expect(nat.requests.filter(({ attributes }) => attributes.has(bindingChange)).length).toBe(14);
    expect(bindings.at(-1)!.mapped.port).toBe(50_002);
  });
});

describe('message integrity', () => {
  it('is not offered to a server that does not ask for it', async () => {
    start({ credentials });
    await pass(clock, 60_000);
    expect(nat.requests.some(({ attributes }) => attributes.has(messageIntegrity))).toBe(false);
  });

  it('is not sent without a user name, whoever asks', async () => {
    nat.password = { text: 'stun-secret', style: 'rfc3489' };
    start();
    await settled();
    expect(nat.requests.some(({ attributes }) => attributes.has(messageIntegrity))).toBe(false);
    expect(bindings).toEqual([]);
  });

  it.each(['rfc3489', 'unpadded', 'long-term'] as const)(
    'is given as the server wants it (%s), once it has asked',
    async (style) => {
      nat.password = { text: 'stun-secret', style };
      start({ credentials });
      await settled();
      expect(bindings).toHaveLength(1);
      const before = nat.requests.length;
      await pass(clock, 30_000);
      expect(nat.requests.length).toBe(before + 1);
      expect(nat.requests.at(-1)!.attributes.has(messageIntegrity)).toBe(true);
    },
  );

  it('of a wrong password ends the try, not the keeper', async () => {
    nat.password = { text: 'another', style: 'rfc3489' };
    start({ credentials });
    await settled();
    expect(nat.requests).toHaveLength(3);
    nat.password = undefined;
    await pass(clock, 7500);
    expect(bindings).toHaveLength(1);
  });
});

describe('the lifetime of a binding', () => {
  it.each(['response-address', 'response-port'] as const)(
    'is found out with ports of their own (%s)',
    async (supports) => {
      nat.supports = supports;
      nat.lifetimeMs = 180_000;
      start({ maximumKeepAliveSeconds: undefined });
      await pass(clock, 1_800_000);
      expect(keeper!.keepAliveSeconds).toBe(148);
      // The port of the connection requests was never lost meanwhile.
      expect(bindings).toHaveLength(1);
      expect(nat.openPorts).toEqual([7547]);
      const before = ofThePort().length;
      await pass(clock, 1_480_000);
      expect(ofThePort().length - before).toBe(10);
      expect(bindings).toHaveLength(1);
    },
  );

  it('stays the minimum with a server that does not help', async () => {
    nat.supports = 'neither';
    start({ maximumKeepAliveSeconds: undefined });
    await pass(clock, 600_000);
    expect(keeper!.keepAliveSeconds).toBe(30);
    expect(nat.openPorts).toEqual([7547]);
  });
});

it('hands on what is no answer that it waits for', async () => {
  start();
  await settled();
  nat.deliver(50_001, Buffer.from('GET http://x?a=b HTTP/1.1'));
  expect(heard).toEqual(['GET http://x?a=b HTTP/1.1']);
  nat.deliver(50_001, nat.requests[0]!.raw);
  expect(heard).toHaveLength(2);
});
