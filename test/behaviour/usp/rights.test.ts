import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Section } from '../../support/agent-config.ts';
import { type Asking, openUspPair, type UspPair } from '../../support/usp-pair.ts';

// What a controller with few rights sees and does, where TR-369 says more of it than the test plan judges.
const controller = 'Device.LocalAgent.Controller.';
const permission = (order: number, targets: string, rights: Readonly<Record<string, string>>): Section => [
  'permission',
  `viewer_${order}`,
  { role: 'viewer', enable: 1, order, targets, ...rights },
];
const read = { param: 'r---', obj: 'r---', instantiated_obj: 'r---' };
let pair: UspPair;
let one: Asking;
let two: Asking;

beforeAll(async () => {
  pair = await openUspPair('viewer', [
    ['role', 'viewer', { name: 'Viewer', enable: 1 }],
    permission(0, `${controller}2.`, { param: 'r---', instantiated_obj: 'r---' }),
    permission(1, `${controller}*.MTP.`, read),
    permission(2, `${controller}1.BootParameter.`, read),
    permission(3, `${controller}2.BootParameter.`, { ...read, instantiated_obj: 'rw--' }),
    permission(4, 'Device.DeviceInfo.', { ...read, param: 'rw-n' }),
    permission(5, 'Device.LocalAgent.Subscription.', { param: 'rw-n', obj: 'rw-n', instantiated_obj: 'rw-n' }),
    permission(6, `${controller}2.SendOnBoardRequest()`, { command_event: 'r-x-' }),
  ]);
  one = pair.one;
  two = pair.two;
});
afterAll(() => pair[Symbol.asyncDispose]());

describe('rows that may not be seen', () => {
  it('hide the rows below them from GetInstances, whichever way they are asked for (R-GIN.0)', async () => {
    // Of the first controller only what is below it may be seen.
    const seen = [`${controller}2.`, `${controller}2.MTP.1.`];
    expect(await two.instances(controller)).toEqual(seen);
    expect(await two.instances('Device.LocalAgent.Controller.*.MTP.')).toEqual([`${controller}2.MTP.1.`]);
    expect(await two.instances(`${controller}1.MTP.`)).toBe(7016);
    expect(await two.instances(`${controller}9.MTP.`)).toBe(7016);
    expect(await one.instances(`${controller}1.MTP.`)).toEqual([`${controller}1.MTP.1.`]);
  });
});

describe('Delete of what a search finds', () => {
  it('deletes with allow_partial what may go, and tells of the others (R-DEL.0, R-DEL.3)', async () => {
    const added = await one.add([1, 2].map((row) => [`${controller}${row}.BootParameter.`, {}] as const));
    const [kept, gone] = added.results!.map(({ operSuccess }) => operSuccess!.instantiatedPath);
    const all = [`${controller}*.BootParameter.*.`];
    const whole = await two.delete(all);
    expect(whole.error).toMatchObject({ errCode: 7006, paramErrs: [{ paramPath: kept, errCode: 7006 }] });
    const { results } = await two.delete(all, true);
    expect(results).toEqual([
      {
        operSuccess: {
          affectedPaths: [gone],
          unaffectedPathErrs: [{ unaffectedPath: kept, errCode: 7006, errMsg: 'not permitted' }],
        },
      },
    ]);
    expect(await one.instances(`${controller}*.BootParameter.`)).toEqual([kept]);
    // Nothing went: that is a failure.
    expect((await two.delete(all, true)).results).toMatchObject([{ operFailure: { errCode: 7006 } }]);
  });
});

it('a permission is said in the order of rwxn, and nothing else is one', async () => {
  const row = 'Device.LocalAgent.ControllerTrust.Role.1.Permission.';
  for (const name of ['Param', 'Obj', 'InstantiatedObj', 'CommandEvent']) {
    for (const wrong of ['wr--', 'rwxx', 'R---', '1111']) {
      const { error } = await one.add([[row, { Order: '70', [name]: wrong }]]);
      expect(error?.paramErrs, `${name} ${wrong}`).toMatchObject([{ errCode: 7012 }]);
    }
    const { results } = await one.add([[row, { Order: '70', [name]: '-wx-' }]]);
    expect((await one.delete([results![0]!.operSuccess!.instantiatedPath])).error).toBeUndefined();
  }
});
