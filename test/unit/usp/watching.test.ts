import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import type { Change, DataModel, Origin, View, WriteAnswer } from '#model';
import type { ControllerRows } from '../../../src/usp/notify/controller-rows.ts';
import { monitors } from '../../../src/usp/notify/monitors.ts';
import { thresholds } from '../../../src/usp/notify/thresholds.ts';
import { watchdogs } from '../../../src/usp/notify/watchdogs.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const controller = 'Device.LocalAgent.Controller.1';
const origin: Origin = { by: 'usp', peer: 'proto::one' };
const tandem = `
config controller 'one'
	option endpoint_id 'proto::one'
	option enable '1'
	option provisioning_code 'a'
	option periodic_interval '1'

config controller 'two'
	option endpoint_id 'proto::two'
	option enable '1'
`;

describe('what controllers have watched for themselves', () => {
  let clock: HandClock;
  let fixture: ModelFixture;
  let model: DataModel;
  let tables: readonly ControllerRows<Disposable>[];
  let access: View['access'];
  let there: boolean;
  let events: Extract<Change, { kind: 'event' }>[];

  beforeEach(async () => {
    clock = new HandClock();
    access = undefined;
    there = true;
    events = [];
    fixture = await openModel({ bus: new FakeBus({}), packages: { tandem }, clock });
    model = fixture.model;
    const view: View = {
      protocol: 'usp',
      access: {
        allows: (target, right, path) => access?.allows(target, right, path) ?? true,
      },
    };
    const parts = {
      model,
      clock,
      log: silentLog,
      recipient: (path: string) => (there && path === controller ? { view } : undefined),
      controllerRow: (id: string) => (id === origin.peer ? controller : undefined),
      isController: () => there,
    };
    tables = [thresholds(parts), monitors(parts), watchdogs(parts)];
    const paths = ['Device.LocalAgent.'];
    await model.watch({ protocol: 'usp' }, { paths, kinds: ['event'] }, (change) => {
      if (change.kind === 'event') events.push(change);
    });
  });
  afterEach(async () => {
    for (const table of tables) await table[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
    rmSync(fixture.root, { recursive: true, force: true });
  });

  const synced = async (): Promise<void> => {
    for (const table of tables) await table.sync();
  };
  const parameters = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
  const add = async (path: string, values: Record<string, string>, by = origin): Promise<WriteAnswer> => {
    const writes = [{ op: 'add', path, parameters: parameters({ Enable: 'true', ...values }) }] as const;
    const answer = await model.write({ protocol: 'usp' }, writes, { origin: by, partial: false });
    await synced();
    return answer;
  };
  const set = async (path: string, values: Record<string, string>): Promise<void> => {
    const write = { op: 'set', path, parameters: parameters(values) } as const;
    await model.write({ protocol: 'usp' }, [write], { origin: { by: 'cli' }, partial: false });
    await synced();
  };
  const value = async (path: string): Promise<string | undefined> => {
    const [reading] = await model.get({ protocol: 'usp' }, [path]);
    return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
  };
  const rows = async (table: string): Promise<number> => {
    const found = await model.instances({ protocol: 'usp' }, table, true);
    return found.ok ? found.value.length : -1;
  };

  describe('a monitor', () => {
    const table = 'Device.LocalAgent.Monitor.';
    const watched =
      'Device.LocalAgent.Controller.*.ProvisioningCode,Device.LocalAgent.Controller.1.PeriodicNotifInterval';

    it('tells what has changed within its interval at once, objects and pulses apart, with values before and times', async () => {
      await add(table, { Interval: '2000000', ReferenceList: watched });
      await set(`${controller}.`, { ProvisioningCode: 'b' });
      clock.advance(500);
      await set(`${controller}.`, { ProvisioningCode: 'c', PeriodicNotifInterval: '7' });
      await set('Device.LocalAgent.Controller.2.', { ProvisioningCode: 'x' });
      clock.advance(1499);
      expect(events).toEqual([]);
      clock.advance(1);
      expect(events).toHaveLength(1);
      const [{ path, recipient, args }] = events as [(typeof events)[number]];
      expect([path, recipient]).toEqual([`${table}1.OnChange!`, controller]);
      expect(args['ChangeSet.1.ObjectPath']).toBe(`${controller}.`);
      expect(args['ChangeSet.2.ObjectPath']).toBe('Device.LocalAgent.Controller.2.');
      const changes = (set: number) =>
        [1, 2, 3, 4].flatMap((at) => {
          const of = (name: string) => args[`ChangeSet.${set}.Parameter.${at}.${name}`];
          return of('Name') === undefined ? [] : [[of('Name'), of('OldValue'), of('Value'), of('ChangeTime')]];
        });
      const later = '2026-01-01T00:00:00.500000Z';
      expect(changes(1)[0]).toEqual(['ProvisioningCode', 'a', 'b', '2026-01-01T00:00:00.000000Z']);
      expect(changes(1).slice(1).sort()).toEqual([
        ['PeriodicNotifInterval', '1', '7', later],
        ['ProvisioningCode', 'b', 'c', later],
      ]);
      expect(changes(2)).toEqual([['ProvisioningCode', '', 'x', later]]);
      // Nothing more has changed.
      clock.advance(10_000);
      expect(events).toHaveLength(1);
    });

    it('without an interval tells each change by itself, and none when it is disabled', async () => {
      await add(table, { ReferenceList: watched });
      for (const code of ['b', 'c']) await set(`${controller}.`, { ProvisioningCode: code });
      expect(events.map(({ args }) => args['ChangeSet.1.Parameter.1.Value'])).toEqual(['b', 'c']);
      await set(`${table}1.`, { Enable: 'false' });
      await set(`${controller}.`, { ProvisioningCode: 'd' });
      expect(events).toHaveLength(2);
    });

    it('forgets what it has not told when it goes', async () => {
      await add(table, { Interval: '2000000', ReferenceList: watched });
      await set(`${controller}.`, { ProvisioningCode: 'b' });
      await set(`${table}1.`, { Enable: 'false' });
      clock.advance(10_000);
      expect(events).toEqual([]);
    });

    it('is not made of what is not supported', async () => {
      for (const ReferenceList of ['Device.Nowhere.', `${controller}.Nothing`, `${watched},Device.Nowhere.A`]) {
        expect((await add(table, { ReferenceList })).committed).toBe(false);
      }
      for (const ReferenceList of ['Device.LocalAgent.Controller.', 'Device.WiFi.SSID.[Enable=="true,1"].SSID']) {
        expect((await add(table, { ReferenceList })).committed).toBe(true);
      }
    });
  });

  describe('a watchdog', () => {
    const table = 'Device.LocalAgent.Watchdog.';
    const dog = (more: Record<string, string> = {}) =>
      add(table, { ReloadTimerValue: '10', Reference: 'Device.LocalAgent.Controller.*.ProvisioningCode', ...more });
    const state = async () => [await value(`${table}1.Status`), await value(`${table}1.RemainingTimerValue`)];

    it('barks once when one of its parameters has not changed in time, until it is reset', async () => {
      await dog({ SeverityIndication: 'Major' });
      expect(await state()).toEqual(['Active', '10']);
      clock.advance(4000);
      await set(`${controller}.`, { ProvisioningCode: 'b' });
      expect(await state()).toEqual(['Active', '6']);
      clock.advance(6000);
      expect(events).toMatchObject([
        {
          path: `${table}1.Watchdog!`,
          recipient: controller,
          args: { ReloadTimerValue: '10', SeverityIndication: 'Major' },
        },
      ]);
      expect(await state()).toEqual(['Expired', '0']);
      for (const row of [1, 2]) await set(`Device.LocalAgent.Controller.${row}.`, { ProvisioningCode: 'c' });
      clock.advance(60_000);
      expect(await state()).toEqual(['Expired', '0']);
      const reset = { path: `${table}1.Reset()`, args: {}, commandKey: '', origin };
      expect((await model.operate({ protocol: 'usp' }, reset)).ok).toBe(true);
      expect(await state()).toEqual(['Active', '10']);
      clock.advance(10_000);
      expect(events).toHaveLength(2);
    });

    it('starts anew when all have changed, not before', async () => {
      await dog();
      clock.advance(9000);
      await set('Device.LocalAgent.Controller.1.', { ProvisioningCode: 'b' });
      expect(await state()).toEqual(['Active', '1']);
      await set('Device.LocalAgent.Controller.2.', { ProvisioningCode: 'b' });
      await expect.poll(state).toEqual(['Active', '10']);
      expect(events).toEqual([]);
    });

    it('sleeps while it is disabled or has nothing to wait for', async () => {
      await dog({ Enable: 'false' });
      await dog({ ReloadTimerValue: '0' });
      expect([await value(`${table}1.Status`), await value(`${table}2.Status`)]).toEqual(['Inactive', 'Inactive']);
      await set(`${table}1.`, { Enable: 'true' });
      expect(await state()).toEqual(['Active', '10']);
      await set(`${table}1.`, { Enable: 'false' });
      clock.advance(60_000);
      expect(events).toEqual([]);
    });
  });

  it.each([
    ['Device.LocalAgent.Monitor.', { ReferenceList: `${controller}.PeriodicNotifInterval` }],
    ['Device.LocalAgent.Watchdog.', { Reference: `${controller}.PeriodicNotifInterval`, ReloadTimerValue: '5' }],
    [
      'Device.LocalAgent.Threshold.',
      { ReferencePath: `${controller}.`, ThresholdParam: 'PeriodicNotifInterval', ThresholdValue: '5' },
    ],
  ])('is a controller’s, and goes with it: %s', async (table, values) => {
    expect((await add(table, values, { by: 'cli' })).committed).toBe(false);
    expect((await add(table, values)).committed).toBe(true);
    expect(await value(`${table}*.Controller`)).toBe(controller);
    there = false;
    await synced();
    await expect.poll(() => rows(table)).toBe(0);
  });

  it('shows nobody what he may not read', async () => {
    const secret = `${controller}.PeriodicNotifInterval`;
    access = { allows: (_, right, path) => !(right === 'r' && path === secret) };
    await add('Device.LocalAgent.Monitor.', { ReferenceList: `${controller}.` });
    await add('Device.LocalAgent.Threshold.', {
      ReferencePath: `${controller}.`,
      ThresholdParam: 'PeriodicNotifInterval',
      ThresholdValue: '5',
    });
    for (const PeriodicNotifInterval of ['1', '9', '2', '8']) await set(`${controller}.`, { PeriodicNotifInterval });
    expect(events).toEqual([]);
    await set(`${controller}.`, { ProvisioningCode: 'b' });
    expect(events).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain('PeriodicNotifInterval');
  });
});
