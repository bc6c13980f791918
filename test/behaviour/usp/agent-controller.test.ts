import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Controller, type ControllerOptions, createPki, type LabFactory, startController } from '#lab';
import type { GetResp } from '#usp';
import { runCli } from '../../support/agent-process.ts';
import { type Broker, hasMosquitto, startMosquitto } from '../../support/mosquitto.ts';
import { UspBench } from '../../support/usp-bench.ts';

// The daemon as it ships on the simulated router, managed by the lab's controller.
const bench = new UspBench();
const pki = createPki('Operator');
const device = 'os::00D09E-LAB0001';
const self = 'proto::lab-controller';

async function begin(
  transports: Omit<ControllerOptions, 'endpointId'>,
  controllers: (controller: Controller) => readonly unknown[],
  factory: Omit<LabFactory, 'controllers'> = {},
): Promise<Controller> {
  const [controller] = await bench.begin([{ endpointId: self, ...transports }], (started) => ({
    ...factory,
    controllers: controllers(started[0]!),
  }));
  return controller!;
}
const overWebSocket = (options: LabFactory = {}): Promise<Controller> =>
  begin(
    { webSocket: {} },
    ({ port }) => [{ endpoint_id: self, websocket: { host: '127.0.0.1', port, path: '/usp', encryption: false } }],
    options,
  );

const values = (response: GetResp): Record<string, string> =>
  Object.fromEntries(
    response.reqPathResults.flatMap(({ resolvedPathResults }) =>
      resolvedPathResults.flatMap(({ resolvedPath, resultParams }) =>
        Object.entries(resultParams).map(([name, value]) => [resolvedPath + name, value]),
      ),
    ),
  );
async function get(controller: Controller, ...paramPaths: string[]): Promise<Record<string, string>> {
  const answer = await controller.ask(device, { get: { paramPaths, maxDepth: 0 } }, 'getResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  return values(answer.value);
}
const subscribe = (
  controller: Controller,
  id: string,
  notifType: string,
  reference: string,
  extra: Record<string, string> = {},
) =>
  controller.ask(
    device,
    {
      add: {
        allowPartial: false,
        createObjs: [
          {
            objPath: 'Device.LocalAgent.Subscription.',
            paramSettings: Object.entries({
              Enable: 'true',
              ID: id,
              NotifType: notifType,
              ReferenceList: reference,
              ...extra,
            }).map(([param, value]) => ({ param, value, required: true })),
          },
        ],
      },
    },
    'addResp',
  );
const setSsid = (controller: Controller, value: string) =>
  controller.ask(
    device,
    {
      set: {
        allowPartial: false,
        updateObjs: [{ objPath: 'Device.WiFi.SSID.1.', paramSettings: [{ param: 'SSID', value, required: true }] }],
      },
    },
    'setResp',
  );
const ssid = 'Device.WiFi.SSID.1.SSID';

describe('over WebSocket', () => {
  it('connects by itself, says who it is, and answers every request', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    await controller.record(({ websocketConnect }) => websocketConnect !== undefined);
    const all = await get(controller, 'Device.');
    expect(Object.keys(all).length).toBeGreaterThan(400);
    expect(all['Device.LocalAgent.EndpointID']).toBe(device);
    expect(all['Device.LocalAgent.Controller.1.EndpointID']).toBe(self);
    expect(all['Device.LocalAgent.Controller.1.AssignedRole']).toBe('Device.LocalAgent.ControllerTrust.Role.1');

    const protocol = await controller.ask(
      device,
      { getSupportedProtocol: { controllerSupportedProtocolVersions: '1.4' } },
      'getSupportedProtocolResp',
    );
    expect(protocol).toMatchObject({ ok: true, value: { agentSupportedProtocolVersions: '1.0,1.1,1.2,1.3,1.4' } });

    const instances = await controller.ask(
      device,
      { getInstances: { objPaths: ['Device.WiFi.SSID.', 'Device.Nowhere.'], firstLevelOnly: true } },
      'getInstancesResp',
    );
    if (!instances.ok) throw new Error();
    const [known, unknown] = instances.value.reqPathResults;
    expect(known!.currInsts.map(({ instantiatedObjPath }) => instantiatedObjPath)).toContain('Device.WiFi.SSID.1.');
    expect(known!.currInsts[0]!.uniqueKeys).toMatchObject({ Alias: 'cpe-1' });
    expect(unknown!.errCode).toBe(7026);

    const model = await controller.ask(
      device,
      {
        getSupportedDm: {
          objPaths: ['Device.LocalAgent.', 'Device.WiFi.SSID.1.SSID', 'Device.Reboot()', 'Device.Nowhere.'],
          firstLevelOnly: false,
          returnCommands: true,
          returnEvents: true,
          returnParams: true,
          returnUniqueKeySets: true,
        },
      },
      'getSupportedDmResp',
    );
    if (!model.ok) throw new Error();
    const [local, parameter, command, nowhere] = model.value.reqObjResults;
    const table = local!.supportedObjs.find(
      (object) => object.supportedObjPath === 'Device.LocalAgent.Subscription.{i}.',
    )!;
    expect(table).toMatchObject({ access: 1, isMultiInstance: true });
    expect(table.uniqueKeySets).toEqual([{ keyNames: ['Alias'] }, { keyNames: ['Recipient', 'ID'] }]);
    expect(parameter!.supportedObjs[0]!.supportedParams).toEqual([
      { paramName: 'SSID', access: 1, valueType: 8, valueChange: 1 },
    ]);
    expect(command!.supportedObjs[0]!.supportedCommands.map(({ commandName }) => commandName)).toEqual(['Reboot()']);
    expect(nowhere!.errCode).toBe(7026);
  });

  it('writes, and refuses with the true codes and nothing changed', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    const written = await setSsid(controller, 'By USP');
    expect(written).toMatchObject({
      ok: true,
      value: {
        updatedObjResults: [
          { operStatus: { operSuccess: { updatedInstResults: [{ updatedParams: { SSID: 'By USP' } }] } } },
        ],
      },
    });
    expect(readFileSync(join(bench.router.root, 'etc/config/wireless'), 'utf8')).toContain("option ssid 'By USP'");
    const refused = await controller.ask(
      device,
      {
        set: {
          allowPartial: false,
          updateObjs: [
            {
              objPath: 'Device.WiFi.SSID.1.',
              paramSettings: [
                { param: 'SSID', value: 'Lost', required: true },
                { param: 'Enable', value: 'perhaps', required: true },
                { param: 'BSSID', value: '00:11:22:33:44:55', required: true },
                { param: 'Colour', value: 'red', required: true },
              ],
            },
          ],
        },
      },
      'setResp',
    );
    expect(refused).toMatchObject({ ok: false, fault: { errCode: 7004 } });
    if (refused.ok) throw new Error();
    expect(refused.fault.paramErrs.map(({ paramPath, errCode }) => [paramPath.split('.').at(-1), errCode])).toEqual([
      ['Enable', 7011],
      ['BSSID', 7013],
      ['Colour', 7010],
    ]);
    expect((await get(controller, ssid))[ssid]).toBe('By USP');
    const partial = await controller.ask(
      device,
      { delete: { allowPartial: true, objPaths: ['Device.LocalAgent.Subscription.77.', 'Device.WiFi.'] } },
      'deleteResp',
    );
    expect(partial).toMatchObject({
      ok: true,
      value: {
        deletedObjResults: [
          { operStatus: { operSuccess: { affectedPaths: [] } } },
          { operStatus: { operFailure: { errCode: 7018 } } },
        ],
      },
    });
  });

  it('tells a value change whoever made it, creations, deletions, and nothing after the subscription is gone', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    const made = await subscribe(controller, 'watch', 'ValueChange', ssid, { NotifRetry: 'true' });
    expect(made).toMatchObject({
      ok: true,
      value: {
        createdObjResults: [
          {
            operStatus: {
              operSuccess: {
                instantiatedPath: 'Device.LocalAgent.Subscription.1.',
                uniqueKeys: { ID: 'watch', Recipient: 'Device.LocalAgent.Controller.1' },
              },
            },
          },
        ],
      },
    });
    await runCli(bench.dist, bench.router, 'set', `${ssid}=ByHand`);
    const heard = await controller.notification(({ valueChange }) => valueChange?.paramPath === ssid);
    expect(heard).toMatchObject({ subscriptionId: 'watch', sendResp: true, valueChange: { paramValue: 'ByHand' } });

    await subscribe(controller, 'born', 'ObjectCreation', 'Device.LocalAgent.Subscription.');
    await subscribe(controller, 'dead', 'ObjectDeletion', 'Device.LocalAgent.Subscription.');
    await subscribe(controller, 'other', 'Event', 'Device.Boot!');
    const born = await controller.notification(({ objCreation }) => objCreation?.uniqueKeys.ID === 'other');
    const path = born.objCreation!.objPath;
    const removed = await controller.ask(device, { delete: { allowPartial: false, objPaths: [path] } }, 'deleteResp');
    expect(removed).toMatchObject({ ok: true });
    await controller.notification(({ objDeletion }) => objDeletion?.objPath === path);

    const own = await controller.ask(
      device,
      { delete: { allowPartial: false, objPaths: ['Device.LocalAgent.Subscription.[ID=="watch"].'] } },
      'deleteResp',
    );
    expect(own).toMatchObject({ ok: true });
    const before = controller.notifications.length;
    await runCli(bench.dist, bench.router, 'set', `${ssid}=Unheard`);
    await get(controller, ssid);
    expect(controller.notifications.slice(before).filter(({ valueChange }) => valueChange)).toEqual([]);
  });

  it('keeps persistent subscriptions over a restart and says Boot! once for each boot', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    await subscribe(controller, 'boot', 'Event', 'Device.Boot!', { Persistent: 'true' });
    await subscribe(controller, 'fleeting', 'ValueChange', ssid);
    await bench.agent.stop();
    await bench.start();
    await controller.record(() => controller.records.filter(({ websocketConnect }) => websocketConnect).length === 2);
    const kept = await get(controller, 'Device.LocalAgent.Subscription.*.ID');
    expect(Object.values(kept)).toEqual(['boot']);
    expect(controller.notifications.filter(({ onBoardReq }) => !onBoardReq)).toEqual([]);

    await controller.ask(
      device,
      { operate: { command: 'Device.Reboot()', commandKey: 'k1', sendResp: true, inputArgs: {} } },
      'operateResp',
    );
    await expect.poll(() => bench.router.reboots).toBe(1);
    await bench.agent.stop('SIGKILL');
    rmSync(join(bench.router.root, 'var/run/tandem'), { recursive: true, force: true });
    await bench.start();
    const boot = await controller.notification(({ event }) => event?.eventName === 'Boot!');
    expect(boot).toMatchObject({
      subscriptionId: 'boot',
      event: { objPath: 'Device.', params: { Cause: 'RemoteReboot', CommandKey: 'k1', FirmwareUpdated: 'false' } },
    });
  });

  it('says Boot! once, also when it goes down before the controller is there to hear it', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    await subscribe(controller, 'boot', 'Event', 'Device.Boot!', { Persistent: 'true' });
    await bench.agent.stop();
    rmSync(join(bench.router.root, 'var/run/tandem'), { recursive: true, force: true });
    const { port } = controller;
    await controller[Symbol.asyncDispose]();
    await bench.start();
    await expect.poll(() => bench.agent.said()).toContain('no connection');
    await bench.agent.stop('SIGKILL');
    await bench.start();
    await bench.agent.stop('SIGKILL');

    const again = await startController({ endpointId: self, webSocket: { port } });
    bench.use(again);
    const boots = () => again.notifications.filter(({ event }) => event?.eventName === 'Boot!').length;
    await bench.start();
    await again.notification(({ event }) => event?.eventName === 'Boot!');
    await bench.agent.stop();
    await bench.start();
    await again.record(() => again.records.filter(({ websocketConnect }) => websocketConnect).length === 2);
    await get(again, ssid);
    expect(boots()).toBe(1);
  });

  it('gives with Boot! what the controller has asked for, and only what it may read', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    await subscribe(controller, 'boot', 'Event', 'Device.Boot!', { Persistent: 'true' });
    for (const ParameterName of ['Device.DeviceInfo.SerialNumber', 'Device.WiFi.SSID.*.Enable', 'Device.Nowhere']) {
      const paramSettings = Object.entries({ Enable: 'true', ParameterName }).map(([param, value]) => ({
        param,
        value,
        required: true,
      }));
      const objPath = 'Device.LocalAgent.Controller.1.BootParameter.';
      const add = { allowPartial: false, createObjs: [{ objPath, paramSettings }] };
      expect((await controller.ask(device, { add }, 'addResp')).ok).toBe(true);
    }
    await bench.agent.stop();
    rmSync(join(bench.router.root, 'var/run/tandem'), { recursive: true, force: true });
    await bench.start();
    const boot = await controller.notification(({ event }) => event?.eventName === 'Boot!');
    expect(JSON.parse(boot.event!.params.ParameterMap!)).toEqual({
      'Device.DeviceInfo.SerialNumber': 'LAB0001',
      'Device.WiFi.SSID.1.Enable': true,
      'Device.WiFi.SSID.2.Enable': true,
      'Device.WiFi.SSID.3.Enable': true,
    });
  });

  it('tells the time to its own controller, and asks to be taken on board when told to', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    await subscribe(controller, 'tick', 'Event', 'Device.LocalAgent.Periodic!');
    const updateObjs = [
      {
        objPath: 'Device.LocalAgent.Controller.1.',
        paramSettings: [{ param: 'PeriodicNotifInterval', value: '1', required: true }],
      },
    ];
    await controller.ask(device, { set: { allowPartial: false, updateObjs } }, 'setResp');
    const tick = await controller.notification(({ event }) => event?.eventName === 'Periodic!');
    expect(tick).toMatchObject({ subscriptionId: 'tick', event: { objPath: 'Device.LocalAgent.' } });

    const command = 'Device.LocalAgent.Controller.1.SendOnBoardRequest()';
    const operate = { command, commandKey: '', sendResp: true, inputArgs: {} };
    expect((await controller.ask(device, { operate }, 'operateResp')).ok).toBe(true);
    const request = await controller.notification(({ onBoardReq }) => onBoardReq !== undefined);
    expect(request).toMatchObject({
      subscriptionId: '',
      sendResp: true,
      onBoardReq: {
        oui: '00D09E',
        productClass: 'FW-AX5G',
        serialNumber: 'LAB0001',
        agentSupportedProtocolVersions: '1.0,1.1,1.2,1.3,1.4',
      },
    });
  });

  it('is asked to take it on board as long as the controller has not said that it has', async () => {
    const controller = await overWebSocket();
    await controller.notification(({ onBoardReq }) => onBoardReq !== undefined);
    const asked = () => controller.notifications.filter(({ onBoardReq }) => onBoardReq).length;
    const objPath = 'Device.LocalAgent.Controller.1.';
    const set = (param: string, value: string) => {
      const updateObjs = [{ objPath, paramSettings: [{ param, value, required: true }] }];
      return controller.ask(device, { set: { allowPartial: false, updateObjs } }, 'setResp');
    };
    expect((await set('OnBoardingRestartTime', '1')).ok).toBe(true);
    await bench.agent.stop();
    await bench.start();
    await expect.poll(asked, { timeout: 5000 }).toBeGreaterThanOrEqual(3);
    expect((await set('OnBoardingComplete', 'true')).ok).toBe(true);
    await bench.agent.stop();
    const before = asked();
    await bench.start();
    await controller.record(() => controller.records.filter(({ websocketConnect }) => websocketConnect).length === 3);
    expect((await get(controller, `${objPath}OnBoardingComplete`))[`${objPath}OnBoardingComplete`]).toBe('true');
    expect(asked()).toBe(before);
  });

  it('runs commands that take long, tells their end after the answer, and knows of them after a restart', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    const timer = 'Device.ScheduleTimer()';
    await subscribe(controller, 'ended', 'OperationComplete', timer, { Persistent: 'true' });
    const run = (command: string, commandKey: string, inputArgs: Record<string, string> = {}) =>
      controller.ask(device, { operate: { command, commandKey, sendResp: true, inputArgs } }, 'operateResp');
    expect(await run(timer, 'short', { DelaySeconds: '1', Unknown: 'x' })).toMatchObject({
      ok: true,
      value: { operationResults: [{ executedCommand: timer, reqObjPath: 'Device.LocalAgent.Request.1.' }] },
    });
    const ended = await controller.notification(({ operComplete }) => operComplete !== undefined);
    expect(ended).toMatchObject({
      subscriptionId: 'ended',
      operComplete: { objPath: 'Device.', commandName: 'ScheduleTimer()', commandKey: 'short', reqOutputArgs: {} },
    });
    expect(await run(timer, 'none')).toMatchObject({
      ok: true,
      value: { operationResults: [{ executedCommand: timer, cmdFailure: { errCode: 7027 } }] },
    });

    await run(timer, 'long', { DelaySeconds: '86400' });
    await bench.agent.stop('SIGKILL');
    await bench.start();
    await controller.record(() => controller.records.filter(({ websocketConnect }) => websocketConnect).length === 2);
    const row = 'Device.LocalAgent.Request.2.';
    expect(await get(controller, row)).toEqual({
      [`${row}Alias`]: 'cpe-2',
      [`${row}Originator`]: self,
      [`${row}Command`]: timer,
      [`${row}CommandKey`]: 'long',
      [`${row}Status`]: 'Active',
    });
    expect(await run(`${row}Cancel()`, '')).toMatchObject({
      ok: true,
      value: { operationResults: [{ reqOutputArgs: {} }] },
    });
    const canceled = await controller.notification(({ operComplete }) => operComplete?.commandKey === 'long');
    expect(canceled.operComplete).toMatchObject({ cmdFailure: { errCode: 7023 } });
    const waited = runCli(bench.dist, bench.router, 'operate', timer, 'DelaySeconds=1');
    expect(await waited).toMatchObject({ code: 0, out: `${timer}\n` });
  });

  it('comes back when the controller does, and has kept what it had to say', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    await subscribe(controller, 'watch', 'ValueChange', ssid, { NotifRetry: 'true' });
    const { port } = controller;
    await controller[Symbol.asyncDispose]();
    await expect.poll(() => bench.agent.said()).toContain('no connection');
    await runCli(bench.dist, bench.router, 'set', `${ssid}=Meanwhile`);
    const again = await startController({ endpointId: self, webSocket: { port } });
    bench.use(again);
    const heard = await again.notification(({ valueChange }) => valueChange !== undefined);
    expect(heard.valueChange).toEqual({ paramPath: ssid, paramValue: 'Meanwhile' });
  }, 60_000);

  it('closes with 1003 on garbage and is there again; ignores who is not the controller of the connection', async () => {
    const controller = await overWebSocket();
    await controller.connected(device);
    const gone: string[] = [];
    controller.events.on((event) => {
      if (event.kind === 'disconnected') gone.push(event.reason);
    });
    const { writeMessage, writeRecord } = await import('#usp');
    const payload = writeMessage('x', { kind: 'request', request: { get: { paramPaths: ['Device.'], maxDepth: 0 } } });
    const stray = { version: '1.4', noSessionContext: { payload } };
    controller.sendRaw(device, writeRecord({ ...stray, toId: device, fromId: 'proto::stranger' }));
    controller.sendRaw(device, writeRecord({ ...stray, toId: 'os::other', fromId: self }));
    expect((await get(controller, ssid))[ssid]).toBe('OpenWrt');
    expect(controller.notifications.filter(({ onBoardReq }) => !onBoardReq)).toEqual([]);
    const answers = controller.records.filter(({ noSessionContext }) => noSessionContext).length;
    expect(answers - controller.notifications.length).toBe(1);
    controller.sendRaw(device, Buffer.from('ffffffff', 'hex'));
    await expect.poll(() => gone).toEqual(['1003 the record can not be read']);
    expect(bench.agent.child.exitCode).toBeNull();
  });
});

describe('trust', () => {
  it('uses mutual TLS with the factory certificate', async () => {
    const server = pki.issue({ commonName: 'controller', ip: ['127.0.0.1'], usage: 'server' });
    const controller = await begin(
      { webSocket: { tls: { cert: server.certPem, key: server.keyPem, clientCa: pki.caPem } } },
      ({ port }) => [{ endpoint_id: self, websocket: { host: '127.0.0.1', port } }],
      { caPem: pki.caPem, client: pki.issue({ commonName: 'LAB0001', usage: 'client' }) },
    );
    await controller.connected(device);
    expect((await get(controller, ssid))[ssid]).toBe('OpenWrt');
  });

  it('does not connect to a server that it can not trust', async () => {
    const server = createPki('Somebody').issue({ commonName: 'controller', ip: ['127.0.0.1'], usage: 'server' });
    const controller = await begin(
      { webSocket: { tls: { cert: server.certPem, key: server.keyPem } } },
      ({ port }) => [{ endpoint_id: self, websocket: { host: '127.0.0.1', port } }],
      { caPem: pki.caPem },
    );
    await expect.poll(() => bench.agent.said()).toContain('no connection');
    expect(bench.agent.said()).toMatch(/TLS: /);
    expect(controller.agents()).toEqual([]);
  });

  it('lets a controller without a role see and do nothing', async () => {
    const controller = await begin({ webSocket: {} }, ({ port }) => [
      { endpoint_id: self, role: 'nobody', websocket: { host: '127.0.0.1', port, encryption: false } },
    ]);
    await controller.connected(device);
    expect(await get(controller, 'Device.')).toEqual({});
    const refused = await setSsid(controller, 'Mine');
    expect(refused.ok).toBe(false);
    expect(readFileSync(join(bench.router.root, 'etc/config/wireless'), 'utf8')).not.toContain('Mine');
  });
});

describe.skipIf(!hasMosquitto)('over MQTT 5 (needs mosquitto)', () => {
  let broker: Broker;
  const overMqtt = async (): Promise<Controller> => {
    broker = await startMosquitto();
    const controller = await begin({ mqtt: { host: '127.0.0.1', port: broker.port, topic: 'usp/controller' } }, () => [
      {
        endpoint_id: self,
        mqtt: {
          broker: '127.0.0.1',
          port: broker.port,
          encryption: false,
          topic: 'usp/controller',
          response_topic: 'usp/agent/LAB0001',
        },
      },
    ]);
    bench.useFirst(broker);
    return controller;
  };

  it('connects, answers, notifies', async () => {
    const controller = await overMqtt();
    await controller.connected(device);
    const connect = await controller.record(({ mqttConnect }) => mqttConnect !== undefined);
    expect(connect.mqttConnect).toEqual({ version: 1, subscribedTopic: 'usp/agent/LAB0001' });
    expect(Object.keys(await get(controller, 'Device.')).length).toBeGreaterThan(400);
    await subscribe(controller, 'watch', 'ValueChange', ssid, { NotifRetry: 'true' });
    await setSsid(controller, 'Own');
    const heard = await controller.notification(({ valueChange }) => valueChange !== undefined);
    expect(heard.valueChange).toEqual({ paramPath: ssid, paramValue: 'Own' });
  });

  it('with a kept session answers what was asked while it was away', async () => {
    const controller = await overMqtt();
    await controller.connected(device);
    const client = 'Device.MQTT.Client.1';
    await runCli(
      bench.dist,
      bench.router,
      'set',
      `${client}.ClientID=lab-cpe`,
      `${client}.CleanStart=false`,
      `${client}.SessionExpiryInterval=3600`,
    );
    const connects = () => controller.records.filter(({ mqttConnect }) => mqttConnect).length;
    await expect.poll(connects).toBe(2);
    await bench.agent.stop('SIGKILL');
    const asked = get(controller, ssid);
    await bench.start();
    expect((await asked)[ssid]).toBe('OpenWrt');
  });

  it('goes over to MQTT 3.1.1 when it is configured so, and answers there', async () => {
    const controller = await overMqtt();
    await controller.connected(device);
    await runCli(bench.dist, bench.router, 'set', 'Device.MQTT.Client.1.ProtocolVersion=3.1.1');
    const connect = await controller.record(({ mqttConnect }) => mqttConnect?.version === 0);
    expect(connect.mqttConnect!.subscribedTopic).toBe('usp/agent/LAB0001');
    expect((await get(controller, ssid))[ssid]).toBe('OpenWrt');
  });
});
