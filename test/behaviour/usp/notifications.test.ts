import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asking, openUspPair, type UspPair } from '../../support/usp-pair.ts';

// What is told of, and of what not, where the test plan has no number for it.
const controller = 'Device.LocalAgent.Controller.';
const boot = `${controller}1.BootParameter.`;
let pair: UspPair;
let one: Asking;
let two: Asking;

beforeAll(async () => {
  pair = await openUspPair('full');
  one = pair.one;
  two = pair.two;
});
afterAll(() => pair[Symbol.asyncDispose]());

describe('ValueChange', () => {
  it('is told of what a search leads to as soon as it fits, and not when it no longer does', async () => {
    const enable = (Enable: string) => one.set([[`${boot}1.`, { Enable }]]);
    await one.add([[boot, { ParameterName: 'Device.DeviceInfo.UpTime' }]]);
    await one.subscribe('fits', 'ValueChange', `${boot}[Enable==true].`);
    await one.subscribe('name', 'ValueChange', `${boot}[Enable==true].ParameterName`);
    await enable('true');
    await enable('false');
    await enable('1');
    await one.set([[`${boot}1.`, { ParameterName: 'Device.DeviceInfo.FriendlyName' }]]);
    expect((await one.said('fits')).map(({ valueChange }) => Object.values(valueChange!))).toEqual([
      [`${boot}1.Enable`, 'true'],
      [`${boot}1.Enable`, 'true'],
      [`${boot}1.ParameterName`, 'Device.DeviceInfo.FriendlyName'],
    ]);
    expect(await one.said('name')).toHaveLength(1);
  });

  it('is not told of what GetSupportedDM says that it is ignored for', async () => {
    const names = ['UpTime', 'FriendlyName'];
    const getSupportedDm = {
      objPaths: ['Device.DeviceInfo.'],
      firstLevelOnly: true,
      returnParams: true,
      returnCommands: false,
      returnEvents: false,
      returnUniqueKeySets: false,
    };
    const { value } = await one.ask({ getSupportedDm }, 'getSupportedDmResp');
    const { supportedParams } = value!.reqObjResults[0]!.supportedObjs[0]!;
    const told = names.map((name) => supportedParams.find(({ paramName }) => paramName === name)!.valueChange);
    expect(told).toEqual([2, 1]);
    await one.subscribe('counts', 'ValueChange', 'Device.LocalAgent.,Device.DeviceInfo.FriendlyName');
    // With every write there is a look at all that is watched; a second has to pass for UpTime.
    const seconds = async () => (await one.get('Device.LocalAgent.UpTime')) as Record<string, string>;
    const before = await seconds();
    await expect.poll(seconds).not.toEqual(before);
    await one.set([['Device.DeviceInfo.', { FriendlyName: 'another' }]]);
    const heard = (await one.said('counts')).map(({ valueChange }) => valueChange!.paramPath);
    expect(heard).toContain('Device.DeviceInfo.FriendlyName');
    expect(heard.filter((path) => path.endsWith('UpTime'))).toEqual([]);
  });

  it('can not be asked for of what is no path', async () => {
    for (const path of ['Device.[', 'Device.WiFi.,Device..X']) {
      const { error } = await one.subscribe('no path', 'ValueChange', path);
      expect(error?.paramErrs, path).toMatchObject([{ errCode: 7012 }]);
    }
  });
});

describe('the row of a command that is running', () => {
  it('goes through the states that TR-181 has for it', async () => {
    const states = async (id: string) => (await one.said(id)).map(({ valueChange }) => valueChange!.paramValue);
    await one.subscribe('requests', 'ValueChange', 'Device.LocalAgent.Request.*.Status');
    await one.subscribe('ends', 'OperationComplete', 'Device.ScheduleTimer()');
    const { results } = await one.operate('Device.ScheduleTimer()', { DelaySeconds: '1000' }, 'long');
    const row = results![0]!.reqObjPath!;
    expect(await one.get(`${row}Status`)).toEqual({ [`${row}Status`]: 'Active' });
    await one.operate(`${row}Cancel()`);
    const end = await one.controller.notification(({ subscriptionId }) => subscriptionId === 'ends');
    expect(end.operComplete).toMatchObject({ commandKey: 'long', cmdFailure: { errCode: 7023 } });
    expect(await states('requests')).toEqual(['Active', 'Canceling', 'Canceled']);
  });
});

describe('a controller that goes', () => {
  const last = { ObjectDeletion: `${controller}*.`, ValueChange: `${controller}*.Enable` };

  it('is told so itself, and that is the last that it hears (TR-181 Controller.{i}., .Enable)', async () => {
    for (const [type, path] of Object.entries(last)) await two.subscribe(type, type, path);
    await two.subscribe('other', 'ValueChange', 'Device.DeviceInfo.FriendlyName');
    const heard = () =>
      two.controller.notifications.flatMap(({ subscriptionId, valueChange, objDeletion }) =>
        subscriptionId === '' ? [] : [valueChange?.paramValue ?? objDeletion?.objPath],
      );
    await one.set([[`${controller}2.`, { Enable: 'false' }]]);
    await one.set([['Device.DeviceInfo.', { FriendlyName: 'not for two' }]]);
    await expect.poll(() => two.controller.agents()).toEqual([]);
    expect(heard()).toEqual(['false']);
    await one.set([[`${controller}2.`, { Enable: 'true' }]]);
    await expect.poll(() => two.controller.agents()).toHaveLength(1);
    // By itself: it has the answer, and then the notification.
    expect((await two.delete([`${controller}2.`])).results).toHaveLength(1);
    await expect.poll(() => two.controller.agents()).toEqual([]);
    expect(heard()).toEqual(['false', `${controller}2.`]);
  });
});
