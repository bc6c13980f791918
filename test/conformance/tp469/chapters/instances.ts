import type { Bench } from '../bench.ts';
import type { Responses } from '../side/peer.ts';
import type { Test } from '../verdict.ts';

type PathResult = Responses['getInstancesResp']['reqPathResults'][number];
const controllers = 'Device.LocalAgent.Controller.';

async function results(t: Bench, firstLevelOnly: boolean, ...objPaths: string[]): Promise<readonly PathResult[]> {
  const resp = t.expect(1, await t.ask('getInstances', { objPaths, firstLevelOnly }));
  t.equal(
    1,
    resp.reqPathResults.map(({ requestedPath }) => requestedPath),
    objPaths,
    'the requested paths',
  );
  for (const { errCode, errMsg } of resp.reqPathResults) t.metric(1, errCode === 0, `error ${errCode} ${errMsg}`);
  return resp.reqPathResults;
}
const pathsOf = ({ currInsts }: PathResult): string[] =>
  currInsts.map(({ instantiatedObjPath }) => instantiatedObjPath);

export const instancesTests: readonly Test[] = [
  {
    number: '1.66',
    title: 'GetInstances of a table, first level',
    async run(t: Bench) {
      const [result] = await results(t, true, controllers);
      t.metric(1, pathsOf(result!).length > 0, 'no curr_insts');
      const strange = pathsOf(result!).find((path) => !/^Device\.LocalAgent\.Controller\.[0-9]+\.$/.test(path));
      t.metric(2, strange === undefined, `${strange} is no Controller`);
    },
  },
  {
    number: '1.67',
    title: 'GetInstances of a table, all levels',
    async run(t: Bench) {
      const [boot] = await t.bootParameters({ Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' });
      const [result] = await results(t, false, controllers);
      const rows = await t.rows(controllers);
      const below = (await Promise.all(rows.map((row) => t.rows(`${row}MTP.`)))).flat();
      for (const path of [...rows, ...below, boot!]) t.metric(1, pathsOf(result!).includes(path), `${path} is missing`);
    },
  },
  {
    number: '1.68',
    title: 'GetInstances of two tables',
    async run(t: Bench) {
      const all = await results(t, true, controllers, 'Device.LocalAgent.MTP.');
      for (const result of all) t.metric(2, result.currInsts.length > 0, `no curr_insts of ${result.requestedPath}`);
    },
  },
  {
    number: '1.70',
    title: 'GetInstances with a wildcard',
    async run(t: Bench) {
      const [result] = await results(t, true, `${controllers}*.MTP.`);
      t.metric(1, pathsOf(result!).length > 0, 'no curr_insts');
      const strange = pathsOf(result!).find(
        (path) => !/^Device\.LocalAgent\.Controller\.[0-9]+\.MTP\.[0-9]+\.$/.test(path),
      );
      t.metric(1, strange === undefined, `${strange} is no MTP of a Controller`);
    },
  },
  {
    number: '1.71',
    title: 'GetInstances with a search expression',
    needs: [31],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      const alias = await t.value(`${controller}Alias`);
      const [boot] = await t.bootParameters({ Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' });
      const [result] = await results(t, false, `${controllers}[Alias=="${alias}"].BootParameter.`);
      t.metric(1, pathsOf(result!).includes(boot!), `${boot} is missing`);
    },
  },
  {
    number: '1.83',
    title: 'GetInstances with a search expression that nothing matches',
    needs: [31],
    async run(t: Bench) {
      const [result] = await results(t, false, `${controllers}[Alias=="no-such-alias"].BootParameter.`);
      t.equal(2, result!.currInsts, [], 'curr_insts');
    },
  },
];
