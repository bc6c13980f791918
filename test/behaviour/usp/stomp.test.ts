import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Controller,
  installFactory,
  type Router,
  type StompBroker,
  type StompBrokerOptions,
  startController,
  startRouter,
  startStompBroker,
} from '#lab';
import { configureAgent, fullController, type Section } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, runCli, startDaemon } from '../../support/agent-process.ts';
import { device } from '../../support/usp-exchange.ts';

// The daemon over STOMP, with the broker of the lab.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let broker: StompBroker;
let controller: Controller;
let agent: AgentProcess;
const open: AsyncDisposable[] = [];
const self = 'proto::lab-controller';
const destination = '/queue/controller';

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function boot(options: StompBrokerOptions, connection: Section[2], own: Section[2]): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-stomp-'));
  broker = await startStompBroker(options);
  open.push(broker);
  controller = await startController({
    endpointId: self,
    stomp: { host: '127.0.0.1', port: broker.port, destination },
  });
  open.push(controller);
  router = await startRouter({ directory, reloadDelayMs: 20 });
  open.push(router);
  installFactory(router.root, {});
  configureAgent(router, [
    ...fullController(self),
    ['stomp', 'broker', { enable: 1, host: '127.0.0.1', port: broker.port, encryption: 0, ...connection }],
    ['mtp', 'own', { enable: 1, protocol: 'STOMP', connection: 'broker', ...own }],
    [
      'controller_mtp',
      'first_mtp',
      { controller: 'first', enable: 1, order: 1, protocol: 'STOMP', connection: 'broker', destination },
    ],
  ]);
  agent = await startDaemon(bundles.dist, router);
}
const ofAgent = (): { command: string; headers: Readonly<Record<string, string>> }[] =>
  broker.frames.filter(({ headers }) => headers['endpoint-id'] !== self);
const get = async (path: string): Promise<string> => (await runCli(bundles.dist, router, 'get', path)).out.trim();

describe('the agent over STOMP', () => {
  it('takes the destination that the server gives, and tells it', async () => {
    await boot(
      { subscribeDest: (id) => (id === device ? '/queue/given' : undefined) },
      {
        heartbeats: 1,
        outgoing_heartbeat: 7000,
        incoming_heartbeat: 0,
        virtual_host: 'v',
        username: 'u',
        password: 'p',
      },
      { destination: '/queue/configured' },
    );
    await controller.connected(device);
    const [stomp] = ofAgent().filter(({ headers }) => headers['endpoint-id'] === device);
    expect(stomp!.headers).toEqual({
      'accept-version': '1.2',
      'endpoint-id': device,
      'heart-beat': '7000,0',
      host: 'v',
      login: 'u',
      passcode: 'p',
    });
    const record = controller.records.find(({ stompConnect }) => stompConnect);
    expect(record?.stompConnect).toEqual({ version: 0, subscribedDestination: '/queue/given' });
    expect(broker.frames.find(({ command }) => command === 'SEND')!.headers).toMatchObject({
      destination,
      'content-type': 'application/vnd.bbf.usp.msg',
      'reply-to-dest': '/queue/given',
    });
    expect(await get('Device.LocalAgent.MTP.1.STOMP.DestinationFromServer')).toContain('/queue/given');
    expect(await get('Device.STOMP.Connection.1.Status')).toContain('Enabled');
    expect(broker.violations).toEqual([]);
  });

  it('moves to another destination without a new connection (R-STOMP.29)', async () => {
    await boot({}, {}, { destination: '/queue/old' });
    await controller.connected(device);
    const set = await controller.ask(
      device,
      {
        set: {
          allowPartial: false,
          updateObjs: [
            {
              objPath: 'Device.LocalAgent.MTP.1.STOMP.',
              paramSettings: [{ param: 'Destination', value: '/queue/new', required: true }],
            },
          ],
        },
      },
      'setResp',
    );
    expect(set.ok).toBe(true);
    await controller.record(({ stompConnect }) => stompConnect?.subscribedDestination === '/queue/new');
    await expect.poll(() => ofAgent().some(({ command }) => command === 'UNSUBSCRIBE')).toBe(true);
    expect(ofAgent().filter(({ command }) => command === 'STOMP')).toHaveLength(1);
    const got = await controller.ask(
      device,
      { get: { paramPaths: ['Device.LocalAgent.MTP.1.STOMP.Destination'], maxDepth: 0 } },
      'getResp',
    );
    expect(got.ok && got.value.reqPathResults[0]!.resolvedPathResults[0]!.resultParams).toEqual({
      Destination: '/queue/new',
    });
  });

  it('leaves a server where it has no destination (R-STOMP.16)', async () => {
    await boot({}, {}, {});
    await expect.poll(() => ofAgent().some(({ command }) => command === 'DISCONNECT')).toBe(true);
    // The one subscription is the controller's.
    expect(broker.frames.filter(({ command }) => command === 'SUBSCRIBE')).toHaveLength(1);
    await expect.poll(() => get('Device.STOMP.Connection.1.Status')).toContain('Error_Misconfigured');
    expect(await get('Device.LocalAgent.MTP.1.Status')).toContain('Error');
  });

  it('drops what is not for it and goes on; comes back by the table after an ERROR', async () => {
    await boot({}, { retry_initial: 1, retry_multiplier: 1000 }, { destination: '/queue/agent' });
    await controller.connected(device);
    const from = (body: string, type: string): string =>
      `MESSAGE\ndestination:/queue/agent\nsubscription:1\nmessage-id:1\n${type}content-length:${body.length}\n\n${body}\0`;
    broker.broadcast(from('no record', 'content-type:application/vnd.bbf.usp.msg\n'));
    broker.broadcast(from('text', 'content-type:text/plain\n'));
    const id = { get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } };
    expect((await controller.ask(device, id, 'getResp')).ok).toBe(true);
    expect(agent.said()).toContain('a record can not be read');
    expect(agent.said()).toContain('another content type');
    const connected = () => controller.records.filter(({ stompConnect }) => stompConnect).length;
    expect(connected()).toBe(1);
    // The controller's own connection falls as well; its agent is heard of again over the new one.
    broker.broadcast('ERROR\nmessage:shutting down\n\n\0');
    await expect.poll(() => ofAgent().filter(({ command }) => command === 'STOMP').length, { timeout: 10_000 }).toBe(2);
    expect(agent.said()).toContain('the server says: shutting down');
  });
});
