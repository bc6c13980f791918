import { type Bench, subscriptions } from '../bench.ts';
import type { Responses } from '../side/peer.ts';
import type { Test } from '../verdict.ts';
import { keyOf } from './set.ts';

type PathResult = Responses['getResp']['reqPathResults'][number];
const endpoint = 'Device.LocalAgent.EndpointID';
const version = 'Device.LocalAgent.SoftwareVersion';
const absent = 'Device.LocalAgent.InvalidParameter';

async function results(t: Bench, ...paths: string[]): Promise<readonly PathResult[]> {
  const resp = t.expect(1, await t.ask('get', { paramPaths: paths, maxDepth: 0 }));
  t.equal(
    2,
    resp.reqPathResults.map(({ requestedPath }) => requestedPath),
    paths,
    'the requested paths',
  );
  return resp.reqPathResults;
}

function noError(t: Bench, metric: number, { errCode, errMsg }: PathResult): void {
  t.metric(metric, errCode === 0, `error ${errCode} ${errMsg}`);
}

/** Exactly one parameter of one object. @returns its value */
function single(t: Bench, result: PathResult, object: string, name: string): string {
  noError(t, 2, result);
  const resolved = t.one(2, result.resolvedPathResults, 'resolved_path_results');
  t.equal(2, resolved.resolvedPath, object, 'resolved_path');
  t.equal(2, Object.keys(resolved.resultParams), [name], 'the names in result_params');
  return resolved.resultParams[name]!;
}

function isEndpoint(t: Bench, result: PathResult): void {
  t.equal(2, single(t, result, 'Device.LocalAgent.', 'EndpointID'), t.peer.agentId, 'EndpointID');
}

function isInvalid(t: Bench, result: PathResult): void {
  t.metric(2, result.errCode !== 0, 'there is no error');
  t.code(2, result.errCode, 'get');
}

/** R-GET.1c: no name of a parameter has a dot in it. */
function relative(t: Bench, metric: number, { resolvedPathResults }: PathResult): void {
  const strange = resolvedPathResults
    .flatMap(({ resultParams }) => Object.keys(resultParams))
    .find((key) => key.includes('.'));
  t.metric(metric, strange === undefined, `${strange} is no relative path`);
}

const objectsOf = ({ resolvedPathResults }: PathResult): string[] =>
  resolvedPathResults.map(({ resolvedPath }) => resolvedPath);

/** How many levels an object is below another. */
const depth = (path: string, root: string): number => path.slice(root.length).split('.').length - 1;

/** A search on Subscriptions of ours: what matches is there, with its parameters, and nothing else is. */
function search(
  number: string,
  title: string,
  expression: string,
  rows: readonly Record<string, string>[],
  matches: (values: Record<string, string>) => boolean,
): Test {
  return {
    number,
    title,
    async run(t: Bench) {
      await t.subscribed(...rows);
      const all = await t.values(subscriptions);
      const wanted = (await t.rows(subscriptions)).filter((row) =>
        matches(
          Object.fromEntries(
            ['Enable', 'NotifExpiration'].map((name) => [
              name,
              all[row + name] ?? (name === 'NotifExpiration' ? '0' : ''),
            ]),
          ),
        ),
      );
      const [result] = await results(t, `${subscriptions}[${expression}].`);
      noError(t, 2, result!);
      t.metric(2, wanted.length > 0, 'the setup left nothing to be found');
      t.equal(4, objectsOf(result!).sort(), wanted.sort(), 'the objects');
      for (const { resultParams } of result!.resolvedPathResults)
        t.metric(2, 'ReferenceList' in resultParams, 'the parameters of an object are not all there');
      relative(t, 3, result!);
    },
  };
}

const expiring = (...seconds: number[]): Record<string, string>[] =>
  seconds.map((value) => ({ NotifExpiration: String(value) }));

export const getTests: readonly Test[] = [
  {
    number: '1.36',
    title: 'Get of a parameter',
    async run(t: Bench) {
      const [result] = await results(t, endpoint);
      isEndpoint(t, result!);
    },
  },
  {
    number: '1.37',
    title: 'Get of two parameters of an object',
    async run(t: Bench) {
      const [first, second] = await results(t, endpoint, version);
      isEndpoint(t, first!);
      t.metric(2, single(t, second!, 'Device.LocalAgent.', 'SoftwareVersion') !== '', 'SoftwareVersion is empty');
    },
  },
  {
    number: '1.38',
    title: 'Get of parameters of two objects',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const [first, second] = await results(t, endpoint, `${row}Enable`);
      isEndpoint(t, first!);
      t.equal(2, single(t, second!, row!, 'Enable'), 'true', 'Enable');
    },
  },
  {
    number: '1.39',
    title: 'Get of an object',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const [result] = await results(t, 'Device.LocalAgent.');
      noError(t, 2, result!);
      const own = result!.resolvedPathResults.find(({ resolvedPath }) => resolvedPath === 'Device.LocalAgent.');
      t.equal(2, own?.resultParams.EndpointID, t.peer.agentId, 'EndpointID');
      const objects = objectsOf(result!);
      for (const path of [row!, await t.controllerPath()]) t.metric(2, objects.includes(path), `${path} is missing`);
      relative(t, 3, result!);
    },
  },
  {
    number: '1.40',
    title: 'Get of a row',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const [result] = await results(t, row!);
      noError(t, 2, result!);
      const { resolvedPath, resultParams } = t.one(2, result!.resolvedPathResults, 'resolved_path_results');
      t.equal(2, resolvedPath, row, 'resolved_path');
      for (const name of ['Enable', 'ID', 'NotifType', 'ReferenceList', 'Recipient'])
        t.metric(2, name in resultParams, `${name} is missing`);
      relative(t, 3, result!);
    },
  },
  {
    number: '1.41',
    title: 'Get of a parameter that does not exist',
    async run(t: Bench) {
      const [result] = await results(t, absent);
      isInvalid(t, result!);
    },
  },
  {
    number: '1.42',
    title: 'Get of a parameter, and of one that does not exist',
    async run(t: Bench) {
      const [first, second] = await results(t, endpoint, absent);
      isEndpoint(t, first!);
      isInvalid(t, second!);
    },
  },
  {
    number: '1.43',
    title: 'Get with unique key addressing',
    async run(t: Bench) {
      const [row] = await t.subscribed({});
      const [result] = await results(t, `${subscriptions}[${await keyOf(t, row!)}].Enable`);
      t.equal(2, single(t, result!, row!, 'Enable'), 'true', 'Enable');
    },
  },
  {
    number: '1.44',
    title: 'Get of a parameter with a wildcard',
    async run(t: Bench) {
      await t.subscribed({}, { Enable: 'false' });
      const [result] = await results(t, `${subscriptions}*.Enable`);
      noError(t, 2, result!);
      t.equal(2, objectsOf(result!).sort(), (await t.rows(subscriptions)).sort(), 'the objects');
      for (const { resultParams } of result!.resolvedPathResults) {
        t.equal(2, Object.keys(resultParams), ['Enable'], 'the names in result_params');
        t.metric(2, /^(true|false)$/.test(resultParams.Enable!), `Enable is ${resultParams.Enable}`);
      }
    },
  },
  {
    number: '1.45',
    title: 'Get of objects with a wildcard',
    async run(t: Bench) {
      await t.subscribed({}, {});
      const [result] = await results(t, `${subscriptions}*.`);
      noError(t, 2, result!);
      t.equal(2, objectsOf(result!).sort(), (await t.rows(subscriptions)).sort(), 'the objects');
      for (const { resultParams } of result!.resolvedPathResults)
        t.metric(2, 'ReferenceList' in resultParams, 'the parameters of an object are not all there');
      relative(t, 3, result!);
    },
  },
  search(
    '1.46',
    'Get with a search for equality',
    'Enable==true',
    [{}, { Enable: 'false' }],
    (row) => row.Enable === 'true',
  ),
  search(
    '1.47',
    'Get with a search for inequality',
    'Enable!=true',
    [{}, { Enable: 'false' }],
    (row) => row.Enable !== 'true',
  ),
  search(
    '1.48',
    'Get with a search for what is greater',
    'NotifExpiration>10',
    expiring(10, 20),
    (row) => Number(row.NotifExpiration) > 10,
  ),
  search(
    '1.49',
    'Get with a search for what is less',
    'NotifExpiration<10',
    expiring(10, 5),
    (row) => Number(row.NotifExpiration) < 10,
  ),
  search(
    '1.50',
    'Get with a search for what is not less',
    'NotifExpiration>=10',
    expiring(10, 20, 5),
    (row) => Number(row.NotifExpiration) >= 10,
  ),
  search(
    '1.51',
    'Get with a search for what is not greater',
    'NotifExpiration<=10',
    expiring(10, 20, 5),
    (row) => Number(row.NotifExpiration) <= 10,
  ),
  ...(
    [
      ['1.82', 'Get with a search expression in an empty table', `${subscriptions}[Enable==true].`],
      ['1.86', 'Get with a search expression that nothing matches', `${subscriptions}[Enable==true].`],
      ['1.87', 'Get of an empty table', subscriptions],
    ] as const
  ).map(
    ([number, title, path]): Test => ({
      number,
      title,
      async run(t: Bench) {
        await t.noSubscriptions();
        const result = t.one(2, await results(t, path), 'req_path_results');
        noError(t, 2, result);
        t.equal(number === '1.82' ? 2 : 3, result.resolvedPathResults, [], 'resolved_path_results');
      },
    }),
  ),
  {
    number: '1.89',
    title: 'Get with max_depth',
    async run(t: Bench) {
      await t.bootParameters({ Enable: 'true', ParameterName: version });
      const root = 'Device.LocalAgent.';
      for (const [metric, maxDepth] of [
        [1, 1],
        [2, 2],
        [3, 0],
      ] as const) {
        const resp = await t.tryGet(maxDepth, root);
        const result = t.one(metric, resp.reqPathResults, 'req_path_results');
        noError(t, metric, result);
        t.equal(metric, result.requestedPath, root, 'requested_path');
        const objects = objectsOf(result);
        t.metric(metric, objects.includes(root), `${root} is missing`);
        if (maxDepth === 1) t.equal(metric, objects, [root], 'the objects');
        if (maxDepth === 2) {
          t.metric(metric, objects.length > 1, 'no child object is there');
          // A row is a child of its table's parent: one level, though two names.
          const deep = objects.find((path) => depth(path.replace(/\.[0-9]+\./g, '.'), root) > 1);
          t.metric(metric, deep === undefined, `${deep} is deeper than two levels`);
        }
        if (maxDepth === 0) {
          t.metric(
            metric,
            objects.some((path) => path.includes('BootParameter.')),
            'what is deeper is missing',
          );
        }
        relative(t, 4, result);
      }
    },
  },
];
