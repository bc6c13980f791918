import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter } from '#lab';
import { configureAgent, fullController } from '../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../support/agent-process.ts';
import { type Broker, hasMosquitto, startMosquitto } from '../support/mosquitto.ts';
import { device } from '../support/usp-exchange.ts';

const self = 'proto::lab-controller';
const directory = mkdtempSync(join(tmpdir(), 'tandem-mosquitto-agent-'));

describe.skipIf(!hasMosquitto)('the agent at a real mosquitto (needs mosquitto)', () => {
  let bundles: Awaited<ReturnType<typeof buildBundles>>;
  let router: Router;
  let broker: Broker;
  let controller: Controller;
  let agent: AgentProcess;

  beforeAll(async () => {
    bundles = await buildBundles();
    broker = await startMosquitto();
    controller = await startController({
      endpointId: self,
      mqtt: { host: '127.0.0.1', port: broker.port, topic: 'usp/controller' },
    });
    router = await startRouter({ directory, reloadDelayMs: 20 });
    installFactory(router.root, {});
    configureAgent(router, [
      ...fullController(self),
      ['mqtt', 'broker', { enable: 1, name: 'b', address: '127.0.0.1', port: broker.port }],
      ['mqtt_subscription', 'extra', { client: 'broker', enable: 1, topic: 'usp/extra', qos: 1 }],
      ['mtp', 'own', { enable: 1, protocol: 'MQTT', client: 'broker', response_topic: 'usp/agent' }],
      [
        'controller_mtp',
        'first_mtp',
        { controller: 'first', enable: 1, protocol: 'MQTT', topic: 'usp/controller', agent_mtp: 'own' },
      ],
    ]);
    agent = await startDaemon(bundles.dist, router);
    await controller.connected(device);
  });
  afterAll(async () => {
    await agent?.stop('SIGKILL');
    await controller?.[Symbol.asyncDispose]();
    await router?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
    bundles?.remove();
    rmSync(directory, { recursive: true, force: true });
  });
  const get = async (path: string): Promise<Record<string, string>> => {
    const answer = await controller.ask(device, { get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
    if (!answer.ok) throw new Error(answer.fault.errMsg);
    return { ...answer.value.reqPathResults[0]!.resolvedPathResults[0]?.resultParams };
  };
  const hellos = (): number => controller.records.filter(({ mqttConnect }) => mqttConnect).length;

  it('keeps the identifier that it was given, without connecting again, and comes back with it (R-MQTT.9)', async () => {
    const configured = (): string =>
      /option client_id '([^']+)'/.exec(readFileSync(join(router.root, 'etc/config/tandem'), 'utf8'))?.[1] ?? '';
    await expect.poll(configured).toMatch(/.+/);
    const given = configured();
    expect(await get('Device.MQTT.Client.1.ClientID')).toEqual({ ClientID: given });
    expect(await get('Device.MQTT.Client.1.Status')).toEqual({ Status: 'Connected' });
    expect(hellos()).toBe(1);
    // Its answer may be lost with the connection.
    void controller.ask(
      device,
      { operate: { command: 'Device.MQTT.Client.1.ForceReconnect()', commandKey: '', sendResp: true, inputArgs: {} } },
      'operateResp',
    );
    await expect.poll(hellos).toBe(2);
    expect(configured()).toBe(given);
  });

  it('answers the Set that costs it its connection, and counts what goes over it', async () => {
    const set = await controller.ask(
      device,
      {
        set: {
          allowPartial: false,
          updateObjs: [
            {
              objPath: 'Device.MQTT.Client.1.',
              paramSettings: [{ param: 'KeepAliveTime', value: '17', required: true }],
            },
          ],
        },
      },
      'setResp',
    );
    expect(set.ok).toBe(true);
    await expect.poll(hellos).toBe(3);
    const stats = await get('Device.MQTT.Client.1.Stats.');
    expect(Number(stats.PublishSent)).toBeGreaterThan(5);
    expect(Number(stats.MQTTMessagesReceived)).toBeGreaterThan(Number(stats.PublishReceived));
    expect(stats).toMatchObject({ ConnectionErrors: '0', PublishErrors: '0', UnSubscribeSent: '0' });
    expect(stats.BrokerConnectionEstablished).toMatch(/^20/);
  });

  it('subscribes to the rows of its table, as they come and go', async () => {
    const status = 'Device.MQTT.Client.1.Subscription.1.Status';
    expect(await get(status)).toEqual({ Status: 'Subscribed' });
    expect(await get('Device.LocalAgent.MTP.1.MQTT.ResponseTopicDiscovered')).toEqual({
      ResponseTopicDiscovered: 'usp/agent',
    });
    const set = await controller.ask(
      device,
      {
        set: {
          allowPartial: false,
          updateObjs: [
            {
              objPath: 'Device.MQTT.Client.1.Subscription.1.',
              paramSettings: [{ param: 'Enable', value: 'false', required: true }],
            },
          ],
        },
      },
      'setResp',
    );
    expect(set.ok).toBe(true);
    await expect.poll(() => get(status)).toEqual({ Status: 'Unsubscribed' });
    expect(hellos()).toBe(3);
  });
});
