import { type Bench, type Params, type Row, subscriptions } from '../bench.ts';
import type { Test } from '../verdict.ts';

const onVersion = { NotifType: 'ValueChange', ReferenceList: 'Device.LocalAgent.SoftwareVersion' };
const wanted = (id: string, reference = 'Device.LocalAgent.SoftwareVersion'): Params => ({
  Enable: 'true',
  ID: id,
  NotifType: 'ValueChange',
  'ReferenceList!': reference,
});
const invalidObject = 'Device.LocalAgent.InvalidObject.';

type CreatedResults = NonNullable<Awaited<ReturnType<Bench['tryAdd']>>['resp']>['createdObjResults'];

/** The row is there, with nothing refused and its unique keys told. @returns its path */
function success(t: Bench, metric: number, result: CreatedResults[number], keys: readonly string[]): string {
  const done = result.operStatus?.operSuccess;
  t.metric(metric, done !== undefined, `refused: ${JSON.stringify(result.operStatus?.operFailure)}`);
  t.equal(metric, done.paramErrs, [], 'param_errs');
  hasKeys(t, metric, done.uniqueKeys, keys);
  return done.instantiatedPath;
}

/** The keys, beside Alias where the agent supports that. */
export function hasKeys(
  t: Bench,
  metric: number,
  told: Readonly<Record<string, string>>,
  keys: readonly string[],
): void {
  const names = Object.keys(told).filter((name) => name !== 'Alias');
  t.equal(metric, names.sort(), [...keys].sort(), 'the unique key map without Alias');
}

async function holds(t: Bench, metric: number, path: string, params: Params): Promise<void> {
  const values = await t.values(path);
  for (const [name, value] of Object.entries(params)) {
    const plain = name.replace(/!$/, '');
    t.equal(metric, values[path + plain], value, path + plain);
  }
}

async function ids(t: Bench): Promise<string[]> {
  return Object.values(await t.values(`${subscriptions}*.ID`));
}

/** An Add that must be refused as a whole. @param at what the only parameter error is about */
async function refusedWhole(t: Bench, rows: readonly Row[], at: (path: string) => boolean): Promise<void> {
  const before = await t.rows(subscriptions);
  const error = t.refused(1, await t.tryAdd(false, rows));
  t.messageCode(2, error.errCode, 'add');
  const about = t.one(2, error.paramErrs, 'param_errs');
  t.metric(2, at(about.paramPath), `param_path is ${about.paramPath}`);
  t.code(2, about.errCode, 'add');
  t.equal(3, await t.rows(subscriptions), before, 'the Subscription table');
}

export const addTests: readonly Test[] = [
  ...([false, true] as const).map((allowPartial, index): Test => {
    const number = `1.${index + 1}`;
    return {
      number,
      title: `Add of one row that fits, allow_partial ${allowPartial}`,
      async run(t: Bench) {
        const params = wanted(`add${index + 1}`);
        const resp = t.expect(1, await t.tryAdd(allowPartial, [[subscriptions, params]]));
        const result = t.one(2, resp.createdObjResults, 'created_obj_results');
        const path = success(t, 2, result, ['ID', 'Recipient']);
        t.metric(3, (await t.rows(subscriptions)).includes(path), `${path} is not there`);
        await holds(t, 4, path, params);
      },
    };
  }),
  {
    number: '1.3',
    title: 'Add with a required parameter that fails, allow_partial false',
    run: (t: Bench) =>
      refusedWhole(t, [[subscriptions, { 'Enable!': 'InvalidValue', ID: 'add3', ...onVersion }]], (path) =>
        /(^|\.)Enable$/.test(path),
      ),
  },
  {
    number: '1.4',
    title: 'Add to an object that does not exist, allow_partial false',
    run: (t: Bench) =>
      refusedWhole(
        t,
        [[invalidObject, { Enable: 'true', ID: 'add4', ...onVersion }]],
        (path) => path === invalidObject,
      ),
  },
  {
    number: '1.5',
    title: 'Add of two rows that fit, allow_partial false',
    async run(t: Bench) {
      const [first, second] = [wanted('add51'), wanted('add52', 'Device.LocalAgent.EndpointID')];
      const resp = t.expect(
        1,
        await t.tryAdd(false, [
          [subscriptions, first],
          [subscriptions, second],
        ]),
      );
      t.metric(2, resp.createdObjResults.length === 2, `${resp.createdObjResults.length} created_obj_results`);
      const [one, two] = resp.createdObjResults.map((result) => success(t, 2, result, ['ID', 'Recipient']));
      const rows = await t.rows(subscriptions);
      t.metric(3, rows.includes(one!) && rows.includes(two!), 'a row is not there');
      await holds(t, 4, one!, first);
      await holds(t, 5, two!, second);
    },
  },
  {
    number: '1.6',
    title: 'Add of two rows, one to an object that does not exist, allow_partial false',
    run: (t: Bench) =>
      refusedWhole(
        t,
        [
          [subscriptions, wanted('add61')],
          [invalidObject, wanted('add62', 'Device.LocalAgent.EndpointID')],
        ],
        (path) => path === invalidObject,
      ),
  },
  {
    number: '1.7',
    title: 'Add of two rows, one with a required parameter that fails, allow_partial false',
    async run(t: Bench) {
      const error = t.refused(
        1,
        await t.tryAdd(false, [
          [
            subscriptions,
            {
              'Enable!': 'InvalidValue',
              ID: 'add71',
              NotifType: 'ValueChange',
              'ReferenceList!': 'Device.LocalAgent.SoftwareVersion',
            },
          ],
          [subscriptions, { Enable: 'true', ID: 'add72', NotifType: 'ValueChange' }],
        ]),
      );
      t.messageCode(2, error.errCode, 'add');
      const about = t.one(2, error.paramErrs, 'param_errs');
      t.metric(2, /(^|\.)Enable$/.test(about.paramPath), `param_path is ${about.paramPath}`);
      t.code(2, about.errCode, 'add');
      const left = (await ids(t)).filter((id) => id === 'add71' || id === 'add72');
      t.equal(3, left, [], 'the Subscriptions of the refused request');
    },
  },
  {
    number: '1.8',
    title: 'Add with a required parameter of an invalid type, allow_partial true',
    async run(t: Bench) {
      const resp = t.expect(
        1,
        await t.tryAdd(true, [
          [
            subscriptions,
            {
              'Enable!': 'InvalidValue',
              ID: 'add8',
              NotifType: 'ValueChange',
              'ReferenceList!': 'Device.LocalAgent.SoftwareVersion',
            },
          ],
        ]),
      );
      const failure = t.one(2, resp.createdObjResults, 'created_obj_results').operStatus?.operFailure;
      t.metric(2, failure !== undefined, 'it is no oper_failure');
      t.code(2, failure.errCode, 'add');
      t.metric(3, !(await ids(t)).includes('add8'), 'the row was created');
    },
  },
  {
    number: '1.9',
    title: 'Add of two rows, one with a required parameter that fails, allow_partial true',
    async run(t: Bench) {
      const params = { Enable: 'true', ID: 'add91', ...onVersion };
      const before = await t.rows(subscriptions);
      const resp = t.expect(
        1,
        await t.tryAdd(true, [
          [subscriptions, params],
          [subscriptions, { ...params, 'InvalidParameter!': 'IrrelevantValue' }],
        ]),
      );
      t.metric(2, resp.createdObjResults.length === 2, `${resp.createdObjResults.length} created_obj_results`);
      const [first, second] = resp.createdObjResults;
      const path = success(t, 2, first!, ['ID', 'Recipient']);
      const failure = second!.operStatus?.operFailure;
      t.metric(2, failure !== undefined, 'the second is no oper_failure');
      t.code(2, failure.errCode, 'add');
      t.equal(3, (await t.rows(subscriptions)).sort(), [...before, path].sort(), 'the Subscription table');
      await holds(t, 4, path, params);
    },
  },
  {
    number: '1.10',
    title: 'Add below a row that is addressed by its unique keys',
    needs: [31],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      const alias = await t.value(`${controller}Alias`);
      const key = `EndpointID=="${t.peer.endpointId}"${alias === undefined ? '' : `&&Alias=="${alias}"`}`;
      const params = { Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' };
      const resp = t.expect(
        1,
        await t.tryAdd(false, [[`Device.LocalAgent.Controller.[${key}].BootParameter.`, params]]),
      );
      const path = success(t, 2, t.one(2, resp.createdObjResults, 'created_obj_results'), ['ParameterName']);
      t.metric(3, path.startsWith(`${controller}BootParameter.`), `${path} is not below ${controller}`);
      t.metric(3, (await t.rows(`${controller}BootParameter.`)).includes(path), `${path} is not there`);
      await holds(t, 4, path, params);
    },
  },
  {
    number: '1.81',
    title: 'Unique keys that the agent makes up',
    async run(t: Bench) {
      const resp = t.expect(
        1,
        await t.tryAdd(false, [
          [subscriptions, { Enable: 'true', ...onVersion }],
          [subscriptions, { Enable: 'true', NotifType: 'ValueChange', ReferenceList: 'Device.LocalAgent.EndpointID' }],
        ]),
      );
      t.metric(2, resp.createdObjResults.length === 2, `${resp.createdObjResults.length} created_obj_results`);
      const [one, two] = resp.createdObjResults.map((result) => {
        success(t, 2, result, ['ID', 'Recipient']);
        return result.operStatus!.operSuccess!.uniqueKeys;
      });
      t.metric(2, one!.ID !== two!.ID, `both have the ID ${one!.ID}`);
      t.metric(2, one!.Alias === undefined || one!.Alias !== two!.Alias, `both have the Alias ${one!.Alias}`);
      t.equal(2, one!.Recipient, two!.Recipient, 'the Recipient of the first');
    },
  },
  {
    number: '1.88',
    title: 'Add with an invalid unique key fails as if it were required',
    async run(t: Bench) {
      const before = await t.rows(subscriptions);
      const row: Row = [subscriptions, { Enable: 'True', Alias: '88InvalidAlias', ...onVersion }];
      const error = t.refused(1, await t.tryAdd(false, [row]));
      t.messageCode(1, error.errCode, 'add');
      t.equal(2, await t.rows(subscriptions), before, 'the Subscription table');
    },
  },
  {
    number: '1.95',
    title: 'Add with a search path reaches several tables',
    async run(t: Bench) {
      const count = (await t.rows('Device.LocalAgent.Controller.')).length;
      t.metric(0, count >= 2, `${count} Controller rows instead of two`);
      const path = 'Device.LocalAgent.Controller.[Enable==true].BootParameter.';
      const params = { Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' };
      const resp = t.expect(1, await t.tryAdd(false, [[path, params]]));
      const made = resp.createdObjResults.flatMap(({ operStatus }) => operStatus?.operSuccess?.instantiatedPath ?? []);
      t.metric(1, made.length > 0, 'no row was created');
      const values = await t.values('Device.LocalAgent.Controller.*.BootParameter.');
      for (const row of made) t.equal(2, values[`${row}ParameterName`], params.ParameterName, `${row}ParameterName`);
    },
  },
];
