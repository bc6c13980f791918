import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Controller,
  installFactory,
  type Router,
  type Service,
  startController,
  startRouter,
  startService,
} from '#lab';
import type { Requests, Responses } from '#usp';
import { configureAgent, fullController } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { device } from '../../support/usp-exchange.ts';

// A service beside the agent: another process serves a part of the data model.
const directory = mkdtempSync(join(tmpdir(), 'tandem-services-'));
const self = 'proto::lab-controller';
const meter = 'proto::meter';
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let router: Router;
let agent: AgentProcess;
let controller: Controller;
const services: Service[] = [];

beforeAll(async () => {
  bundles = await buildBundles();
  controller = await startController({ endpointId: self, webSocket: {} });
  router = await startRouter({ directory, reloadDelayMs: 20 });
  installFactory(router.root, {});
  configureAgent(router, [
    ...fullController(self),
    [
      'controller_mtp',
      'first_mtp',
      {
        controller: 'first',
        enable: 1,
        protocol: 'WebSocket',
        host: '127.0.0.1',
        port: controller.port,
        path: '/usp',
        encryption: 0,
      },
    ],
    ['controller', 'own', { enable: 1, endpoint_id: meter, role: 'full' }],
    ['controller_mtp', 'own_uds', { controller: 'own', enable: 1, protocol: 'UDS' }],
    ['unix_socket', 'services', { path: '/var/run/usp/broker_controller_path' }],
    ['service_trust', 'meter_trust', { endpoint_id: meter, target: ['Device.X_LAB_Meter.', 'Device.WiFi.'] }],
  ]);
  agent = await startDaemon(bundles.dist, router);
  await controller.connected(device);
});
afterEach(() => {
  for (const service of services.splice(0)) service[Symbol.dispose]();
});
afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await agent?.stop('SIGKILL');
  await router?.[Symbol.asyncDispose]();
  bundles.remove();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(more: { register?: readonly string[]; endpointId?: string } = {}) {
  const path = join(router.root, 'var/run/usp/broker_controller_path');
  const started = await startService({ path, endpointId: meter, ...more });
  services.push(started.service);
  return started;
}
const raw = <Name extends keyof Responses>(request: Partial<Requests>, response: Name) =>
  controller.ask(device, request, response);
async function ask<Name extends keyof Responses>(request: Partial<Requests>, response: Name): Promise<Responses[Name]> {
  const answer = await raw(request, response);
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  return answer.value;
}
async function get(...paramPaths: string[]): Promise<Record<string, string>> {
  const { reqPathResults } = await ask({ get: { paramPaths, maxDepth: 0 } }, 'getResp');
  return Object.fromEntries(
    reqPathResults.flatMap(({ resolvedPathResults }) =>
      resolvedPathResults.flatMap(({ resolvedPath, resultParams }) =>
        Object.entries(resultParams).map(([name, value]) => [resolvedPath + name, value]),
      ),
    ),
  );
}
const supported = async (): Promise<string[]> => {
  const request = {
    objPaths: ['Device.X_LAB_Meter.'],
    firstLevelOnly: false,
    returnCommands: true,
    returnEvents: true,
    returnParams: true,
    returnUniqueKeySets: true,
  };
  const { reqObjResults } = await ask({ getSupportedDm: request }, 'getSupportedDmResp');
  return reqObjResults[0]!.supportedObjs.map(({ supportedObjPath }) => supportedObjPath);
};
const setting = (objPath: string, param: string, value: string) => ({
  objPath,
  paramSettings: [{ param, value, required: true }],
});

describe('a service that has registered', () => {
  it('is a part of the data model: read, written, added to, deleted from, operated', async () => {
    const { answer } = await serve();
    expect(answer).toMatchObject({
      kind: 'response',
      response: {
        registerResp: {
          registeredPathResults: [{ operStatus: { operSuccess: { registeredPath: 'Device.X_LAB_Meter.' } } }],
        },
      },
    });
    expect(await get('Device.X_LAB_Meter.Unit', 'Device.LocalAgent.EndpointID')).toEqual({
      'Device.X_LAB_Meter.Unit': 'W',
      'Device.LocalAgent.EndpointID': device,
    });
    const all = await get('Device.');
    expect(all['Device.X_LAB_Meter.Channel.1.Name']).toBe('Kitchen');
    expect(all['Device.USPServices.USPServiceNumberOfEntries']).toBe('1');
    expect(all['Device.USPServices.USPService.1.EndpointID']).toBe(meter);
    expect(all['Device.USPServices.USPService.1.DataModelPaths']).toBe('Device.X_LAB_Meter.');
    expect(await get('Device.X_LAB_Meter.Channel.*.Watts')).toEqual({ 'Device.X_LAB_Meter.Channel.1.Watts': '40' });
    await expect.poll(supported).toEqual(['Device.X_LAB_Meter.', 'Device.X_LAB_Meter.Channel.{i}.']);

    const set = await ask(
      { set: { allowPartial: false, updateObjs: [setting('Device.X_LAB_Meter.', 'Unit', 'kW')] } },
      'setResp',
    );
    expect(set.updatedObjResults[0]!.operStatus!.operSuccess!.updatedInstResults[0]!.updatedParams).toEqual({
      Unit: 'kW',
    });
    const added = await ask(
      { add: { allowPartial: false, createObjs: [setting('Device.X_LAB_Meter.Channel.', 'Name', 'Cellar')] } },
      'addResp',
    );
    expect(added.createdObjResults[0]!.operStatus!.operSuccess).toMatchObject({
      instantiatedPath: 'Device.X_LAB_Meter.Channel.2.',
      uniqueKeys: { Name: 'Cellar' },
    });
    const instances = await ask(
      { getInstances: { objPaths: ['Device.X_LAB_Meter.Channel.'], firstLevelOnly: true } },
      'getInstancesResp',
    );
    expect(instances.reqPathResults[0]!.currInsts.map(({ instantiatedObjPath }) => instantiatedObjPath)).toEqual([
      'Device.X_LAB_Meter.Channel.1.',
      'Device.X_LAB_Meter.Channel.2.',
    ]);
    const deleted = await ask(
      { delete: { allowPartial: false, objPaths: ['Device.X_LAB_Meter.Channel.2.'] } },
      'deleteResp',
    );
    expect(deleted.deletedObjResults[0]!.operStatus!.operSuccess!.affectedPaths).toEqual([
      'Device.X_LAB_Meter.Channel.2.',
    ]);
    const operated = await ask(
      {
        operate: {
          command: 'Device.X_LAB_Meter.Calibrate()',
          commandKey: '',
          sendResp: true,
          inputArgs: { Offset: '7' },
        },
      },
      'operateResp',
    );
    expect(operated.operationResults[0]!.reqOutputArgs).toEqual({ outputArgs: { Applied: '7' } });
  });

  it('has rows that permissions mean by a search expression', async () => {
    await serve();
    await expect.poll(supported).toHaveLength(2);
    const createObjs = [setting('Device.X_LAB_Meter.Channel.', 'Name', 'Cellar')];
    await ask({ add: { allowPartial: false, createObjs } }, 'addResp');
    expect(Object.values(await get('Device.X_LAB_Meter.Channel.*.Name'))).toEqual(['Kitchen', 'Cellar']);
    const paramSettings = Object.entries({
      Enable: 'true',
      Order: '9',
      Targets: 'Device.X_LAB_Meter.Channel.[Name=="Cellar"].',
    }).map(([param, value]) => ({ param, value, required: true }));
    const objPath = 'Device.LocalAgent.ControllerTrust.Role.1.Permission.';
    const { createdObjResults } = await ask(
      { add: { allowPartial: false, createObjs: [{ objPath, paramSettings }] } },
      'addResp',
    );
    const names = async () => Object.values(await get('Device.X_LAB_Meter.Channel.*.Name'));
    await expect.poll(names).toEqual(['Kitchen']);
    // As it is at any time.
    services[0]!.meter.set('Device.X_LAB_Meter.Channel.2.', 'Name', 'Attic');
    expect(await names()).toEqual(['Kitchen', 'Attic']);
    const made = createdObjResults[0]!.operStatus!.operSuccess!.instantiatedPath;
    await ask({ delete: { allowPartial: false, objPaths: [made] } }, 'deleteResp');
  });

  it('runs commands that take long as the agent does its own: with a row of the agent, its end told once, and cancelled', async () => {
    const { service } = await serve();
    await expect.poll(supported).toHaveLength(2);
    const command = 'Device.X_LAB_Meter.Measure()';
    const settings = { Enable: 'true', ID: 'ends', NotifType: 'OperationComplete', ReferenceList: command };
    const paramSettings = Object.entries(settings).map(([param, value]) => ({ param, value, required: true }));
    const createObjs = [{ objPath: 'Device.LocalAgent.Subscription.', paramSettings }];
    const { createdObjResults } = await ask({ add: { allowPartial: false, createObjs } }, 'addResp');
    const begin = async (commandKey: string): Promise<string> => {
      const operate = { command, commandKey, sendResp: true, inputArgs: {} };
      return (await ask({ operate }, 'operateResp')).operationResults[0]!.reqObjPath!;
    };
    const ends = () =>
      controller.notifications.flatMap(({ subscriptionId, operComplete: end }) =>
        subscriptionId === 'ends' && end
          ? [[end.commandKey, end.reqOutputArgs?.outputArgs.Watts ?? end.cmdFailure?.errCode]]
          : [],
      );
    const row = await begin('first');
    expect(await get(`${row}Command`, `${row}CommandKey`, `${row}Originator`)).toEqual({
      [`${row}Command`]: command,
      [`${row}CommandKey`]: 'first',
      [`${row}Originator`]: self,
    });
    // The service knows it by another key; of what it runs for others nothing is mixed up with it.
    service.meter.measured('first', '1');
    service.meter.measured(service.measuring[0]!.commandKey, '42');
    await expect.poll(ends).toEqual([
      ['first', '1'],
      ['first', '42'],
    ]);
    expect(await get(`${row}Command`)).toEqual({});
    const second = await begin('second');
    expect(second).not.toBe(row);
    await ask(
      { operate: { command: `${second}Cancel()`, commandKey: '', sendResp: true, inputArgs: {} } },
      'operateResp',
    );
    await expect.poll(() => service.measuring[1]!.canceled).toBe(true);
    expect(await get(`${second}Status`)).toEqual({ [`${second}Status`]: 'Canceling' });
    // A service that goes takes what it was doing with it.
    await begin('third');
    service[Symbol.dispose]();
    await expect
      .poll(() => ends().slice(2).sort())
      .toEqual([
        ['second', 7023],
        ['third', 7022],
      ]);
    const made = createdObjResults[0]!.operStatus!.operSuccess!.instantiatedPath;
    await ask({ delete: { allowPartial: false, objPaths: [made] } }, 'deleteResp');
  });

  it('is named where it is a controller, too', async () => {
    const reference = () => get('Device.LocalAgent.Controller.*.MTP.*.UDS.USPServiceRef');
    const [first, own] = [1, 2].map((row) => `Device.LocalAgent.Controller.${row}.MTP.1.UDS.USPServiceRef`);
    expect(await reference()).toEqual({ [first!]: '', [own!]: '' });
    const { service } = await serve();
    await expect.poll(reference).toEqual({ [first!]: '', [own!]: 'Device.USPServices.USPService.1' });
    service[Symbol.dispose]();
    await expect.poll(reference).toEqual({ [first!]: '', [own!]: '' });
  });

  it('refuses with its own codes', async () => {
    await serve();
    const partial = await ask(
      {
        set: {
          allowPartial: true,
          updateObjs: [
            setting('Device.X_LAB_Meter.', 'Unit', 'horses'),
            setting('Device.X_LAB_Meter.', 'Unit', 'W'),
            setting('Device.WiFi.SSID.1.', 'SSID', 'Ours'),
          ],
        },
      },
      'setResp',
    );
    expect(partial.updatedObjResults).toMatchObject([
      { operStatus: { operFailure: { updatedInstFailures: [{ paramErrs: [{ param: 'Unit', errCode: 7012 }] }] } } },
      { operStatus: { operSuccess: {} } },
      { operStatus: { operSuccess: {} } },
    ]);
    // Two that keep something can not be undone together.
    const mixed = await raw(
      {
        set: {
          allowPartial: false,
          updateObjs: [setting('Device.X_LAB_Meter.', 'Unit', 'W'), setting('Device.WiFi.SSID.1.', 'SSID', 'Lost')],
        },
      },
      'setResp',
    );
    expect(mixed).toMatchObject({ ok: false, fault: { errCode: 7005 } });
    expect(await get('Device.WiFi.SSID.1.SSID')).toEqual({ 'Device.WiFi.SSID.1.SSID': 'Ours' });
  });

  it('is heard through the subscriptions of controllers, also those that were there before it', async () => {
    for (const [type, path] of [
      ['ValueChange', 'Device.X_LAB_Meter.Channel.1.Watts'],
      ['Event', 'Device.X_LAB_Meter.Overload!'],
    ]) {
      const settings = { Enable: 'true', ID: type!, NotifType: type!, ReferenceList: path! };
      const paramSettings = Object.entries(settings).map(([param, value]) => ({ param, value, required: true }));
      await ask(
        { add: { allowPartial: false, createObjs: [{ objPath: 'Device.LocalAgent.Subscription.', paramSettings }] } },
        'addResp',
      );
    }
    const { service } = await serve();
    await expect.poll(() => service.requests.filter((name) => name === 'add').length).toBe(2);
    service.meter.measure(1, 5000);
    const { valueChange } = await controller.notification(({ subscriptionId }) => subscriptionId === 'ValueChange');
    expect(valueChange).toEqual({ paramPath: 'Device.X_LAB_Meter.Channel.1.Watts', paramValue: '5000' });
    const { event } = await controller.notification(({ subscriptionId }) => subscriptionId === 'Event');
    expect(event).toEqual({ objPath: 'Device.X_LAB_Meter.', eventName: 'Overload!', params: { Watts: '5000' } });
  });

  it('takes what it had with it', async () => {
    const { service } = await serve();
    await expect.poll(supported).toHaveLength(2);
    service[Symbol.dispose]();
    await expect.poll(() => get('Device.X_LAB_Meter.Unit')).toEqual({});
    expect(await supported()).toEqual([]);
    expect(await get('Device.USPServices.USPServiceNumberOfEntries')).toEqual({
      'Device.USPServices.USPServiceNumberOfEntries': '0',
    });
    const again = await serve();
    expect(await get('Device.X_LAB_Meter.Unit')).toEqual({ 'Device.X_LAB_Meter.Unit': 'W' });
    expect(await again.service.deregister([''])).toMatchObject({
      response: {
        deregisterResp: {
          deregisteredPathResults: [{ operStatus: { operSuccess: { deregisteredPath: ['Device.X_LAB_Meter.'] } } }],
        },
      },
    });
    expect(await get('Device.X_LAB_Meter.Unit')).toEqual({});
  });
});

describe('registering', () => {
  const refusal = async (paths: readonly string[], endpointId?: string): Promise<unknown> => {
    const { answer } = await serve({ register: paths, ...(endpointId !== undefined && { endpointId }) });
    return answer.kind === 'error' ? answer.error.errCode : answer.kind;
  };
  it("is for what the service is trusted with, what is nobody else's, and in the right form", async () => {
    expect(await refusal(['Device.X_LAB_Meter.'], 'proto::stranger')).toBe(7006);
    expect(await refusal(['Device.X_LAB_Other.'])).toBe(7006);
    expect(await refusal(['Device.WiFi.SSID.'])).toBe(7028);
    expect(await refusal(['Device.WiFi.AccessPoint.Security.'])).toBe(7028);
    expect(await refusal(['Device.WiFi.AccessPoint.Security.KeyPassphrase'])).toBe(7028);
    expect(await refusal(['Device.WiFi.SSID'])).toBe(7028);
    expect(await refusal(['Device.X_LAB_Meter.Channel.1.'])).toBe(7028);
    expect(await refusal(['Device.X_LAB_Meter.Channel.{i}.'])).toBe(7028);
    expect(await refusal(['Device.'])).toBe(7028);
  });

  it('has no part twice, and nothing of a message that fails (R-REG.1)', async () => {
    const { service } = await serve({ register: ['Device.X_LAB_Meter.Channel.'] });
    const whole = await service.register(['Device.WiFi.X_LAB_Extra.', 'Device.LocalAgent.']);
    expect(whole).toMatchObject({ kind: 'error', error: { errCode: 7006 } });
    expect(await service.deregister(['Device.WiFi.X_LAB_Extra.'])).toMatchObject({
      response: { deregisterResp: { deregisteredPathResults: [{ operStatus: { operFailure: { errCode: 7030 } } }] } },
    });
    const each = await service.register(['Device.WiFi.X_LAB_Extra.', 'Device.LocalAgent.'], true);
    expect(each).toMatchObject({
      response: {
        registerResp: {
          registeredPathResults: [
            { operStatus: { operSuccess: { registeredPath: 'Device.WiFi.X_LAB_Extra.' } } },
            { operStatus: { operFailure: { errCode: 7006 } } },
          ],
        },
      },
    });
  });

  it('of garbage ends the connection', async () => {
    const { service } = await serve();
    service.send(Buffer.from('no record'));
    await expect.poll(() => get('Device.X_LAB_Meter.Unit')).toEqual({});
  });
});
