import { type Bench, type Params, subscriptions } from '../bench.ts';
import type { Responses } from '../side/peer.ts';
import type { Test } from '../verdict.ts';

const invalidObject = 'Device.LocalAgent.InvalidObject.';
type Deleted = Responses['deleteResp']['deletedObjResults'][number];

function affected(t: Bench, metric: number, result: Deleted, paths: readonly string[]): void {
  const done = result.operStatus?.operSuccess;
  t.metric(metric, done !== undefined, `refused: ${JSON.stringify(result.operStatus?.operFailure)}`);
  t.equal(metric, [...done.affectedPaths].sort(), [...paths].sort(), 'affected_paths');
}

function failed(t: Bench, metric: number, result: Deleted): void {
  const failure = result.operStatus?.operFailure;
  t.metric(metric, failure !== undefined, 'it is no oper_failure');
  t.code(metric, failure.errCode, 'delete');
}

async function gone(t: Bench, metric: number, table: string, ...rows: string[]): Promise<void> {
  const names = Object.keys(await t.values(table));
  for (const row of rows) t.metric(metric, !names.some((name) => name.startsWith(row)), `${row} is still there`);
}

async function refusedObject(t: Bench, ...paths: string[]): Promise<void> {
  const error = t.refused(1, await t.tryDelete(false, ...paths));
  t.messageCode(2, error.errCode, 'delete');
  const about = t.one(2, error.paramErrs, 'param_errs');
  t.equal(2, about.paramPath, invalidObject, 'param_path');
  t.code(2, about.errCode, 'delete');
}

/** The path of a row that does not exist. */
async function absent(t: Bench): Promise<string> {
  const highest = Math.max(0, ...(await t.rows(subscriptions)).map((row) => Number(/(\d+)\.$/.exec(row)![1])));
  return `${subscriptions}${highest + 1000}.`;
}

const boot = (name: string, extra: Params = {}): Params => ({ Enable: 'true', ParameterName: name, ...extra });

export const deleteTests: readonly Test[] = [
  {
    number: '1.24',
    title: 'Delete of a row, allow_partial false',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const resp = t.expect(1, await t.tryDelete(false, row!));
      const result = t.one(2, resp.deletedObjResults, 'deleted_obj_results');
      t.equal(2, result.requestedPath, row, 'requested_path');
      affected(t, 2, result, [row!]);
      await gone(t, 3, subscriptions, row!);
    },
  },
  ...([false, true] as const).map(
    (allowPartial): Test => ({
      number: allowPartial ? '1.29' : '1.25',
      title: `Delete of a row that does not exist, allow_partial ${allowPartial}`,
      async run(t: Bench) {
        const resp = t.expect(1, await t.tryDelete(allowPartial, await absent(t)));
        affected(t, 1, t.one(1, resp.deletedObjResults, 'deleted_obj_results'), []);
      },
    }),
  ),
  {
    number: '1.26',
    title: 'Delete of an object that does not exist, allow_partial false',
    run: (t: Bench) => refusedObject(t, invalidObject),
  },
  {
    number: '1.27',
    title: 'Delete of two rows, allow_partial false',
    async run(t: Bench) {
      const rows = await t.subscribed({}, {});
      const resp = t.expect(1, await t.tryDelete(false, ...rows));
      t.equal(
        2,
        resp.deletedObjResults.map(({ requestedPath }) => requestedPath),
        rows,
        'the requested paths',
      );
      for (const [index, row] of rows.entries()) affected(t, 2, resp.deletedObjResults[index]!, [row]);
      await gone(t, 3, subscriptions, ...rows);
    },
  },
  {
    number: '1.28',
    title: 'Delete of a row and of an object that does not exist, allow_partial false',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      await refusedObject(t, row!, invalidObject);
      t.metric(3, (await t.rows(subscriptions)).includes(row!), `${row} was deleted`);
    },
  },
  {
    number: '1.30',
    title: 'Delete of an object that does not exist, allow_partial true',
    async run(t: Bench) {
      const resp = t.expect(1, await t.tryDelete(true, invalidObject));
      const result = t.one(2, resp.deletedObjResults, 'deleted_obj_results');
      t.equal(2, result.requestedPath, invalidObject, 'requested_path');
      failed(t, 2, result);
    },
  },
  {
    number: '1.31',
    title: 'Delete of a row and of an object that does not exist, allow_partial true',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const resp = t.expect(1, await t.tryDelete(true, row!, invalidObject));
      t.metric(2, resp.deletedObjResults.length === 2, `${resp.deletedObjResults.length} deleted_obj_results`);
      affected(t, 2, resp.deletedObjResults[0]!, [row!]);
      failed(t, 2, resp.deletedObjResults[1]!);
      await gone(t, 3, subscriptions, row!);
    },
  },
  {
    number: '1.32',
    title: 'Delete of a row and of one that does not exist, allow_partial true',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const resp = t.expect(1, await t.tryDelete(true, row!, await absent(t)));
      t.metric(2, resp.deletedObjResults.length === 2, `${resp.deletedObjResults.length} deleted_obj_results`);
      affected(t, 2, resp.deletedObjResults[0]!, [row!]);
      affected(t, 2, resp.deletedObjResults[1]!, []);
      await gone(t, 3, subscriptions, row!);
    },
  },
  {
    number: '1.33',
    title: 'Delete below a row that is addressed by its unique keys',
    async run(t: Bench) {
      const controller = await t.controllerPath();
      const alias = await t.value(`${controller}Alias`);
      const [row] = await t.bootParameters(boot('Device.LocalAgent.SoftwareVersion'));
      const key = `EndpointID=="${t.peer.endpointId}"${alias === undefined ? '' : `&&Alias=="${alias}"`}`;
      const path = row!.replace(controller, `Device.LocalAgent.Controller.[${key}].`);
      const resp = t.expect(1, await t.tryDelete(false, path));
      const result = t.one(2, resp.deletedObjResults, 'deleted_obj_results');
      t.equal(2, result.requestedPath, path, 'requested_path');
      affected(t, 3, result, [row!]);
      await gone(t, 4, `${controller}BootParameter.`, row!);
    },
  },
  {
    number: '1.34',
    title: 'Delete with a wildcard',
    async run(t: Bench) {
      await t.subscribed({}, {});
      const rows = await t.rows(subscriptions);
      const resp = t.expect(1, await t.tryDelete(false, `${subscriptions}*.`));
      const result = t.one(2, resp.deletedObjResults, 'deleted_obj_results');
      t.equal(2, result.requestedPath, `${subscriptions}*.`, 'requested_path');
      affected(t, 2, result, rows);
      await gone(t, 3, subscriptions, ...rows);
    },
  },
  {
    number: '1.35',
    title: 'Delete with a search expression',
    async run(t: Bench) {
      const table = `${await t.controllerPath()}BootParameter.`;
      const [on, off] = await t.bootParameters(
        boot('Device.LocalAgent.SoftwareVersion'),
        boot('Device.LocalAgent.EndpointID', { Enable: 'false' }),
      );
      const enabled = Object.entries(await t.values(`${table}*.Enable`))
        .filter(([, value]) => value === 'true')
        .map(([name]) => name.slice(0, -'Enable'.length));
      const path = `${table}[Enable==true].`;
      const resp = t.expect(1, await t.tryDelete(false, path));
      const result = t.one(2, resp.deletedObjResults, 'deleted_obj_results');
      t.equal(2, result.requestedPath, path, 'requested_path');
      affected(t, 2, result, enabled);
      t.metric(3, (await t.rows(table)).includes(off!), `${off} was deleted`);
      await gone(t, 4, table, on!, ...enabled);
    },
  },
  {
    number: '1.90',
    title: 'Delete with a search expression that nothing matches',
    async run(t: Bench) {
      const off = Object.entries(await t.values(`${subscriptions}*.Enable`)).filter(([, value]) => value === 'false');
      if (off.length > 0) await t.tryDelete(false, ...off.map(([name]) => name.slice(0, -'Enable'.length)));
      const resp = t.expect(1, await t.tryDelete(false, `${subscriptions}[Enable==false].`));
      affected(t, 1, t.one(1, resp.deletedObjResults, 'deleted_obj_results'), []);
    },
  },
];
