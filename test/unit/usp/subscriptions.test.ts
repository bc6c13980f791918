import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, silentLog } from '#base';
import type { DataModel, Origin, View, Write, WriteAnswer } from '#model';
import type { Notify } from '#usp';
import { BootEvent } from '../../../src/usp/notify/boot-event.ts';
import type { ControllerRows } from '../../../src/usp/notify/controller-rows.ts';
import { monitors } from '../../../src/usp/notify/monitors.ts';
import { type Recipient, Subscriptions } from '../../../src/usp/notify/subscriptions.ts';
import { thresholds } from '../../../src/usp/notify/thresholds.ts';
import { watchdogs } from '../../../src/usp/notify/watchdogs.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const controllers = ['Device.LocalAgent.Controller.1', 'Device.LocalAgent.Controller.2'];
const origins: readonly Origin[] = [
  { by: 'usp', peer: 'proto::one' },
  { by: 'usp', peer: 'proto::two' },
];
const table = 'Device.LocalAgent.Subscription.';
const code = 'Device.LocalAgent.Controller.1.ProvisioningCode';
const tandem = `
config controller 'one'
	option endpoint_id 'proto::one'
	option enable '1'

config controller 'two'
	option endpoint_id 'proto::two'
	option enable '1'
`;

describe('subscriptions', () => {
  let clock: HandClock;
  let fixture: ModelFixture;
  let model: DataModel;
  let subscriptions: Subscriptions;
  let watched: readonly ControllerRows<Disposable>[];
  let here: Set<string>;
  /** What each controller was told: subscription and content. */
  let told: { readonly to: number; readonly notify: Notify; readonly expires: number }[];
  let access: View['access'];

  beforeEach(async () => {
    clock = new HandClock();
    told = [];
    here = new Set(controllers);
    access = undefined;
    await open();
  });
  afterEach(async () => {
    await close();
    rmSync(fixture.root, { recursive: true, force: true });
  });
  async function open(root?: string): Promise<void> {
    fixture = await openModel({ bus: new FakeBus({}), packages: root ? {} : { tandem }, clock, ...(root && { root }) });
    model = fixture.model;
    model.declare({ path: 'Device.', events: ['Boot!'] });
    const recipients = controllers.map(
      (_, to): Recipient => ({
        endpointId: origins[to]!.peer!,
        transferResults: to === 0 ? 'Both' : 'Failure',
        refresh: () => undefined,
        get view() {
          return { protocol: 'usp', ...(access && { access }) } as const;
        },
        notify: (notify, expires) => told.push({ to: to + 1, notify, expires }),
        forget: () => {},
      }),
    );
    const parts = {
      recipient: (path: string) => (here.has(path) ? recipients[controllers.indexOf(path)] : undefined),
      controllerRow: (id: string) => controllers[origins.findIndex(({ peer }) => peer === id)],
      isController: (path: string) => here.has(path),
    };
    const boot = new BootEvent({ args: {}, owed: undefined, keep: async () => {} }, clock);
    let ids = 0;
    const randomHex = (): string => `${++ids}`;
    subscriptions = new Subscriptions({ model, clock, log: silentLog, randomHex, boot, ...parts });
    const watching = { model, log: silentLog, clock, ...parts };
    watched = [thresholds(watching), monitors(watching), watchdogs(watching)];
    await subscriptions.sync();
  }
  async function close(): Promise<void> {
    await subscriptions[Symbol.asyncDispose]();
    for (const rows of watched) await rows[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  }

  const write = async (writes: Write[], origin: Origin = origins[0]!): Promise<WriteAnswer> => {
    const answer = await model.write({ protocol: 'usp' }, writes, { origin, partial: false });
    await subscriptions.settled();
    for (const rows of watched) await rows.sync();
    return answer;
  };
  const parameters = (values: Record<string, string>): { name: string; value: string; required: true }[] =>
    Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
  const add = (values: Record<string, string>, path = table, origin?: Origin): Promise<WriteAnswer> =>
    write([{ op: 'add', path, parameters: parameters(values) }], origin);
  const set = (path: string, value: string, origin?: Origin): Promise<WriteAnswer> => {
    const dot = path.lastIndexOf('.') + 1;
    return write(
      [{ op: 'set', path: path.slice(0, dot), parameters: parameters({ [path.slice(dot)]: value }) }],
      origin,
    );
  };
  const subscribe = (
    NotifType: string,
    ReferenceList: string,
    more: Record<string, string> = {},
    origin?: Origin,
  ): Promise<WriteAnswer> =>
    add({ Enable: 'true', ID: `${NotifType}`, NotifType, ReferenceList, ...more }, table, origin);
  const value = async (path: string): Promise<string | undefined> => {
    const [reading] = await model.get({ protocol: 'usp' }, [path]);
    return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
  };
  const contents = (): unknown[] =>
    told.map(({ notify: { subscriptionId: _, sendResp: __, ...content } }) => Object.values(content)[0]);

  it('tell a change whoever made it, each pulse of it, and once however many of their paths fit', async () => {
    await subscribe(
      'ValueChange',
      `${code},Device.LocalAgent.Controller.*.ProvisioningCode,Device.LocalAgent.Controller.1.`,
    );
    await set(code, 'up', origins[0]);
    await set(code, '', { by: 'cli' });
    expect(contents()).toEqual([
      { paramPath: code, paramValue: 'up' },
      { paramPath: code, paramValue: '' },
    ]);
    await set(code, '', origins[1]);
    expect(told).toHaveLength(2);
  });

  it('tell of transfers what their controller wants to be told of', async () => {
    model.declare({ path: 'Device.LocalAgent.', events: ['TransferComplete!'] });
    for (const origin of origins) await subscribe('Event', 'Device.LocalAgent.TransferComplete!', {}, origin);
    for (const FaultCode of ['0', '7022']) {
      model.raise('Device.LocalAgent.TransferComplete!', { FaultCode }, { by: 'device' });
    }
    expect(told.map(({ to, notify }) => [to, notify.event?.params.FaultCode])).toEqual([
      [1, '0'],
      [1, '7022'],
      [2, '7022'],
    ]);
  });

  it('are each told once when several are for the same thing', async () => {
    await subscribe('ValueChange', code, { ID: 'a' });
    await subscribe('ValueChange', code, { ID: 'b' });
    await subscribe('ValueChange', code, { ID: 'c' }, origins[1]);
    await set(code, 'x');
    expect(told.map(({ to, notify }) => [to, notify.subscriptionId]).sort()).toEqual([
      [1, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);
  });

  it('find what a search path means when something changes', async () => {
    await subscribe('ValueChange', 'Device.LocalAgent.Controller.[EndpointID=="proto::two"].ProvisioningCode');
    await set(code, 'not meant');
    await set('Device.LocalAgent.Controller.2.ProvisioningCode', 'meant');
    expect(contents()).toEqual([{ paramPath: 'Device.LocalAgent.Controller.2.ProvisioningCode', paramValue: 'meant' }]);
  });

  describe('for rows', () => {
    const boots = 'Device.LocalAgent.Controller.1.BootParameter.';
    const addBoot = (ParameterName: string): Promise<WriteAnswer> => add({ ParameterName }, boots);
    const remove = (path: string): Promise<WriteAnswer> => write([{ op: 'delete', path }]);

    it.each([boots, boots.slice(0, -1), 'Device.LocalAgent.Controller.*.BootParameter.'])(
      'are told of creations in %s with the unique keys',
      async (path) => {
        await subscribe('ObjectCreation', path);
        await addBoot('Device.DeviceInfo.ModelName');
        expect(contents()).toEqual([
          {
            objPath: `${boots}1.`,
            uniqueKeys: { Alias: 'cpe-1', ParameterName: 'Device.DeviceInfo.ModelName' },
          },
        ]);
      },
    );

    it.each([`${boots}1.`, `${boots}*.`, boots, `${boots}[ParameterName=="Device.DeviceInfo.ModelName"].`])(
      'are told of deletions of %s',
      async (path) => {
        await addBoot('Device.DeviceInfo.ModelName');
        await subscribe('ObjectDeletion', path);
        await remove(`${boots}1.`);
        expect(contents()).toEqual([{ objPath: `${boots}1.` }]);
      },
    );

    it('are told of what comes and goes, not of what begins or ceases to fit a search', async () => {
      await addBoot('Device.DeviceInfo.ModelName');
      const fitting = 'Device.LocalAgent.Controller.[ProvisioningCode=="fits"].';
      await subscribe('ObjectCreation', `${fitting}BootParameter.`);
      await subscribe('ObjectDeletion', `${fitting}BootParameter.*.`);
      await subscribe('ObjectDeletion', fitting, { ID: 'controllers' });
      await set(code, 'fits');
      await set(code, '');
      expect(told).toEqual([]);
      await set(code, 'fits');
      await addBoot('Device.DeviceInfo.SerialNumber');
      await remove(`${boots}1.`);
      await remove('Device.LocalAgent.Controller.1.');
      expect(contents()).toEqual([
        { objPath: `${boots}2.`, uniqueKeys: { Alias: 'cpe-2', ParameterName: 'Device.DeviceInfo.SerialNumber' } },
        { objPath: `${boots}1.` },
        { objPath: `${boots}2.` },
        { objPath: 'Device.LocalAgent.Controller.1.' },
      ]);
    });

    it('are not told of rows below those that they mean', async () => {
      await subscribe('ObjectCreation', 'Device.LocalAgent.Controller.');
      await addBoot('Device.DeviceInfo.ModelName');
      await subscribe('ObjectDeletion', 'Device.LocalAgent.Controller.');
      await remove(`${boots}1.`);
      expect(told).toEqual([]);
      await add({ EndpointID: 'proto::three' }, 'Device.LocalAgent.Controller.');
      expect(told).toHaveLength(1);
    });
  });

  it('for commands hear their ends, of the command and of the object', async () => {
    model.declare({
      path: 'Device.',
      commands: { 'ScheduleTimer()': async () => ok({}) },
    });
    await subscribe('OperationComplete', 'Device.ScheduleTimer()', { ID: 'command' });
    await subscribe('OperationComplete', 'Device.', { ID: 'object' }, origins[1]);
    await subscribe('OperationComplete', 'Device.IP.', { ID: 'elsewhere' });
    const args = { DelaySeconds: '1' };
    await model.operate(
      { protocol: 'usp' },
      { path: 'Device.ScheduleTimer()', args, commandKey: 'k', origin: origins[0]! },
    );
    await expect.poll(() => told.length).toBe(2);
    expect(contents()).toEqual(
      new Array(2).fill({
        objPath: 'Device.',
        commandName: 'ScheduleTimer()',
        commandKey: 'k',
        reqOutputArgs: { outputArgs: {} },
      }),
    );
  });

  it('ask for an answer and expire only where they are retried', async () => {
    await subscribe('Event', 'Device.Boot!', { ID: 'plain', NotifExpiration: '60' });
    await subscribe('Event', 'Device.Boot!', { ID: 'retried', NotifRetry: 'true', NotifExpiration: '60' });
    model.raise('Device.Boot!', {}, { by: 'device' });
    expect(told.map(({ notify, expires }) => [notify.subscriptionId, notify.sendResp, expires])).toEqual([
      ['plain', false, 0],
      ['retried', true, 60],
    ]);
  });

  it('hear an event that concerns one controller only as that controller', async () => {
    model.declare({ path: 'Device.LocalAgent.', events: ['Periodic!'] });
    await subscribe('Event', 'Device.LocalAgent.Periodic!', { ID: 'one' });
    await subscribe('Event', 'Device.LocalAgent.', { ID: 'two' }, origins[1]);
    model.raise('Device.LocalAgent.Periodic!', {}, { by: 'device' }, controllers[1]!);
    expect(told.map(({ to }) => to)).toEqual([2]);
  });

  it('say only what the controller may be told', async () => {
    await subscribe('ValueChange', 'Device.LocalAgent.Controller.1.');
    access = { allows: (target, right, path) => right !== 'n' || (target === 'Param' && path !== code) };
    await set(code, 'secret');
    await set('Device.LocalAgent.Controller.1.ControllerCode', 'open');
    expect(contents()).toEqual([{ paramPath: 'Device.LocalAgent.Controller.1.ControllerCode', paramValue: 'open' }]);
  });

  describe('refuse', () => {
    it.each([
      ['an event as a value', 'ValueChange', 'Device.Boot!'],
      ['a parameter as an event', 'Event', code],
      ['an event as a command', 'OperationComplete', 'Device.Boot!'],
      ['a command as a row', 'ObjectCreation', 'Device.Reboot()'],
    ])('%s', async (_, type, path) => {
      expect(await subscribe(type, path)).toMatchObject({ committed: false });
    });

    it('another ReferenceList, but not the same one again, nor the first', async () => {
      await add({ ID: 'late', NotifType: 'ValueChange', Enable: 'true' });
      expect((await set(`${table}1.ReferenceList`, code)).committed).toBe(true);
      expect((await set(`${table}1.ReferenceList`, code)).committed).toBe(true);
      const other = await set(`${table}1.ReferenceList`, 'Device.');
      expect(other.outcomes[0]!.result).toMatchObject({
        ok: false,
        fault: { refusals: [{ fault: { kind: 'not-writable' } }] },
      });
      await set(code, 'x');
      expect(told).toHaveLength(1);
    });

    it('rows of nobody', async () => {
      expect(await subscribe('ValueChange', code, {}, { by: 'cli' })).toMatchObject({ committed: false });
    });

    it('settings that are none', async () => {
      const answer = await subscribe('ValueChange', code, { TriggerConfigSettings: 'Device.X' });
      expect(answer).toMatchObject({ committed: false });
    });
  });

  describe('end', () => {
    it('at their time to live, by a clock that may be set meanwhile', async () => {
      await subscribe('ValueChange', code, { ID: 'short', TimeToLive: '20' });
      await subscribe('ValueChange', code, { ID: 'long', TimeToLive: '86400' });
      clock.advance(19_999);
      await subscriptions.settled();
      expect(await value(`${table}1.ID`)).toBe('short');
      clock.advance(1);
      await expect.poll(() => value(`${table}1.ID`)).toBeUndefined();
      clock.advance(3600_000);
      await subscriptions.settled();
      expect(await value(`${table}2.ID`)).toBe('long');
      clock.set(clock.now() + 86_400_000);
      clock.advance(600_000);
      await expect.poll(() => value(`${table}2.ID`)).toBeUndefined();
    });

    it('with their controller', async () => {
      await subscribe('ValueChange', code, { ID: 'one' });
      await subscribe('ValueChange', code, { ID: 'two' }, origins[1]);
      here.delete(controllers[1]!);
      await subscriptions.sync();
      await expect.poll(() => value(`${table}2.ID`)).toBeUndefined();
      expect(await value(`${table}1.ID`)).toBe('one');
    });

    it('with the run of the agent, unless they persist', async () => {
      await subscribe('ValueChange', code, { ID: 'kept', Persistent: 'true' });
      await subscribe('ValueChange', code, { ID: 'lost' });
      await close();
      await open(fixture.root);
      expect(await value(`${table}1.ID`)).toBe('kept');
      expect(await value(`${table}2.ID`)).toBeUndefined();
      await set(code, 'after');
      expect(told.map(({ notify }) => notify.subscriptionId)).toEqual(['kept']);
    });
  });

  describe('that configure', () => {
    const other = 'Device.LocalAgent.Controller.2.ProvisioningCode';

    it('set what they say in place of telling, or beside it', async () => {
      await subscribe('ValueChange', code, {
        TriggerAction: 'Config',
        TriggerConfigSettings: `${other}="a%2Cb",Device.LocalAgent.Controller.2.Enable=false`,
      });
      await set(code, 'x');
      await expect.poll(() => value(other)).toBe('a,b');
      expect(await value('Device.LocalAgent.Controller.2.Enable')).toBe('false');
      expect(told).toEqual([]);
      await set(`${table}1.TriggerAction`, 'NotifyAndConfig');
      await set(`${table}1.TriggerConfigSettings`, `${table}1.Enable=false`);
      await set(code, 'y');
      await expect.poll(() => value(`${table}1.Enable`)).toBe('false');
      expect(contents()).toEqual([{ paramPath: code, paramValue: 'y' }]);
    });

    it('set all of it or nothing, with the rights of their controller', async () => {
      await subscribe('ValueChange', code, {
        TriggerAction: 'Config',
        TriggerConfigSettings: `${other}=half,Device.LocalAgent.Controller.2.Enable=perhaps`,
      });
      await subscribe('ValueChange', code, {
        ID: 'denied',
        TriggerAction: 'NotifyAndConfig',
        TriggerConfigSettings: 'Device.LocalAgent.Controller.2.ControllerCode=mine',
      });
      access = { allows: (_, right, path) => right !== 'w' || !path.endsWith('ControllerCode') };
      await set(code, 'x');
      await expect.poll(() => told.length).toBe(1);
      await write([]);
      expect(await value(other)).toBe('');
      expect(await value('Device.LocalAgent.Controller.2.ControllerCode')).toBe('');
    });

    it('take what they set from their controller alone, and only if it is certainly the one', async () => {
      await subscribe('ValueChange', code, { ID: 'mine', TriggerAction: 'Config' });
      const settings = `${table}1.TriggerConfigSettings`;
      const mine = 'Device.LocalAgent.Controller.2.ControllerCode=mine';
      for (const origin of [origins[1]!, { ...origins[0]!, unproven: true }]) {
        const answer = await set(settings, mine, origin);
        expect(answer.outcomes[0]!.result).toMatchObject({ ok: false, fault: { fault: { kind: 'denied' } } });
        expect((await set(`${table}1.Enable`, 'true', origin)).committed).toBe(true);
      }
      const more = { ID: 'other', TriggerAction: 'Config', TriggerConfigSettings: mine };
      expect((await subscribe('ValueChange', code, more, { ...origins[0]!, unproven: true })).committed).toBe(false);
      expect((await set(settings, mine)).committed).toBe(true);
      expect((await set(settings, `${code}=1`, { by: 'cwmp' })).committed).toBe(true);
    });

    it('do not keep the device busy when they set off each other', async () => {
      const config = { TriggerAction: 'NotifyAndConfig' };
      await subscribe('ValueChange', code, { ID: 'a', ...config, TriggerConfigSettings: `${code}=b` });
      await subscribe('ValueChange', code, { ID: 'b', ...config, TriggerConfigSettings: `${code}=a` });
      await set(code, 'x');
      let before = -1;
      while (before !== told.length) {
        before = told.length;
        for (let turn = 0; turn < 20; turn++) await write([]);
      }
      expect(told.length).toBeGreaterThan(4);
      expect(told.length).toBeLessThan(80);
    });
  });

  describe('thresholds', () => {
    const port = 'Device.LocalAgent.Controller.1.PeriodicNotifInterval';
    const thresholdTable = 'Device.LocalAgent.Threshold.';
    const threshold = (more: Record<string, string> = {}): Promise<WriteAnswer> =>
      add(
        {
          Enable: 'true',
          ReferencePath: 'Device.LocalAgent.Controller.*.',
          ThresholdParam: 'PeriodicNotifInterval',
          ThresholdValue: '100',
          ...more,
        },
        thresholdTable,
      );

    it('are triggered when the value passes, for the controller that made them', async () => {
      await set(port, '50');
      expect((await threshold()).committed).toBe(true);
      await subscribe('Event', `${thresholdTable}1.Triggered!`);
      await subscribe('Event', `${thresholdTable}*.Triggered!`, {}, origins[1]);
      for (const interval of ['100', '101', '300', '99', '101']) await set(port, interval);
      expect(contents()).toEqual(
        ['101', '101'].map((ParamValue) => ({
          objPath: `${thresholdTable}1.`,
          eventName: 'Triggered!',
          params: { ParamPath: port, ParamValue },
        })),
      );
      expect(told.every(({ to }) => to === 1)).toBe(true);
      expect(await value(`${thresholdTable}1.Controller`)).toBe(controllers[0]);
    });

    it.each([
      ['Rise', ['99', '100', '101'], ['101']],
      ['Fall', ['101', '100', '99'], ['99']],
      ['Cross', ['101', '99', '101'], ['99', '101']],
      ['Eq', ['99', '100', '100', '101', '100'], ['100', '100']],
      ['NotEq', ['100', '101', '102', '100', '99'], ['101', '99']],
    ])('%s', async (ThresholdOperator, values, expected) => {
      await set(port, values[0]!);
      await threshold({ ThresholdOperator });
      await subscribe('Event', thresholdTable);
      for (const next of values.slice(1)) await set(port, next);
      expect(told.map(({ notify }) => notify.event!.params.ParamValue)).toEqual(expected);
    });

    it('are over after once where that is wanted', async () => {
      await set(port, '1');
      await threshold({ OperatingMode: 'Single' });
      await subscribe('Event', thresholdTable);
      await set(port, '101');
      await expect.poll(() => value(`${thresholdTable}1.Enable`)).toBe('false');
      await set(port, '1');
      await set(port, '101');
      expect(told).toHaveLength(1);
    });

    it.each<Record<string, string>>([
      { ThresholdParam: 'ProvisioningCode' },
      { ThresholdParam: 'Nothing' },
      { ReferencePath: 'Device.Nowhere.' },
      { ThresholdValue: 'many' },
    ])('are not made of %o', async (wrong) => {
      expect((await threshold(wrong)).committed).toBe(false);
    });
  });
});
