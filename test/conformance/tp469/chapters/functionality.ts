import { type Bench, type Params, subscriptions } from '../bench.ts';
import type { HeardNotify } from '../side/peer.ts';
import { NotRunnable, type Test } from '../verdict.ts';
import { isOnBoardRequest } from './onboarding.ts';
import { addController, removeSecond, withoutSecond } from './second-controller.ts';

type Notify = HeardNotify['what'];

const watch = (t: Bench, id: string, NotifType: string, ReferenceList: string): Promise<string[]> =>
  t.added([subscriptions, { Enable: 'true', ID: id, NotifType, 'ReferenceList!': ReferenceList, Persistent: 'true' }]);

const event =
  (name: string) =>
  ({ event: heard }: Notify): boolean =>
    heard?.eventName === name;
const complete =
  (name: string) =>
  ({ operComplete }: Notify): boolean =>
    operComplete?.commandName === name;

interface Images {
  readonly active: string;
  /** `undefined`: there is one bank only. */
  readonly inactive: string | undefined;
}

/** What the profile is about is there at all. */
async function supports(t: Bench, command: string): Promise<void> {
  const resp = t.expect(
    0,
    await t.ask('getSupportedDm', {
      objPaths: ['Device.DeviceInfo.FirmwareImage.'],
      firstLevelOnly: true,
      returnCommands: true,
      returnEvents: false,
      returnParams: false,
      returnUniqueKeySets: false,
    }),
  );
  const commands = resp.reqObjResults.flatMap(({ supportedObjs }) =>
    supportedObjs.flatMap(({ supportedCommands }) => supportedCommands.map(({ commandName }) => commandName)),
  );
  t.metric(0, commands.includes(command), `FirmwareImage.{i}.${command} is not supported`);
}

/** The firmware banks: `Device.DeviceInfo.FirmwareImage.1.` */
async function images(t: Bench, command: 'Download()' | 'Activate()'): Promise<Images> {
  await supports(t, command);
  const rows = await t.rows('Device.DeviceInfo.FirmwareImage.');
  t.metric(0, rows.length > 0, 'Device.DeviceInfo.FirmwareImage. has no rows');
  const active = ((await t.value('Device.DeviceInfo.ActiveFirmwareImage')) ?? '').replace(/\.?$/, '.');
  t.metric(0, rows.includes(active), `ActiveFirmwareImage is ${active}`);
  return { active, inactive: rows.find((row) => row !== active) };
}

function firmware(t: Bench): { readonly url: string; readonly version: string } {
  const given = t.descriptor.use?.firmware;
  if (!given) throw new NotRunnable('needs use.firmware');
  return given;
}
function inactive({ inactive: row }: Images): string {
  if (row === undefined) throw new NotRunnable('needs a second firmware bank');
  return row;
}

/** The agent boots into new firmware. */
async function booted(t: Bench, metric: number, from: number): Promise<void> {
  const { what } = await t.notified(metric, event('Boot!'), { from, seconds: 600 });
  t.equal(metric, what.event!.params.FirmwareUpdated, 'true', 'FirmwareUpdated');
}

async function activated(t: Bench, mode: string, start: string, end: string, seconds: number): Promise<void> {
  const row = inactive(await images(t, 'Activate()'));
  const { version } = firmware(t);
  await watch(t, 'judge-boot', 'Event', 'Device.Boot!');
  await watch(t, 'judge-activate', 'OperationComplete', `${row}Activate()`);
  const from = t.peer.notifications.length;
  const args = { 'TimeWindow.1.Start': start, 'TimeWindow.1.End': end, 'TimeWindow.1.Mode': mode };
  t.expect(0, await t.tryOperate(`${row}Activate()`, 'judge-activate', args));
  await t.notified(1, complete('Activate()'), { from, seconds });
  await booted(t, 2, from);
  t.equal(3, await t.value('Device.DeviceInfo.SoftwareVersion'), version, 'SoftwareVersion');
}

async function download(t: Bench, row: string, args: Params): Promise<number> {
  await watch(t, 'judge-transfer', 'Event', 'Device.LocalAgent.TransferComplete!');
  await watch(t, 'judge-boot', 'Event', 'Device.Boot!');
  await watch(t, 'judge-download', 'OperationComplete', `${row}Download()`);
  const from = t.peer.notifications.length;
  t.peer.say(t.peer.nextId(), {
    kind: 'request',
    request: {
      operate: { command: `${row}Download()`, commandKey: 'judge-download', sendResp: false, inputArgs: args },
    },
  });
  return from;
}

export const functionalityTests: readonly Test[] = [
  {
    number: '9.2',
    title: 'AddCertificate()',
    needs: [25],
    async run(t: Bench) {
      const { foreign } = t.serverTls ?? {};
      if (!foreign) throw new NotRunnable('the judge has no certificate of another authority');
      const args = { Alias: 'addedCert', Certificate: foreign.ca };
      const resp = t.expect(1, await t.tryOperate('Device.LocalAgent.AddCertificate()', 'judge92', args));
      const { cmdFailure } = t.one(1, resp.operationResults, 'operation_results');
      t.metric(1, cmdFailure === undefined, `cmd_failure ${cmdFailure?.errCode} ${cmdFailure?.errMsg}`);
      const { link } = t;
      if (!link.show) throw new NotRunnable('the judge is the client');
      const before = link.connections('primary');
      const restore = link.show('foreign');
      t.later(async () => {
        restore();
        const count = link.connections('primary');
        link.cut('primary');
        await t.connectedAgain(count, 400);
      });
      link.cut('primary');
      await t.connectedAgain(before, 400);
      const aliases = await t.values('Device.LocalAgent.Certificate.*.Alias');
      const mine = Object.entries(aliases).find(([, alias]) => alias === 'addedCert');
      t.metric(3, mine !== undefined, 'the certificate is not in the table');
      const command = `${mine[0].slice(0, -'Alias'.length)}Delete()`;
      const deleted = t.expect(4, await t.tryOperate(command, 'judge92'));
      t.metric(4, deleted.operationResults[0]?.cmdFailure === undefined, 'it could not be deleted');
    },
  },
  {
    number: '9.3',
    title: 'Firmware is downloaded and activated by itself',
    needs: [26],
    async run(t: Bench) {
      const row = inactive(await images(t, 'Download()'));
      const { url, version } = firmware(t);
      const from = await download(t, row, { AutoActivate: 'true', URL: url });
      await t.notified(1, complete('Download()'), { from, seconds: 600 });
      await t.notified(2, event('TransferComplete!'), { from, seconds: 600 });
      await booted(t, 3, from);
      t.equal(4, (await images(t, 'Download()')).active, row, 'ActiveFirmwareImage');
      t.equal(4, await t.value('Device.DeviceInfo.SoftwareVersion'), version, 'SoftwareVersion');
    },
  },
  {
    number: '9.4',
    title: 'Firmware is activated at once',
    needs: [27],
    run: (t: Bench) => activated(t, 'Immediately', '1', '100', 5),
  },
  {
    number: '9.5',
    title: 'Firmware is activated in a window of time',
    needs: [27],
    run: (t: Bench) => activated(t, 'AnyTime', '0', '120', 120),
  },
  {
    number: '9.6',
    title: 'Firmware with another checksum is refused',
    needs: [26],
    async run(t: Bench) {
      const row = inactive(await images(t, 'Download()'));
      const from = await download(t, row, {
        URL: firmware(t).url,
        CheckSumAlgorithm: 'SHA-1',
        CheckSum: '0000000000000000000000000000000000000000',
      });
      await t.notified(1, event('TransferComplete!'), { from, seconds: 600 });
      t.equal(2, await t.value(`${row}Status`), 'ValidationFailed', 'Status');
    },
  },
  {
    number: '9.7',
    title: 'Firmware for the active bank',
    needs: [26],
    async run(t: Bench) {
      const { active, inactive: other } = await images(t, 'Download()');
      const { url } = firmware(t);
      await watch(t, 'judge-transfer', 'Event', 'Device.LocalAgent.TransferComplete!');
      await watch(t, 'judge-boot', 'Event', 'Device.Boot!');
      const from = t.peer.notifications.length;
      const reply = await t.tryOperate(`${active}Download()`, 'judge97', { URL: url, AutoActivate: 'true' });
      const refused = reply.error !== undefined || reply.resp?.operationResults[0]?.cmdFailure !== undefined;
      if (refused && other !== undefined) return;
      t.metric(1, !refused, 'it was refused, though there is one bank only');
      await t.notified(1, event('TransferComplete!'), { from, seconds: 600 });
      await booted(t, 2, from);
    },
  },
  {
    number: '9.8',
    title: 'An activation is cancelled',
    needs: [27, 28],
    async run(t: Bench) {
      const row = inactive(await images(t, 'Activate()'));
      await watch(t, 'judge-boot', 'Event', 'Device.Boot!');
      const from = t.peer.notifications.length;
      const args = { 'TimeWindow.1.Start': '120', 'TimeWindow.1.End': '500', 'TimeWindow.1.Mode': 'AnyTime' };
      const resp = t.expect(1, await t.tryOperate(`${row}Activate()`, 'judge98', args));
      const { executedCommand, reqObjPath } = t.one(1, resp.operationResults, 'operation_results');
      t.metric(1, executedCommand.endsWith('Activate()'), `executed_command is ${executedCommand}`);
      const request = (reqObjPath ?? '').replace(/\.?$/, '.');
      t.metric(1, /^Device\.LocalAgent\.Request\.[0-9]+\.$/.test(request), `req_obj_path is ${reqObjPath}`);
      t.expect(0, await t.tryOperate(`${request}Cancel()`, ''));
      await t.pass(500);
      t.equal(2, t.heard(event('Boot!'), from).length, 0, 'the number of Boot! events');
      const status = (await t.values('Device.LocalAgent.Request.'))[`${request}Status`];
      t.metric(3, status === undefined || /^Cancel/.test(status), `the Status of the request is ${status}`);
    },
  },
  {
    number: '9.9',
    title: 'A new controller is told of the agent',
    needs: [7, 8],
    async run(t: Bench) {
      const { copy, path } = await withoutSecond(t);
      await removeSecond(t, path);
      const before = t.link.connections('secondary');
      const [from, records] = [t.second.notifications.length, t.second.records.length];
      const row = await addController(t, copy);
      const there = await t.time.until(() => (t.link.connections('secondary') > before ? true : undefined), 60);
      await t.tryOperate(`${row}SendOnBoardRequest()`, 'judge99');
      // Over a connection that controllers share, what is heard is what shows that there is a way.
      const came = await t.time.until(() => t.second.records[records], 30);
      t.metric(1, there === true || came !== undefined, 'the agent does not connect to the secondary controller');
      const heard = await t.notified(2, ({ onBoardReq }) => onBoardReq !== undefined, { from, at: t.second });
      isOnBoardRequest(t, 2, heard);
    },
  },
  {
    number: '9.10',
    title: 'Boot! with a parameter',
    needs: [10, 30],
    async run(t: Bench) {
      const parameter = 'Device.DeviceInfo.BootFirmwareImage';
      await t.bootParameters({ Enable: 'true', ParameterName: parameter });
      await watch(t, 'judge910', 'Event', 'Device.Boot!');
      const from = t.peer.notifications.length;
      const before = t.link.connections('primary');
      t.peer.say(t.peer.nextId(), {
        kind: 'request',
        request: { operate: { command: 'Device.Reboot()', commandKey: 'judge910', sendResp: false, inputArgs: {} } },
      });
      await t.connectedAgain(before);
      const { what } = await t.notified(1, event('Boot!'), { from, seconds: 120 });
      const map = what.event!.params.ParameterMap ?? '';
      let names: string[] = [];
      try {
        names = Object.keys(JSON.parse(map) as object);
      } catch {
        t.metric(1, false, `ParameterMap is no JSON: ${map}`);
      }
      t.metric(1, names.includes(parameter), `ParameterMap is ${map}`);
    },
  },
  {
    number: '9.11',
    title: 'ScheduleTimer()',
    needs: [9],
    async run(t: Bench) {
      const command = 'Device.ScheduleTimer()';
      await watch(t, 'judge911', 'OperationComplete', command);
      const from = t.peer.notifications.length;
      const resp = t.expect(1, await t.tryOperate(command, '', { DelaySeconds: '60' }));
      const { executedCommand } = t.one(1, resp.operationResults, 'operation_results');
      t.metric(1, executedCommand.endsWith('ScheduleTimer()'), `executed_command is ${executedCommand}`);
      await t.notified(2, complete('ScheduleTimer()'), { from, seconds: 75 });
    },
  },
];
