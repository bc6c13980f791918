import { type Bench, type Params, subscriptions } from '../bench.ts';
import type { Responses } from '../side/peer.ts';
import type { Test } from '../verdict.ts';

type Updated = Responses['setResp']['updatedObjResults'][number];

/** A value that NotifRetry does not have. */
async function other(t: Bench, path: string): Promise<string> {
  return (await t.value(`${path}NotifRetry`)) === 'true' ? 'false' : 'true';
}

/** One instance was updated, and NotifRetry is what of it was. */
function updated(t: Bench, metric: number, result: Updated, path: string): void {
  const done = result.operStatus?.operSuccess;
  t.metric(metric, done !== undefined, `refused: ${JSON.stringify(result.operStatus?.operFailure)}`);
  const instance = t.one(metric, done.updatedInstResults, 'updated_inst_results');
  t.equal(metric, instance.affectedPath, path, 'affected_path');
  t.equal(metric, Object.keys(instance.updatedParams), ['NotifRetry'], 'the names in updated_params');
}

/** Refused as a whole, because of one parameter. */
function refusedParameter(
  t: Bench,
  error: { errCode: number; paramErrs: readonly { paramPath: string; errCode: number }[] },
  path: string,
): void {
  t.messageCode(2, error.errCode, 'set');
  const about = t.one(2, error.paramErrs, 'param_errs');
  t.equal(2, about.paramPath, path, 'param_path');
  t.code(2, about.errCode, 'set');
}

async function hasNoSuch(t: Bench, metric: number, ...rows: string[]): Promise<void> {
  const names = Object.keys(await t.values(subscriptions));
  for (const row of rows)
    t.metric(
      metric,
      names.some((name) => name.startsWith(row)),
      `${row} is not there`,
    );
  t.metric(metric, !names.some((name) => name.endsWith('.InvalidParameter')), 'there is an InvalidParameter');
}

const invalid: Params = { 'InvalidParameter!': 'IrrelevantValue' };
const retry = (value: string): Params => ({ 'NotifRetry!': value });

export const setTests: readonly Test[] = [
  ...([false, true] as const).map(
    (allowPartial, index): Test => ({
      number: `1.${index + 11}`,
      title: `Set of a required parameter, allow_partial ${allowPartial}`,
      async run(t: Bench) {
        const [row] = await t.subscribed({});
        const value = await other(t, row!);
        const resp = t.expect(1, await t.trySet(allowPartial, [[row!, retry(value)]]));
        updated(t, 2, t.one(2, resp.updatedObjResults, 'updated_obj_results'), row!);
        t.equal(3, await t.value(`${row}NotifRetry`), value, 'NotifRetry');
      },
    }),
  ),
  {
    number: '1.13',
    title: 'Set of two objects, allow_partial false',
    async run(t: Bench) {
      const rows = await t.subscribed({}, {});
      const value = await other(t, rows[0]!);
      const resp = t.expect(
        1,
        await t.trySet(
          false,
          rows.map((row) => [row, retry(value)] as const),
        ),
      );
      t.metric(2, resp.updatedObjResults.length === 2, `${resp.updatedObjResults.length} updated_obj_results`);
      for (const [index, row] of rows.entries()) updated(t, 2, resp.updatedObjResults[index]!, row);
      for (const row of rows) t.equal(3, await t.value(`${row}NotifRetry`), value, `${row}NotifRetry`);
    },
  },
  {
    number: '1.14',
    title: 'Set of a required parameter that does not exist, allow_partial false',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      refusedParameter(t, t.refused(1, await t.trySet(false, [[row!, invalid]])), `${row}InvalidParameter`);
      await hasNoSuch(t, 3, row!);
    },
  },
  {
    number: '1.15',
    title: 'Set of two objects, one fails, allow_partial false',
    async run(t: Bench) {
      const [first, second] = await t.subscribed({}, {});
      const value = await other(t, first!);
      const reply = await t.trySet(false, [
        [first!, retry(value)],
        [second!, invalid],
      ]);
      refusedParameter(t, t.refused(1, reply), `${second}InvalidParameter`);
      await hasNoSuch(t, 3, first!, second!);
      t.metric(3, (await t.value(`${first}NotifRetry`)) !== value, 'the first object was updated');
    },
  },
  {
    number: '1.16',
    title: 'Set of two objects, one fails, allow_partial true',
    async run(t: Bench) {
      const [first, second] = await t.subscribed({}, {});
      const value = await other(t, first!);
      const resp = t.expect(
        1,
        await t.trySet(true, [
          [first!, retry(value)],
          [second!, invalid],
        ]),
      );
      t.metric(2, resp.updatedObjResults.length === 2, `${resp.updatedObjResults.length} updated_obj_results`);
      updated(t, 2, resp.updatedObjResults[0]!, first!);
      const failure = resp.updatedObjResults[1]!.operStatus?.operFailure;
      t.metric(2, failure !== undefined, 'the second is no oper_failure');
      t.code(2, failure.errCode, 'set');
      const instance = t.one(2, failure.updatedInstFailures, 'updated_inst_failures');
      t.equal(2, instance.affectedPath, second, 'affected_path');
      const about = t.one(2, instance.paramErrs, 'param_errs');
      t.equal(2, about.param, 'InvalidParameter', 'param');
      t.code(2, about.errCode, 'set');
      t.equal(3, await t.value(`${first}NotifRetry`), value, 'NotifRetry of the first');
    },
  },
  {
    number: '1.17',
    title: 'Set of two parameters, one not required fails, allow_partial true',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const value = await other(t, row!);
      const resp = t.expect(
        1,
        await t.trySet(true, [[row!, { NotifRetry: value, InvalidParameter: 'IrrelevantValue' }]]),
      );
      const result = t.one(2, resp.updatedObjResults, 'updated_obj_results');
      updated(t, 2, result, row!);
      const about = t.one(2, result.operStatus!.operSuccess!.updatedInstResults[0]!.paramErrs, 'param_errs');
      t.equal(2, about.param, 'InvalidParameter', 'param');
      t.code(2, about.errCode, 'set');
      t.equal(3, await t.value(`${row}NotifRetry`), value, 'NotifRetry');
    },
  },
  {
    number: '1.18',
    title: 'Set of a row that is addressed by its unique keys',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const key = await keyOf(t, row!);
      const value = await other(t, row!);
      const resp = t.expect(1, await t.trySet(false, [[`${subscriptions}[${key}].`, retry(value)]]));
      updated(t, 2, t.one(2, resp.updatedObjResults, 'updated_obj_results'), row!);
      t.equal(3, await t.value(`${row}NotifRetry`), value, 'NotifRetry');
    },
  },
  {
    number: '1.19',
    title: 'Set with a wildcard, allow_partial false',
    async run(t: Bench) {
      const rows = await t.subscribed({}, {});
      const value = await other(t, rows[0]!);
      const resp = t.expect(1, await t.trySet(false, [[`${subscriptions}*.`, retry(value)]]));
      const done = t.one(2, resp.updatedObjResults, 'updated_obj_results').operStatus?.operSuccess;
      t.metric(2, done !== undefined, 'it is no oper_success');
      t.equal(
        2,
        done.updatedInstResults.map(({ affectedPath }) => affectedPath).sort(),
        (await t.rows(subscriptions)).sort(),
        'the affected paths',
      );
      for (const { updatedParams } of done.updatedInstResults)
        t.equal(2, Object.keys(updatedParams), ['NotifRetry'], 'the names in updated_params');
      for (const row of rows) t.equal(3, await t.value(`${row}NotifRetry`), value, `${row}NotifRetry`);
    },
  },
  {
    number: '1.20',
    title: 'Set with a wildcard, a required parameter fails, allow_partial false',
    async run(t: Bench) {
      const rows = await t.subscribed({}, {});
      const error = t.refused(1, await t.trySet(false, [[`${subscriptions}*.`, invalid]]));
      t.messageCode(2, error.errCode, 'set');
      t.metric(2, error.paramErrs.length > 0, 'no param_errs');
      const there = (await t.rows(subscriptions)).map((row) => `${row}InvalidParameter`);
      for (const { paramPath, errCode } of error.paramErrs) {
        t.metric(2, there.includes(paramPath), `param_path is ${paramPath}`);
        t.code(2, errCode, 'set');
      }
      await hasNoSuch(t, 3, ...rows);
    },
  },
  {
    number: '1.21',
    title: 'Set with a wildcard, a required parameter fails, allow_partial true',
    async run(t: Bench) {
      await t.subscribed({}, {});
      const resp = t.expect(1, await t.trySet(true, [[`${subscriptions}*.`, { 'Enable!': 'InvalidValue' }]]));
      const failure = t.one(2, resp.updatedObjResults, 'updated_obj_results').operStatus?.operFailure;
      t.metric(3, failure !== undefined, 'it is no oper_failure');
      t.code(3, failure.errCode, 'set');
      t.metric(3, failure.updatedInstFailures.length > 0, 'no updated_inst_failures');
      const there = await t.rows(subscriptions);
      for (const { affectedPath, paramErrs } of failure.updatedInstFailures) {
        t.metric(3, there.includes(affectedPath), `affected_path is ${affectedPath}`);
        const about = t.one(3, paramErrs, 'param_errs');
        t.equal(3, about.param, 'Enable', 'param');
        t.code(3, about.errCode, 'set');
      }
      const enables = Object.values(await t.values(`${subscriptions}*.Enable`));
      t.metric(4, !enables.includes('InvalidValue'), 'an Enable is InvalidValue');
    },
  },
  {
    number: '1.22',
    title: 'Set with a search expression',
    async run(t: Bench) {
      const [row] = await t.subscribed({ NotifExpiration: '120' });
      const value = await other(t, row!);
      const resp = t.expect(1, await t.trySet(false, [[`${subscriptions}[NotifExpiration>0].`, retry(value)]]));
      const done = t.one(2, resp.updatedObjResults, 'updated_obj_results').operStatus?.operSuccess;
      t.metric(2, done !== undefined, 'it is no oper_success');
      const mine = done.updatedInstResults.find(({ affectedPath }) => affectedPath === row);
      t.metric(2, mine !== undefined, `${row} is not among the affected paths`);
      t.equal(2, Object.keys(mine.updatedParams), ['NotifRetry'], 'the names in updated_params');
      t.equal(3, await t.value(`${row}NotifRetry`), value, 'NotifRetry');
    },
  },
  {
    number: '1.23',
    title: 'Set with a search expression that nothing matches',
    async run(t: Bench) {
      const path = `${subscriptions}[Recipient=="InvalidValue"].`;
      const resp = t.expect(1, await t.trySet(true, [[path, retry('true')]]));
      const done = t.one(2, resp.updatedObjResults, 'updated_obj_results').operStatus?.operSuccess;
      t.metric(2, done !== undefined, 'it is no oper_success');
      t.equal(2, done.updatedInstResults, [], 'updated_inst_results');
    },
  },
  {
    number: '1.96',
    title: 'A non-functional unique key does not change',
    async run(t: Bench) {
      const [row] = await t.added([subscriptions, { ID: 'add96' }]);
      t.equal(0, await t.value(`${row}ID`), 'add96', 'the ID after the Add');
      const error = t.refused(1, await t.trySet(false, [[row!, { 'ID!': 'add96-NEW' }]]));
      t.messageCode(1, error.errCode, 'set');
      t.equal(1, await t.value(`${row}ID`), 'add96', 'the ID after the Set');
    },
  },
  {
    number: '1.104',
    title: 'A parameter that is written once does not change',
    async run(t: Bench) {
      const [row] = await t.added([subscriptions, { Alias: 'test-1-104' }]);
      t.refused(1, await t.trySet(false, [[row!, { 'Alias!': 'test-1-104-new-alias' }]]));
      t.equal(2, await t.value(`${row}Alias`), 'test-1-104', 'the Alias');
    },
  },
];

/** The keys of a Subscription as a unique key expression. */
export async function keyOf(t: Bench, row: string): Promise<string> {
  const values = await t.values(row);
  return `ID=="${values[`${row}ID`]}"&&Recipient=="${values[`${row}Recipient`]}"`;
}
