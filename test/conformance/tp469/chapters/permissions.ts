import { type Bench, type Params, type Row, subscriptions } from '../bench.ts';
import type { ErrorBody } from '../side/peer.ts';
import type { Test } from '../verdict.ts';

const all = 'rwxn';

/** Rights of a permission beside `Param`, `Obj`, …: everything. */
interface Rule {
  readonly targets: string;
  readonly param?: string;
  readonly obj?: string;
  readonly instantiatedObj?: string;
  readonly commandEvent?: string;
}

const rights = ({ targets, param = all, obj = all, instantiatedObj = all, commandEvent = all }: Rule): Params => ({
  Enable: 'true',
  Targets: targets,
  Param: param,
  Obj: obj,
  InstantiatedObj: instantiatedObj,
  CommandEvent: commandEvent,
});

/** `Device.LocalAgent.ControllerTrust.Role.1.`, the first that the judge's controller is assigned. */
async function roleOf(t: Bench): Promise<string> {
  const assigned = await t.value(`${await t.controllerPath()}AssignedRole`);
  const first = assigned?.split(',')[0]?.trim() ?? '';
  t.metric(0, first !== '', 'the controller has no AssignedRole');
  return first.endsWith('.') ? first : `${first}.`;
}

/**
 * Permissions that come before all others of the role, the last one first: the plan leaves Order out, or names small values, where it needs them to take effect.
 */
async function permit(t: Bench, ...rules: Rule[]): Promise<void> {
  const table = `${await roleOf(t)}Permission.`;
  const orders = Object.values(await t.values(`${table}*.Order`)).map(Number);
  const highest = Math.max(0, ...orders.filter(Number.isFinite));
  const rows = rules.map((rule, index): Row => [table, { ...rights(rule), Order: String(highest + 1 + index) }]);
  const resp = t.expect(1, await t.tryAdd(false, rows));
  t.equal(1, resp.createdObjResults.length, rules.length, 'the number of results');
  for (const { operStatus } of resp.createdObjResults) {
    t.metric(1, operStatus?.operSuccess !== undefined, 'a Permission is no oper_success');
    t.equal(1, operStatus.operSuccess.paramErrs, [], 'param_errs of a Permission');
  }
}

/** 7006, of the whole or of what was refused in it. */
function denied(t: Bench, metric: number, error: ErrorBody): void {
  const codes = [error.errCode, ...error.paramErrs.map(({ errCode }) => errCode)];
  t.metric(metric, codes.includes(7006), `the codes are ${codes.join(', ')}, none is 7006`);
}

const negated = async (t: Bench, row: string): Promise<Params> => ({
  'Enable!': (await t.value(`${row}Enable`)) === 'true' ? 'false' : 'true',
});

async function twoControllers(t: Bench): Promise<{ first: string; second: string }> {
  const first = await t.controllerPath();
  const rows = await t.rows('Device.LocalAgent.Controller.');
  const second = rows.find((row) => row !== first);
  t.metric(0, second !== undefined, 'there is only one Controller row');
  return { first, second };
}

/** One table of the two can't be written to. */
async function halfPermitted(t: Bench): Promise<{ first: string; second: string }> {
  const { first, second } = await twoControllers(t);
  for (const row of await t.rows('Device.LocalAgent.Controller.*.BootParameter.')) await t.tryDelete(true, row);
  // Whatever else there is must not get in the way.
  const others = (await t.rows('Device.LocalAgent.Controller.')).filter((row) => row !== first && row !== second);
  t.equal(0, others, [], 'the Controller rows beyond two');
  await permit(
    t,
    { targets: `${first}BootParameter.`, param: 'rw--' },
    { targets: `${second}BootParameter.`, param: 'r---' },
  );
  return { first, second };
}
const bootParameters = 'Device.LocalAgent.Controller.*.BootParameter.';

async function speaks14(t: Bench): Promise<boolean> {
  const request = { controllerSupportedProtocolVersions: '1.0,1.1,1.2,1.3,1.4' };
  const versions = (await t.ask('getSupportedProtocol', request)).resp?.agentSupportedProtocolVersions ?? '';
  return versions.split(',').some((version) => version.trim() === '1.4');
}

const interval = 'PeriodicNotifInterval';

async function watchInterval(t: Bench, id: string): Promise<string> {
  const controller = await t.controllerPath();
  const resp = t.expect(
    2,
    await t.tryAdd(false, [
      [subscriptions, { Enable: 'true', ID: id, NotifType: 'ValueChange', ReferenceList: controller + interval }],
    ]),
  );
  t.metric(2, resp.createdObjResults[0]?.operStatus?.operSuccess !== undefined, 'the Subscription was refused');
  return controller;
}

async function changeInterval(t: Bench, controller: string): Promise<void> {
  const value = (await t.value(controller + interval)) === '7200' ? '7300' : '7200';
  const resp = t.expect(3, await t.trySet(false, [[controller, { [`${interval}!`]: value }]]));
  const done = resp.updatedObjResults[0]?.operStatus?.operSuccess;
  t.metric(3, done !== undefined && interval in (done.updatedInstResults[0]?.updatedParams ?? {}), 'it was not set');
}

export const permissionTests: readonly Test[] = [
  {
    number: '2.10',
    title: 'A Role is added',
    needs: [12],
    async run(t: Bench) {
      const table = 'Device.LocalAgent.ControllerTrust.Role.';
      const resp = t.expect(1, await t.tryAdd(false, [[table, { Enable: 'true', Name: 'Trusted' }]]));
      const done = t.one(1, resp.createdObjResults, 'created_obj_results').operStatus?.operSuccess;
      t.metric(1, done !== undefined, 'it is no oper_success');
      t.metric(1, (await t.rows(table)).includes(done.instantiatedPath), 'the Role is not there');
      t.equal(1, await t.value(`${done.instantiatedPath}Name`), 'Trusted', 'Name');
    },
  },
  {
    number: '2.11',
    title: 'Creating an object is permitted',
    needs: [13],
    async run(t: Bench) {
      await permit(t, { targets: subscriptions, obj: 'rw--' });
      const resp = t.expect(2, await t.tryAdd(false, [[subscriptions, {}]]));
      t.metric(2, resp.createdObjResults[0]?.operStatus?.operSuccess !== undefined, 'it is no oper_success');
    },
  },
  {
    number: '2.12',
    title: 'Creating an object is not permitted',
    needs: [13],
    async run(t: Bench) {
      await permit(t, { targets: subscriptions, obj: 'r---' });
      denied(t, 2, t.refused(2, await t.tryAdd(false, [[subscriptions, {}]])));
    },
  },
  {
    number: '2.13',
    title: 'Deleting an object is permitted',
    needs: [13],
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      await permit(t, { targets: subscriptions, instantiatedObj: 'rw--' });
      const resp = t.expect(2, await t.tryDelete(false, row!));
      t.equal(2, resp.deletedObjResults[0]?.operStatus?.operSuccess?.affectedPaths, [row], 'affected_paths');
    },
  },
  {
    number: '2.14',
    title: 'Deleting an object is not permitted',
    needs: [13],
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      await permit(t, { targets: subscriptions, instantiatedObj: 'r---' });
      denied(t, 2, t.refused(2, await t.tryDelete(false, row!)));
      t.metric(2, (await t.rows(subscriptions)).includes(row!), `${row} is gone`);
    },
  },
  {
    number: '2.15',
    title: 'Updating a parameter is permitted',
    needs: [13],
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      await permit(t, { targets: row!, param: 'rw--' });
      const resp = t.expect(2, await t.trySet(false, [[row!, await negated(t, row!)]]));
      const done = resp.updatedObjResults[0]?.operStatus?.operSuccess?.updatedInstResults[0];
      t.equal(2, Object.keys(done?.updatedParams ?? {}), ['Enable'], 'the names in updated_params');
    },
  },
  {
    number: '2.16',
    title: 'Updating a parameter is not permitted',
    needs: [13],
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      await permit(t, { targets: row!, param: 'r---' });
      denied(t, 2, t.refused(2, await t.trySet(false, [[row!, await negated(t, row!)]])));
      t.equal(2, await t.value(`${row}Enable`), 'true', 'Enable');
    },
  },
  {
    number: '2.17',
    title: 'Operating a command is permitted',
    needs: [10, 13],
    async run(t: Bench) {
      await permit(t, { targets: 'Device.Reboot()', commandEvent: 'r-x-' });
      const before = t.link.connections('primary');
      const resp = t.expect(2, await t.tryOperate('Device.Reboot()', 'test217'));
      t.metric(2, resp.operationResults[0]?.reqOutputArgs !== undefined, 'there is no req_output_args');
      await t.connectedAgain(before);
    },
  },
  {
    number: '2.18',
    title: 'Operating a command is not permitted',
    needs: [10, 13],
    async run(t: Bench) {
      await permit(t, { targets: 'Device.Reboot()', commandEvent: 'r---' });
      const before = t.link.connections('primary');
      const reply = await t.tryOperate('Device.Reboot()', 'test218');
      // Agents of USP 1.3 and before may answer with an Error message (the plan's note).
      if (reply.error && !(await speaks14(t))) t.messageCode(2, reply.error.errCode, 'operate');
      else {
        const failure = t.one(2, t.expect(2, reply).operationResults, 'operation_results').cmdFailure;
        t.metric(2, failure !== undefined, 'there is no cmd_failure');
        t.code(2, failure.errCode, 'operate');
      }
      await t.pass(5);
      t.equal(2, t.link.connections('primary'), before, 'the number of connections');
    },
  },
  {
    number: '2.19',
    title: 'A notification of a changed value is permitted',
    needs: [13],
    async run(t: Bench) {
      const path = await t.controllerPath();
      await t.borrowed(path, { [interval]: '86400' });
      await permit(t, { targets: path + interval, param: 'rw-n' });
      const controller = await watchInterval(t, 'judge219');
      await changeInterval(t, controller);
      const { what } = await t.notified(4, ({ subscriptionId }) => subscriptionId === 'judge219', { seconds: 60 });
      t.equal(4, what.valueChange?.paramPath, controller + interval, 'param_path');
    },
  },
  {
    number: '2.20',
    title: 'A notification of a changed value is not permitted',
    needs: [13],
    async run(t: Bench) {
      const path = await t.controllerPath();
      await t.borrowed(path, { [interval]: '86400' });
      await permit(t, { targets: path + interval, param: 'rw--' });
      const controller = await watchInterval(t, 'judge220');
      await changeInterval(t, controller);
      await t.pass(30);
      const heard = t.heard(({ valueChange }) => valueChange?.paramPath === controller + interval);
      t.equal(4, heard.filter(({ what }) => what.subscriptionId === 'judge220').length, 0, 'the notifications');
    },
  },
  {
    number: '2.21',
    title: 'The permission of the highest Order counts',
    needs: [13],
    async run(t: Bench) {
      const [boot] = await t.bootParameters({ Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' });
      const table = boot!.replace(/[0-9]+\.$/, '');
      const told = async (): Promise<boolean> =>
        Object.keys(await t.values(table)).some((name) => name.startsWith(boot!));
      await permit(t, { targets: boot!, param: '----' }, { targets: boot!, param: 'rw--' });
      t.metric(2, await told(), `${boot} is not told`);
      await permit(t, { targets: boot!, param: '----' });
      t.metric(4, !(await told()), `${boot} is told`);
    },
  },
  {
    number: '2.22',
    title: 'What may not be read is left out of a Get',
    needs: [13],
    async run(t: Bench) {
      const [boot] = await t.bootParameters({ Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' });
      await permit(t, { targets: boot!, param: 'rw--' }, { targets: `${boot}ParameterName`, param: '----' });
      const names = Object.keys(await t.values(boot!));
      t.metric(2, names.includes(`${boot}Enable`), 'Enable is missing');
      t.metric(2, !names.includes(`${boot}ParameterName`), 'ParameterName is told');
    },
  },
  {
    number: '2.23',
    title: 'Add with a search path, half of it permitted, allow_partial true',
    needs: [13],
    async run(t: Bench) {
      const { first } = await halfPermitted(t);
      const resp = t.expect(2, await t.tryAdd(true, [[bootParameters, { 'Enable!': 'false' }]]));
      t.equal(2, resp.createdObjResults.length, 2, 'the number of results');
      const made = resp.createdObjResults.flatMap(({ operStatus }) => operStatus?.operSuccess?.instantiatedPath ?? []);
      t.equal(2, made.length, 1, 'the number of rows');
      t.metric(2, made[0]!.startsWith(`${first}BootParameter.`), `${made[0]} was created`);
      const codes = resp.createdObjResults.flatMap(({ operStatus }) => operStatus?.operFailure?.errCode ?? []);
      t.equal(3, codes, [7006], 'the code of the failure');
    },
  },
  {
    number: '2.24',
    title: 'Add with a search path, half of it permitted, allow_partial false',
    needs: [13],
    async run(t: Bench) {
      const { second } = await halfPermitted(t);
      const before = await t.rows(bootParameters);
      const error = t.refused(2, await t.tryAdd(false, [[bootParameters, { 'Enable!': 'false' }]]));
      t.equal(2, error.errCode, 7006, 'err_code');
      const about = t.one(2, error.paramErrs, 'param_errs');
      t.metric(2, about.paramPath.startsWith(`${second}BootParameter`), `param_path is ${about.paramPath}`);
      t.equal(2, about.errCode, 7006, 'err_code of the parameter error');
      t.equal(3, await t.rows(bootParameters), before, 'the BootParameter rows');
    },
  },
  {
    number: '2.25',
    title: 'Add without the parameter that may not be written',
    needs: [13],
    async run(t: Bench) {
      await permit(t, { targets: `${subscriptions}*.Enable`, param: 'r---' });
      const params = {
        ID: 'add25',
        NotifType: 'ValueChange',
        'ReferenceList!': 'Device.LocalAgent.SoftwareVersion',
      };
      const resp = t.expect(2, await t.tryAdd(false, [[subscriptions, params]]));
      const path = resp.createdObjResults[0]?.operStatus?.operSuccess?.instantiatedPath;
      t.metric(2, path !== undefined, 'it is no oper_success');
      t.equal(3, await t.value(`${path}Enable`), 'false', 'Enable');
    },
  },
  {
    number: '2.26',
    title: 'Add with the required parameter that may not be written',
    needs: [13],
    async run(t: Bench) {
      await permit(t, { targets: `${subscriptions}*.Enable`, param: 'r---' });
      const params = {
        ID: 'add26',
        NotifType: 'ValueChange',
        'ReferenceList!': 'Device.LocalAgent.SoftwareVersion',
        'Enable!': 'true',
      };
      const resp = t.expect(2, await t.tryAdd(true, [[subscriptions, params]]));
      const { operStatus } = t.one(2, resp.createdObjResults, 'created_obj_results');
      t.equal(2, operStatus?.operFailure?.errCode, 7006, 'err_code');
      const ids = Object.values(await t.values(`${subscriptions}*.ID`));
      t.metric(3, !ids.includes('add26'), 'the Subscription was created');
    },
  },
];
