import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter, startStompBroker } from '#lab';
import { configureAgent, fullController, type Section } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { freePort, hasMosquitto, startMosquitto } from '../../support/mosquitto.ts';
import { device, exchange } from '../../support/usp-exchange.ts';

// The same exchange over every transport, with the daemon as it ships.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let router: Router;
let agent: AgentProcess | undefined;
const open: AsyncDisposable[] = [];
const directories: string[] = [];
const self = 'proto::lab-controller';

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
function use<T extends AsyncDisposable>(one: T): T {
  open.push(one);
  return one;
}

/** A router whose agent knows one controller with every right. */
async function boot(sections: readonly Section[], before?: () => Promise<unknown>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-transports-'));
  directories.push(directory);
  router = use(await startRouter({ directory, reloadDelayMs: 20 }));
  installFactory(router.root, {});
  configureAgent(router, [...fullController(self), ...sections]);
  await before?.();
  agent = await startDaemon(bundles.dist, router);
}

const controllerMtp = (options: Section[2]): Section => [
  'controller_mtp',
  'first_mtp',
  { controller: 'first', enable: 1, order: 1, ...options },
];
const agentMtp = (options: Section[2]): Section => ['mtp', 'own', { enable: 1, ...options }];

const transports: readonly (readonly [name: string, begin: () => Promise<Controller>, able?: boolean])[] = [
  [
    'WebSocket, the agent as client',
    async () => {
      const controller = use(await startController({ endpointId: self, webSocket: {} }));
      const { port } = controller;
      await boot([controllerMtp({ protocol: 'WebSocket', host: '127.0.0.1', port, path: '/usp', encryption: 0 })]);
      return controller;
    },
  ],
  [
    'WebSocket, the agent as server',
    async () => {
      const port = await freePort();
      await boot([agentMtp({ protocol: 'WebSocket', port, path: '/usp', encryption: 0 })]);
      const controller = use(await startController({ endpointId: self }));
      await controller.joinWebSocket({ url: `ws://127.0.0.1:${port}/usp`, agent: device });
      return controller;
    },
  ],
  ...(['5.0', '3.1.1'] as const).map(
    (version) =>
      [
        `MQTT ${version}, mosquitto`,
        async () => {
          const { port } = use(await startMosquitto());
          const controller = use(
            await startController({ endpointId: self, mqtt: { host: '127.0.0.1', port, topic: 'usp/controller' } }),
          );
          await boot([
            ['mqtt', 'broker', { enable: 1, name: 'b', version, address: '127.0.0.1', port, client_id: 'agent' }],
            agentMtp({ protocol: 'MQTT', client: 'broker', response_topic: 'usp/agent', qos: 1 }),
            controllerMtp({ protocol: 'MQTT', topic: 'usp/controller', agent_mtp: 'own' }),
          ]);
          return controller;
        },
        hasMosquitto,
      ] as const,
  ),
  [
    'STOMP, the broker of the lab',
    async () => {
      const { port } = use(await startStompBroker({ subscribeDest: () => '/queue/agent' }));
      return overStomp(port, {});
    },
  ],
  [
    'a UNIX domain socket, the agent as server',
    async () => {
      await boot([
        ['unix_socket', 'broker_agent', { path: '/var/run/usp/broker_agent_path' }],
        agentMtp({ protocol: 'UDS', socket: 'broker_agent' }),
        controllerMtp({ protocol: 'UDS', socket: 'broker_agent' }),
      ]);
      const controller = use(await startController({ endpointId: self }));
      await controller.joinUds({ path: join(router.root, 'var/run/usp/broker_agent_path') });
      return controller;
    },
  ],
  [
    'a UNIX domain socket, the agent as client',
    async () => {
      const controller = use(await startController({ endpointId: self }));
      await boot(
        [
          ['unix_socket', 'controller', { path: '/var/run/usp/controller', mode: 'Connect' }],
          agentMtp({ protocol: 'UDS', socket: 'controller' }),
          controllerMtp({ protocol: 'UDS', socket: 'controller' }),
        ],
        () => controller.joinUds({ path: join(router.root, 'var/run/usp/controller'), mode: 'listen' }),
      );
      return controller;
    },
  ],
];

async function overStomp(port: number, own: Section[2]): Promise<Controller> {
  const destination = '/queue/controller';
  const controller = use(await startController({ endpointId: self, stomp: { host: '127.0.0.1', port, destination } }));
  await boot([
    ['stomp', 'broker', { enable: 1, host: '127.0.0.1', port, encryption: 0 }],
    agentMtp({ protocol: 'STOMP', connection: 'broker', ...own }),
    controllerMtp({ protocol: 'STOMP', connection: 'broker', destination }),
  ]);
  return controller;
}

describe('over every transport', () => {
  for (const [name, begin, able = true] of transports) {
    it.skipIf(!able)(`get, set, add, notify, operate, delete, and a farewell: ${name}`, async () => {
      const controller = await begin();
      await controller.connected(device);
      await exchange(controller, router);
      // R-MTP.7, and once.
      await agent!.stop();
      await controller.record(({ disconnect }) => disconnect !== undefined);
      expect(controller.records.filter(({ disconnect }) => disconnect)).toHaveLength(1);
    });
  }
});
