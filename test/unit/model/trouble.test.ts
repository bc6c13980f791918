import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Emitter, silentLog } from '#base';
import type { DataModel, WriteAnswer } from '#model';
import { FileStateStore, type Uci, UciError } from '#platform';
import { cwmpFault } from '../../../src/cwmp/faults.ts';
import { Reloads } from '../../../src/model/engine/reloads.ts';
import { failureOf } from '../../../src/usp/errors.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { FaultyDisk } from '../../support/faulty-disk.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const mapping = {
  file: 'test.json',
  text: JSON.stringify({
    sources: { wireless: { uci: 'wireless' } },
    'Device.WiFi.SSID.{i}.': { rows: 'wireless/wifi-iface', add: {}, SSID: 'ssid' },
  }),
};
const open = (uci?: (real: Uci) => Uci): Promise<ModelFixture> =>
  openModel({
    bus: new FakeBus({ 'service event': () => ({}) }),
    clock: new HandClock(),
    unlocked: true,
    mappings: [mapping],
    packages: { wireless: "config wifi-iface 'a'\n\toption ssid 'a'\n" },
    ...(uci && { uci }),
  });
const write = (model: DataModel): Promise<WriteAnswer> =>
  model.write(
    { protocol: 'cwmp' },
    [{ op: 'set', path: 'Device.WiFi.SSID.1.', parameters: [{ name: 'SSID', value: 'b', required: true }] }],
    { origin: { by: 'cwmp' }, partial: false },
  );
function codes(answer: WriteAnswer): [number, number] {
  const { result } = answer.outcomes[0]!;
  if (result.ok) throw new Error('it was taken');
  return [cwmpFault(result.fault.fault).code, failureOf(result.fault.fault).errCode];
}

describe('a write that was valid and can not be done', () => {
  it.each([
    ['the flash is full', 'full-for-good', [9004, 7005], 'no space left'],
    ['the flash is read-only', 'read-only', [9002, 7009], 'the flash is read only'],
  ] as const)('%s: the peer hears which', async (_, trouble, wanted, reason) => {
    await using fixture = await open();
    await fixture.model.get({ protocol: 'usp' }, ['Device.']);
    using disk = new FaultyDisk(fixture.root);
    disk.break(trouble, 0);
    const answer = await write(fixture.model);
    disk.repair();
    expect(answer.committed).toBe(false);
    expect(codes(answer)).toEqual(wanted);
    expect(JSON.stringify(answer.outcomes)).toContain(reason);
    expect(fixture.config('wireless')).toContain("'a'");
    expect((await write(fixture.model)).committed).toBe(true);
  });

  it('somebody holds the lock of the package and does not let go', async () => {
    let held = true;
    await using fixture = await open((real) => ({
      load: (name) => real.load(name),
      packages: () => real.packages(),
      revision: (name) => real.revision(name),
      preview: (name, changes) => real.preview(name, changes),
      text: (name) => real.text(name),
      replace: (name, text) => real.replace(name, text),
      hold: (names, work) =>
        held ? Promise.reject(new UciError('UCI_BUSY', 'somebody holds the lock')) : real.hold(names, work),
    }));
    expect(codes(await write(fixture.model))).toEqual([9002, 7002]);
    held = false;
    expect((await write(fixture.model)).committed).toBe(true);
  });
});

describe('services that could not be told of a change', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-reloads-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A ubusd that can go away. */
  class MortalBus extends FakeBus {
    readonly states = new Emitter<boolean>((error) => {
      throw error;
    });
    alive = true;
    readonly told: string[] = [];
    constructor() {
      super({
        'service event': ({ data }) => {
          if (!this.alive) throw new Error('ubusd is gone');
          this.told.push(String((data as { package: string }).package));
          return {};
        },
      });
    }
    override onState(heard: (connected: boolean) => void): Disposable {
      return this.states.on(heard);
    }
  }

  it('are told when ubus is back, and once', async () => {
    const bus = new MortalBus();
    await using fixture = await openModel({
      bus,
      clock: new HandClock(),
      unlocked: true,
      mappings: [mapping],
      packages: { wireless: "config wifi-iface 'a'\n\toption ssid 'a'\n" },
    });
    bus.alive = false;
    const answer = await write(fixture.model);
    expect(answer.committed).toBe(true);
    expect(readFileSync(join(fixture.root, 'etc/config/wireless'), 'utf8')).toContain("'b'");
    expect(bus.told).toEqual([]);
    bus.alive = true;
    bus.states.emit(true);
    bus.states.emit(true);
    await expect.poll(() => bus.told).toEqual(['wireless']);
  });

  it('are told after a restart of the agent, and not after a reboot', async () => {
    const runtime = () => new FileStateStore(join(directory, 'run'), silentLog);
    const bus = new MortalBus();
    bus.alive = false;
    const before = new Reloads(bus, runtime(), silentLog);
    await before.owe(['network', 'wireless']);
    await before.pay();
    bus.alive = true;
    const again = new Reloads(bus, runtime(), silentLog);
    await again.pay();
    await again.pay();
    expect(bus.told).toEqual(['network', 'wireless']);
    await again.owe(['system']);
    rmSync(join(directory, 'run'), { recursive: true });
    await new Reloads(bus, runtime(), silentLog).pay();
    expect(bus.told).toEqual(['network', 'wireless']);
  });
});
