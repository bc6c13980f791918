import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMessage, writeMessage } from '#usp';
import { type Asking, device, openUspPair, type UspPair } from '../../support/usp-pair.ts';

// Corners of TR-369 "Messages" that no test plan judges.
const controller = 'Device.LocalAgent.Controller.';
const boot = `${controller}1.BootParameter.`;
const role = 'Device.LocalAgent.ControllerTrust.Role.1.';
let pair: UspPair;
let one: Asking;

beforeAll(async () => {
  pair = await openUspPair('full');
  one = pair.one;
});
afterAll(() => pair[Symbol.asyncDispose]());

describe('Add', () => {
  it('of rows below a search that finds none is a success without a row (R-MSG.4a)', async () => {
    const nowhere = `${controller}[EndpointID=="nobody"].`;
    const nothing = { operSuccess: { instantiatedPath: '', paramErrs: [], uniqueKeys: {} } };
    for (const partial of [false, true]) {
      expect((await one.add([[`${nowhere}BootParameter.`, {}]], partial)).results).toEqual([nothing]);
    }
    expect((await one.add([[`${nowhere}Nothing.`, {}]])).error?.errCode).toBe(7026);
  });

  it('sets parameters of the single objects that come with the row', async () => {
    const { results } = await one.add([[`${controller}1.MTP.`, { Protocol: 'MQTT', 'MQTT.Topic': 'to/it' }]]);
    const row = results![0]!.operSuccess!.instantiatedPath;
    expect(await one.get(`${row}MQTT.Topic`)).toEqual({ [`${row}MQTT.Topic`]: 'to/it' });
    const wrong = { Protocol: 'STOMP', 'MQTT.Topic': 'x', 'STOMP.Reference': 'Device.STOMP.Connection.7' };
    const said = await one.add([[`${controller}1.MTP.`, wrong]]);
    expect(said.error!.paramErrs).toMatchObject([{ errCode: 7012 }]);
    expect(said.error!.paramErrs[0]!.paramPath).toMatch(/\.MTP\.[0-9]+\.STOMP\.Reference$/);
    // Neither a table nor what is not there.
    const odd = { 'Nothing.Topic': 'x', 'MQTT.': 'x' };
    const kept = await one.add([
      [`${controller}2.MTP.`, { Protocol: 'UDS' }],
      [`${controller}2.MTP.`, odd, false],
    ]);
    const { paramErrs } = kept.results![1]!.operSuccess!;
    expect(paramErrs.map(({ param, errCode }) => [param, errCode])).toEqual([
      ['Nothing.Topic', 7010],
      ['MQTT.', 7010],
    ]);
  });

  it('of an MTP gives it the lowest priority (TR-181 Controller.{i}.MTP.{i}.Order)', async () => {
    const before = Object.values((await one.get(`${controller}2.MTP.*.Order`)) as object).map(Number);
    const mtps = ['MQTT', 'STOMP'].map((Protocol) => [`${controller}2.MTP.`, { Protocol }] as const);
    const { results } = await one.add(mtps);
    const orders = results!.map(({ operSuccess }) => one.get(`${operSuccess!.instantiatedPath}Order`));
    const most = Math.max(...before);
    expect((await Promise.all(orders)).flatMap((order) => Object.values(order))).toEqual([
      `${most + 1}`,
      `${most + 2}`,
    ]);
  });
});

describe('unique keys', () => {
  it('have to be unique when the whole message is done: rows may swap them', async () => {
    const permission = (Order: string) => [`${role}Permission.`, { Enable: 'true', Order }] as const;
    const { results } = await one.add([permission('10'), permission('20')]);
    const [a, b] = results!.map(({ operSuccess }) => operSuccess!.instantiatedPath);
    expect(
      (
        await one.set([
          [a!, { Order: '20' }],
          [b!, { Order: '10' }],
        ])
      ).error,
    ).toBeUndefined();
    expect(await one.get(`${role}Permission.[Order>=10].Order`)).toEqual({ [`${a}Order`]: '20', [`${b}Order`]: '10' });
    // Both the same is still refused, and changes nothing.
    const same = await one.set([
      [a!, { Order: '30' }],
      [b!, { Order: '30' }],
    ]);
    expect(same.error).toMatchObject({ errCode: 7025, paramErrs: [{ paramPath: b, errCode: 7025 }] });
    expect(await one.get(`${a}Order`)).toEqual({ [`${a}Order`]: '20' });
    expect((await one.delete([a!, b!])).error).toBeUndefined();
  });

  it('hold in tables of the agent itself, too', async () => {
    const subscription = (ID: string) => ['Device.LocalAgent.Subscription.', { ID }] as const;
    expect((await one.add([subscription('twice'), subscription('twice')])).error).toMatchObject({
      errCode: 7025,
      paramErrs: [{ errCode: 7025 }],
    });
    const partial = await one.add([subscription('twice'), subscription('twice')], true);
    expect(partial.results!.map(({ operFailure }) => operFailure?.errCode)).toEqual([undefined, 7025]);
  });
});

describe('Set', () => {
  it('tells which of the rows of a search was at fault, by its own path (R-SET.2a, R-MSG.3)', async () => {
    const parameters = ['Device.DeviceInfo.UpTime', 'Device.DeviceInfo.FriendlyName'].map(
      (ParameterName) => [boot, { Enable: 'true', ParameterName }] as const,
    );
    expect((await one.add(parameters)).error).toBeUndefined();
    const all = [`${boot}*.`, { ParameterName: 'Device.DeviceInfo.Manufacturer' }] as const;
    const [failure] = (await one.set([all], true)).results!;
    expect(failure!.operFailure).toMatchObject({
      errCode: 7025,
      updatedInstFailures: [{ affectedPath: `${boot}2.`, paramErrs: [] }],
    });
    expect((await one.set([all])).error).toMatchObject({
      errCode: 7025,
      paramErrs: [{ paramPath: `${boot}2.`, errCode: 7025 }],
    });
  });

  it('does not tell a secret back', async () => {
    const security = 'Device.WiFi.AccessPoint.1.Security.';
    const { results } = await one.set([[security, { KeyPassphrase: 'not for all', ModeEnabled: 'WPA2-Personal' }]]);
    expect(results![0]!.operSuccess!.updatedInstResults[0]!.updatedParams).toEqual({
      KeyPassphrase: '',
      ModeEnabled: 'WPA2-Personal',
    });
  });
});

describe('Delete', () => {
  it('of what is no row is refused (R-DEL.1)', async () => {
    const codes = {
      'Device.LocalAgent.Subscription.': 7008,
      [`${controller}1.EndpointID`]: 7026,
      'Device.DeviceInfo.': 7018,
    };
    for (const [path, code] of Object.entries(codes)) {
      expect((await one.delete([path])).error?.paramErrs[0]?.errCode, path).toBe(code);
      expect((await one.delete([path], true)).results![0]!.operFailure?.errCode, path).toBe(code);
    }
  });

  it('that meets a row twice deletes it once', async () => {
    const { results } = await one.add([[boot, {}]]);
    const row = results![0]!.operSuccess!.instantiatedPath;
    for (const partial of [false, true]) {
      const again = await one.delete([`${controller}99.`, row, row], partial);
      expect(again.results!.map(({ operSuccess }) => operSuccess!.affectedPaths)).toEqual([
        [],
        partial ? [] : [row],
        [],
      ]);
    }
  });
});

describe('GetSupportedDM', () => {
  it('by instance is of rows that are there, and of no row of a table of {i}', async () => {
    const objPaths = [
      `${controller}1.MTP.`,
      `${controller}77.MTP.`,
      `${controller}{i}.MTP.1.`,
      `${controller}{i}.MTP.`,
    ];
    const options = { returnCommands: false, returnEvents: false, returnParams: false, returnUniqueKeySets: false };
    const { value } = await one.ask(
      { getSupportedDm: { objPaths, firstLevelOnly: true, ...options } },
      'getSupportedDmResp',
    );
    expect(value!.reqObjResults.map(({ errCode }) => errCode)).toEqual([0, 7016, 7008, 0]);
  });
});

describe('Operate', () => {
  it('says what an argument is refused for with a code that commands have', async () => {
    const trust = 'Device.LocalAgent.ControllerTrust.';
    const codes = await Promise.all([
      one.operate(`${trust}RequestChallenge()`, { ChallengeRef: `${trust}Challenge.9` }),
      one.operate(`${trust}ChallengeResponse()`, { ChallengeID: 'none', Value: 'AAAA' }),
      one.operate('Device.LocalAgent.AddCertificate()', { Certificate: 'none' }),
    ]);
    expect(codes.map(({ results }) => results![0]!.cmdFailure?.errCode)).toEqual([7004, 7004, 7004]);
  });

  it('Reset() of a watchdog that is not enabled leaves it inactive', async () => {
    const { results } = await one.add([['Device.LocalAgent.Watchdog.', { Reference: 'Device.DeviceInfo.UpTime' }]]);
    const row = results![0]!.operSuccess!.instantiatedPath;
    expect((await one.operate(`${row}Reset()`)).results![0]!.cmdFailure).toBeUndefined();
    expect(await one.get(`${row}Status`)).toEqual({ [`${row}Status`]: 'Inactive' });
  });
});

it('the type in the header is for information: the body counts (R-MSG.10)', async () => {
  const message = writeMessage('odd', {
    kind: 'request',
    request: { get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } },
  });
  // Header: msg_id, then msg_type GET.
  const at = message.indexOf(0x10);
  expect(message[at + 1]).toBe(1);
  message[at + 1] = 8;
  const from = one.controller.records.length;
  one.controller.send(device, { noSessionContext: { payload: message } });
  const record = await one.controller.record(
    (each) => one.controller.records.indexOf(each) >= from && each.noSessionContext !== undefined,
  );
  expect(readMessage(record.noSessionContext!.payload)).toMatchObject({
    msgId: 'odd',
    body: { response: { getResp: { reqPathResults: [{ errCode: 0 }] } } },
  });
});
