import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Change, Write } from '#model';
import type { BlobTable } from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const mapping = {
  file: 'test.json',
  text: JSON.stringify({
    sources: {
      system: { uci: 'system' },
      firewall: { uci: 'firewall' },
      told: { ubus: ['told', 'status'], changes: ['told'] },
      polled: { ubus: ['polled', 'status'], poll: 30 },
      slowly: { ubus: ['slowly', 'status'], poll: 300 },
    },
    'Device.DeviceInfo.': { Description: 'told/text', SerialNumber: 'polled/text', ModelName: 'slowly/text' },
    'Device.Time.': { row: 'system/timeserver/ntp', Enable: { at: 'enabled', default: '0' } },
    'Device.NAT.PortMapping.{i}.': { rows: 'firewall/redirect', add: {}, Description: 'name' },
  }),
};

interface Device {
  readonly fixture: ModelFixture;
  readonly bus: FakeBus;
  readonly clock: HandClock;
  readonly heard: Change[];
  readonly values: Record<string, string>;
  /** Lets everything that is under way end. */
  settle(): Promise<void>;
}

async function device(...watched: string[]): Promise<Device & AsyncDisposable> {
  const values: Record<string, string> = { told: 'a', polled: 'a', slowly: 'a' };
  const answer = (name: string) => (): BlobTable => ({ text: values[name]! });
  const bus = new FakeBus({
    'told status': answer('told'),
    'polled status': answer('polled'),
    'slowly status': answer('slowly'),
    'service event': () => ({}),
  });
  const clock = new HandClock();
  const fixture = await openModel({
    bus,
    clock,
    unlocked: true,
    mappings: [mapping],
    packages: { system: "config timeserver 'ntp'\n", firewall: "config redirect 'r'\n\toption name 'a'\n" },
  });
  const heard: Change[] = [];
  for (const path of watched) {
    const request = { paths: [path], kinds: ['value', 'created', 'deleted'] as const };
    const watch = await fixture.model.watch({ protocol: 'usp' }, request, (change) => heard.push(change));
    if (!watch.ok) throw new Error(watch.fault.message);
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn++) await new Promise((done) => setImmediate(done));
  };
  await settle();
  bus.invoked.length = 0;
  return {
    fixture,
    bus,
    clock,
    heard,
    values,
    settle,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
}
const told = ({ heard }: Device) =>
  heard.map((change) => `${change.kind} ${change.path}${change.kind === 'value' ? `=${change.value}` : ''}`);
const set = (path: string, name: string, value: string): Write => ({
  op: 'set',
  path,
  parameters: [{ name, value, required: true }],
});

describe('an event', () => {
  it('makes those look whom it can concern, and nobody else', async () => {
    await using at = await device('Device.DeviceInfo.Description', 'Device.Time.', 'Device.NAT.');
    at.values.told = 'b';
    await at.bus.sendEvent('told', {});
    at.clock.advance(30);
    await at.settle();
    expect(told(at)).toEqual(['value Device.DeviceInfo.Description=b']);
    expect(at.bus.invoked).toEqual(['told status']);
  });

  it('is one of several, and one change is told once to each', async () => {
    await using at = await device(
      'Device.DeviceInfo.Description',
      'Device.DeviceInfo.Description',
      'Device.DeviceInfo.',
    );
    at.values.told = 'b';
    for (let times = 0; times < 5; times++) await at.bus.sendEvent('told', {});
    at.clock.advance(30);
    await at.settle();
    await at.bus.sendEvent('told', {});
    at.clock.advance(30);
    await at.settle();
    expect(told(at)).toEqual(Array(3).fill('value Device.DeviceInfo.Description=b'));
  });

  it('asks nothing while nobody watches what it concerns', async () => {
    await using at = await device('Device.Time.');
    await at.bus.sendEvent('told', {});
    at.clock.advance(1000);
    await at.settle();
    expect(at.bus.invoked).toEqual([]);
  });
});

describe('a source without an event', () => {
  it('is asked at its own pace, and only for what is watched', async () => {
    await using at = await device('Device.DeviceInfo.SerialNumber');
    at.values.polled = 'b';
    at.clock.advance(29_900);
    await at.settle();
    expect(at.bus.invoked).toEqual([]);
    at.clock.advance(200);
    await at.settle();
    expect(at.bus.invoked).toEqual(['polled status']);
    expect(told(at)).toEqual(['value Device.DeviceInfo.SerialNumber=b']);
    at.clock.advance(300_000);
    await at.settle();
    expect(at.bus.invoked.every((call) => call === 'polled status')).toBe(true);
  });

  it('is left alone once nobody watches it any more', async () => {
    await using at = await device();
    const request = { paths: ['Device.DeviceInfo.SerialNumber'], kinds: ['value'] as const };
    const watch = await at.fixture.model.watch({ protocol: 'usp' }, request, () => {});
    await at.settle();
    at.bus.invoked.length = 0;
    if (watch.ok) watch.value[Symbol.dispose]();
    await at.settle();
    at.clock.advance(600_000);
    await at.settle();
    expect(at.bus.invoked).toEqual([]);
    expect(at.clock.nextMs).toBeUndefined();
  });
});

describe('UCI', () => {
  it('is noticed when somebody else commits, package by package', async () => {
    await using at = await device('Device.Time.Enable', 'Device.NAT.', 'Device.DeviceInfo.Description');
    const config = join(at.fixture.root, 'etc/config/firewall');
    writeFileSync(config, "config redirect 'r'\n\toption name 'b'\nconfig redirect 'more'\n\toption name 'c'\n");
    at.clock.advance(5100);
    await at.settle();
    expect(told(at)).toEqual([
      'created Device.NAT.PortMapping.2.',
      'value Device.NAT.PortMappingNumberOfEntries=2',
      'value Device.NAT.PortMapping.1.Description=b',
    ]);
    expect(at.heard.every(({ origin }) => origin.by === 'device')).toBe(true);
    expect(at.bus.invoked).toEqual([]);
  });
});

describe('a write', () => {
  it('is told at once, with who wrote it, and no source is asked that it can not concern', async () => {
    await using at = await device('Device.Time.Enable', 'Device.NAT.', 'Device.DeviceInfo.');
    const origin = { by: 'cwmp' } as const;
    const answer = await at.fixture.model.write({ protocol: 'cwmp' }, [set('Device.Time.', 'Enable', '1')], {
      origin,
      partial: false,
    });
    expect(answer.committed).toBe(true);
    expect(at.heard).toEqual([{ kind: 'value', path: 'Device.Time.Enable', type: 'boolean', value: 'true', origin }]);
    expect(at.bus.invoked).toEqual(['service event']);
    // The agent's own commit is no foreign one.
    at.clock.advance(10_000);
    await at.settle();
    expect(at.heard).toHaveLength(1);
  });

  it('of an Alias is told although no package changes', async () => {
    await using at = await device('Device.NAT.PortMapping.');
    await at.fixture.model.write({ protocol: 'cwmp' }, [set('Device.NAT.PortMapping.1.', 'Alias', 'mine')], {
      origin: { by: 'cwmp' },
      partial: false,
    });
    expect(told(at)).toEqual(['value Device.NAT.PortMapping.1.Alias=mine']);
  });

  it('that gives what is there already is told to nobody', async () => {
    await using at = await device('Device.NAT.');
    await at.fixture.model.write({ protocol: 'cwmp' }, [set('Device.NAT.PortMapping.1.', 'Description', 'a')], {
      origin: { by: 'cwmp' },
      partial: false,
    });
    expect(told(at)).toEqual([]);
  });
});
