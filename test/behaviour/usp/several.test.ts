import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter, startStompBroker } from '#lab';
import type { Notify } from '#usp';
import { configureAgent, fullController, type Section } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { device } from '../../support/usp-exchange.ts';

// Several controllers and transports at once.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let agent: AgentProcess;
const open: AsyncDisposable[] = [];
const self = 'proto::lab-controller';

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});
function use<T extends AsyncDisposable>(one: T): T {
  open.push(one);
  return one;
}
async function boot(sections: readonly Section[]): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-several-'));
  router = use(await startRouter({ directory, reloadDelayMs: 20 }));
  installFactory(router.root, {});
  configureAgent(router, [...fullController(self), ...sections]);
  agent = await startDaemon(bundles.dist, router);
}
const mtp = (name: string, options: Section[2]): Section => ['controller_mtp', name, { enable: 1, ...options }];
const webSocket = ({ port }: Controller): Section[2] => ({
  protocol: 'WebSocket',
  host: '127.0.0.1',
  port,
  path: '/usp',
  encryption: 0,
});
const set = async (controller: Controller, objPath: string, param: string, value: string): Promise<boolean> => {
  const updateObjs = [{ objPath, paramSettings: [{ param, value, required: true }] }];
  return (await controller.ask(device, { set: { allowPartial: false, updateObjs } }, 'setResp')).ok;
};
const subscribe = (controller: Controller, id: string, reference: string) => {
  const settings = { Enable: 'true', ID: id, NotifType: 'ValueChange', ReferenceList: reference };
  const paramSettings = Object.entries(settings).map(([param, value]) => ({ param, value, required: true }));
  const createObjs = [{ objPath: 'Device.LocalAgent.Subscription.', paramSettings }];
  return controller.ask(device, { add: { allowPartial: false, createObjs } }, 'addResp');
};

/** Takes connections and never says a word. */
async function startDead(): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  use({
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return (server.address() as { port: number }).port;
}

describe('several at once', () => {
  it('peers that are dead, of every transport, keep nobody waiting, neither to connect nor to be taken away', async () => {
    const dead = await startDead();
    const controller = use(await startController({ endpointId: self, webSocket: {} }));
    const peer = { controller: 'gone', enable: 1 };
    await boot([
      mtp('alive', { controller: 'first', ...webSocket(controller) }),
      ['controller', 'gone', { enable: 1, endpoint_id: 'proto::gone', role: 'full' }],
      mtp('gone_ws', { ...peer, order: 1, protocol: 'WebSocket', host: '127.0.0.1', port: dead, encryption: 0 }),
      mtp('gone_stomp', { ...peer, order: 2, protocol: 'STOMP', connection: 'dead_stomp', destination: 'd' }),
      mtp('gone_mqtt', { ...peer, order: 3, protocol: 'MQTT', topic: 't', agent_mtp: 'own_mqtt' }),
      ['stomp', 'dead_stomp', { enable: 1, host: '127.0.0.1', port: dead, encryption: 0 }],
      ['mtp', 'own_stomp', { enable: 1, protocol: 'STOMP', connection: 'dead_stomp', destination: 'a' }],
      ['mqtt', 'dead_mqtt', { enable: 1, name: 'dead', address: '127.0.0.1', port: dead }],
      ['mtp', 'own_mqtt', { enable: 1, protocol: 'MQTT', client: 'dead_mqtt', response_topic: 'r' }],
    ]);
    await controller.connected(device);
    await subscribe(controller, 'ssid', 'Device.WiFi.SSID.1.SSID');
    // All of it is changed while the attempts hang, and taken away.
    expect(await set(controller, 'Device.STOMP.Connection.1.', 'Port', String(dead + 1))).toBe(true);
    expect(await set(controller, 'Device.MQTT.Client.1.', 'KeepAliveTime', '17')).toBe(true);
    expect(await set(controller, 'Device.LocalAgent.Controller.2.', 'Enable', 'false')).toBe(true);
    expect(await set(controller, 'Device.WiFi.SSID.1.', 'SSID', 'Still here')).toBe(true);
    const { valueChange } = await controller.notification(({ subscriptionId }) => subscriptionId === 'ssid');
    expect(valueChange?.paramValue).toBe('Still here');
    // A stop does not wait for them either.
    const stopping = agent.stop('SIGTERM');
    await stopping;
    expect(agent.child.exitCode).toBe(0);
  });

  it('a notification takes the way of the lowest order that stands, an answer the way of the request', async () => {
    const broker = use(await startStompBroker());
    const stomp = { host: '127.0.0.1', port: broker.port, destination: '/queue/controller' };
    // Two of them with one Endpoint ID: each sees one transport only.
    const byStomp = use(await startController({ endpointId: self, stomp }));
    const byWebSocket = use(await startController({ endpointId: self, webSocket: {} }));
    await boot([
      mtp('second', { controller: 'first', order: 2, ...webSocket(byWebSocket) }),
      mtp('first_', {
        controller: 'first',
        order: 1,
        protocol: 'STOMP',
        connection: 's',
        destination: stomp.destination,
      }),
      ['stomp', 's', { enable: 1, host: '127.0.0.1', port: broker.port, encryption: 0 }],
      ['mtp', 'own', { enable: 1, protocol: 'STOMP', connection: 's', destination: '/queue/agent' }],
    ]);
    await Promise.all([byStomp.connected(device), byWebSocket.connected(device)]);
    await subscribe(byWebSocket, 'ssid', 'Device.WiFi.SSID.1.SSID');
    const isOurs = ({ subscriptionId }: Notify): boolean => subscriptionId === 'ssid';
    expect(await set(byWebSocket, 'Device.WiFi.SSID.1.', 'SSID', 'One')).toBe(true);
    expect((await byStomp.notification(isOurs)).valueChange?.paramValue).toBe('One');
    broker.cut();
    await expect.poll(() => agent.said()).toContain('connection closed');
    expect(await set(byWebSocket, 'Device.WiFi.SSID.1.', 'SSID', 'Two')).toBe(true);
    expect((await byWebSocket.notification(isOurs)).valueChange?.paramValue).toBe('Two');
    expect(byStomp.notifications.filter(isOurs)).toHaveLength(1);
  });
});
