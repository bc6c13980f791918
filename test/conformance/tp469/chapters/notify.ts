import { type Bench, type Params, subscriptions } from '../bench.ts';
import type { HeardNotify } from '../side/peer.ts';
import type { Test } from '../verdict.ts';
import { hasKeys } from './add.ts';
import { withoutSecond } from './second-controller.ts';

type Notify = HeardNotify['what'];

interface Watched {
  readonly controller: string;
  readonly parameter: string;
  readonly row: string;
  /** Sets the parameter that is subscribed to. */
  readonly change: (value: string) => Promise<void>;
  readonly ours: (notify: Notify) => boolean;
}

/** A ValueChange subscription on the ProvisioningCode of the judge's own Controller row, as most of these tests begin. */
async function watchCode(t: Bench, id: string, extra: Params = {}): Promise<Watched> {
  const controller = await t.controllerPath();
  await t.borrowed(controller, { ProvisioningCode: 'before-the-test' });
  const parameter = `${controller}ProvisioningCode`;
  const [row] = await t.added([
    subscriptions,
    {
      Enable: 'true',
      ID: id,
      NotifType: 'ValueChange',
      'ReferenceList!': parameter,
      NotifRetry: 'true',
      ...extra,
    },
  ]);
  return {
    controller,
    parameter,
    row: row!,
    change: (value) => t.setTo(controller, { 'ProvisioningCode!': value }),
    ours: (notify) => notify.subscriptionId === id,
  };
}

/** An agent that looks for changes may take a while to see one. */
const changeSeconds = 60;

function isChange(t: Bench, metric: number, { what }: HeardNotify, parameter: string, value: string): void {
  t.equal(metric, what.valueChange?.paramPath, parameter, 'param_path');
  t.equal(metric, what.valueChange?.paramValue, value, 'param_value');
}

const secondsBetween = (a: HeardNotify, b: HeardNotify): number => (b.at - a.at) / 1000;

export const notifyTests: readonly Test[] = [
  {
    number: '1.52',
    title: 'A changed value is told',
    async run(t: Bench) {
      const { change, ours, parameter } = await watchCode(t, 'notify52');
      await change('TestValue52');
      const heard = await t.notified(2, ours, { seconds: changeSeconds });
      isChange(t, 2, heard, parameter, 'TestValue52');
    },
  },
  {
    number: '1.53',
    title: 'No notification after the subscription is deleted',
    async run(t: Bench) {
      const { change, ours, row } = await watchCode(t, 'notify53');
      await change('TestValue53');
      await t.notified(0, ours, { seconds: changeSeconds });
      t.expect(1, await t.tryDelete(false, row));
      const heard = t.heard(ours).length;
      await change('notify53-2');
      await t.pass(20);
      t.equal(2, t.heard(ours).length, heard, 'the number of notifications');
    },
  },
  {
    number: '1.54',
    title: 'A notification that is not answered is sent again, and once more',
    async run(t: Bench) {
      const { change, ours, controller } = await watchCode(t, 'notify54');
      await t.borrowed(controller, { USPNotifRetryMinimumWaitInterval: '5', USPNotifRetryIntervalMultiplier: '2000' });
      t.peer.answering = false;
      await change('TestValue54');
      const first = await t.notified(0, ours, { seconds: changeSeconds });
      await t.time.until(() => t.heard(ours)[2], 32);
      const [, second, third] = t.heard(ours);
      t.metric(
        1,
        second !== undefined && third !== undefined,
        `${t.heard(ours).length} notifications instead of three`,
      );
      t.peer.acknowledge(third);
      const waits = [secondsBetween(first, second), secondsBetween(second, third)] as const;
      t.metric(2, waits[0] > 4.5 && waits[0] < 11, `the first retry came after ${waits[0].toFixed(1)} s`);
      t.metric(2, waits[1] > 9.5 && waits[1] < 21, `the second retry came after ${waits[1].toFixed(1)} s`);
    },
  },
  {
    number: '1.55',
    title: 'A subscription ends with its TimeToLive',
    needs: [6],
    async run(t: Bench) {
      const { change, ours, row } = await watchCode(t, 'notify55', { TimeToLive: '20' });
      await change('TestValue55');
      await t.notified(1, ours, { seconds: 18 });
      await t.pass(22);
      t.metric(2, !(await t.rows(subscriptions)).includes(row), `${row} is still there`);
      const heard = t.heard(ours).length;
      await change('TestValue55-2');
      await t.pass(10);
      t.equal(3, t.heard(ours).length, heard, 'the number of notifications');
    },
  },
  {
    number: '1.56',
    title: 'A notification that expires is not sent again',
    needs: [4],
    async run(t: Bench) {
      const { change, ours, controller } = await watchCode(t, 'notify56', { NotifExpiration: '20' });
      await t.borrowed(controller, { USPNotifRetryMinimumWaitInterval: '5', USPNotifRetryIntervalMultiplier: '2000' });
      t.peer.answering = false;
      await change('TestValue56');
      const first = await t.notified(0, ours, { seconds: changeSeconds });
      await t.pass(60);
      const again = t
        .heard(ours)
        .slice(1)
        .map((one) => secondsBetween(first, one));
      t.metric(
        1,
        again.some((seconds) => seconds < 20),
        'it was not sent again within 20 s',
      );
      t.metric(
        2,
        again.every((seconds) => seconds < 21),
        `it was sent again after ${again.at(-1)?.toFixed(1)} s`,
      );
    },
  },
  {
    number: '1.57',
    title: 'A row that comes to be is told',
    async run(t: Bench) {
      const common = { Enable: 'true', NotifRetry: 'true' };
      await t.added([
        subscriptions,
        { ...common, ID: 'notify57', NotifType: 'ObjectCreation', 'ReferenceList!': subscriptions },
      ]);
      const controller = await t.controllerPath();
      const [row] = await t.added([
        subscriptions,
        { ...common, ID: 'notify57-2', NotifType: 'ValueChange', 'ReferenceList!': `${controller}ProvisioningCode` },
      ]);
      const { what } = await t.notified(2, ({ subscriptionId }) => subscriptionId === 'notify57');
      t.equal(2, what.objCreation?.objPath, row, 'obj_path');
      const keys = what.objCreation!.uniqueKeys;
      hasKeys(t, 2, keys, ['ID', 'Recipient']);
      t.equal(2, keys.ID, 'notify57-2', 'ID');
      t.equal(2, keys.Recipient?.replace(/\.$/, ''), controller.replace(/\.$/, ''), 'Recipient');
    },
  },
  {
    number: '1.58',
    title: 'A row that goes is told',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      await t.added([
        subscriptions,
        {
          Enable: 'true',
          ID: 'notify58',
          NotifType: 'ObjectDeletion',
          'ReferenceList!': subscriptions,
          NotifRetry: 'true',
        },
      ]);
      t.expect(0, await t.tryDelete(false, row!));
      const { what } = await t.notified(2, ({ subscriptionId }) => subscriptionId === 'notify58');
      t.equal(2, what.objDeletion?.objPath, row, 'obj_path');
    },
  },
  {
    number: '1.59',
    title: 'Periodic! comes at its interval',
    needs: [5],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      await t.borrowed(controller, { PeriodicNotifInterval: '60', PeriodicNotifTime: '2019-01-01T00:00:00Z' });
      await t.added([
        subscriptions,
        { Enable: 'true', ID: 'sub-103', NotifType: 'Event', ReferenceList: 'Device.LocalAgent.Periodic!' },
      ]);
      const ours = ({ subscriptionId }: Notify): boolean => subscriptionId === 'sub-103';
      const first = await t.notified(3, ours, { seconds: 70 });
      t.equal(3, first.what.event?.eventName, 'Periodic!', 'the event');
      const second = await t.time.until(() => t.heard(ours)[1], 70);
      t.metric(4, second !== undefined, 'there was no second one');
      const seconds = secondsBetween(first, second);
      t.metric(4, Math.abs(seconds - 60) <= 4, `the second came after ${seconds.toFixed(1)} s`);
    },
  },
  {
    number: '1.78',
    title: 'The subscriptions of a controller go with it',
    needs: [7],
    async run(t: Bench) {
      const { path } = await withoutSecond(t);
      const params = [
        { param: 'Enable', value: 'true', required: false },
        { param: 'ID', value: 'judge-78', required: true },
        { param: 'NotifType', value: 'ValueChange', required: true },
        { param: 'ReferenceList', value: 'Device.LocalAgent.SoftwareVersion', required: true },
      ];
      const added = t.expect(
        0,
        await t.ask(
          'add',
          { allowPartial: false, createObjs: [{ objPath: subscriptions, paramSettings: params }] },
          t.second,
        ),
      );
      const row = added.createdObjResults[0]?.operStatus?.operSuccess?.instantiatedPath;
      t.metric(0, row !== undefined && (await t.rows(subscriptions)).includes(row), 'the setup: no Subscription');
      t.expect(0, await t.tryDelete(false, path));
      t.metric(1, !(await t.rows(subscriptions)).includes(row), `${row} is still there`);
    },
  },
  {
    number: '1.84',
    title: 'A subscription with a search path',
    async run(t: Bench) {
      const [boot] = await t.bootParameters(
        { Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' },
        { Enable: 'true', ParameterName: 'Device.LocalAgent.EndpointID' },
      );
      const table = boot!.replace(/[0-9]+\.$/, '');
      await t.added([
        subscriptions,
        { Enable: 'true', ID: 'notify84', NotifType: 'ValueChange', 'ReferenceList!': `${table}*.Enable` },
      ]);
      await t.setTo(boot!, { 'Enable!': 'false' });
      const heard = await t.notified(2, ({ subscriptionId }) => subscriptionId === 'notify84', {
        seconds: changeSeconds,
      });
      isChange(t, 2, heard, `${boot}Enable`, 'false');
    },
  },
  ...(
    [
      ['1.93', 'Config', 'TestValue93'],
      ['1.94', 'NotifyAndConfig', 'TestValue94'],
    ] as const
  ).map(
    ([number, action, value]): Test => ({
      number,
      title: `A subscription with TriggerAction ${action}`,
      needs: [37],
      async run(t: Bench) {
        const id = `notify${number.slice(2)}`;
        const { row, change, ours, parameter } = await watchCode(t, id, { TriggerAction: action });
        await t.setTo(row, { 'TriggerConfigSettings!': `${row}Enable=false` });
        await change(value);
        if (action === 'NotifyAndConfig') {
          isChange(t, 2, await t.notified(2, ours, { seconds: changeSeconds }), parameter, value);
        }
        const metric = action === 'Config' ? 2 : 3;
        for (let waited = 0; waited < changeSeconds && (await t.value(`${row}Enable`)) !== 'false'; waited += 2)
          await t.pass(2);
        t.equal(metric, await t.value(`${row}Enable`), 'false', 'Enable');
        if (action === 'Config') t.equal(2, t.heard(ours).length, 0, 'the number of notifications');
      },
    }),
  ),
];
