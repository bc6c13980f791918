import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter } from '#lab';
import type { Requests, Responses } from '#usp';
import { configureAgent, fullController, type Section } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { freePort, hasMosquitto, startMosquitto } from '../../support/mosquitto.ts';

// The same exchange over every transport, with the daemon as it ships.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let router: Router;
let agent: AgentProcess | undefined;
const open: AsyncDisposable[] = [];
const directories: string[] = [];
const device = 'os::00D09E-LAB0001';
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
async function boot(sections: readonly Section[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-transports-'));
  directories.push(directory);
  router = use(await startRouter({ directory, reloadDelayMs: 20 }));
  installFactory(router.root, {});
  configureAgent(router, [...fullController(self), ...sections]);
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
];

describe('over every transport', () => {
  for (const [name, begin, able = true] of transports) {
    it.skipIf(!able)(`get, set, add, notify, operate, delete: ${name}`, async () => {
      const controller = await begin();
      await controller.connected(device);
      await exchange(controller);
    });
  }
});

async function exchange(controller: Controller): Promise<void> {
  const ask = async <Name extends keyof Responses>(request: Partial<Requests>, response: Name) => {
    const answer = await controller.ask(device, request, response);
    if (!answer.ok) throw new Error(answer.fault.errMsg);
    return answer.value;
  };
  const got = await ask({ get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } }, 'getResp');
  expect(got.reqPathResults[0]!.resolvedPathResults[0]!.resultParams).toEqual({ EndpointID: device });

  const settings = {
    Enable: 'true',
    ID: 'ssid',
    NotifType: 'ValueChange',
    ReferenceList: 'Device.WiFi.SSID.1.SSID',
    NotifRetry: 'true',
  };
  const added = await ask(
    {
      add: {
        allowPartial: false,
        createObjs: [
          {
            objPath: 'Device.LocalAgent.Subscription.',
            paramSettings: Object.entries(settings).map(([param, value]) => ({ param, value, required: true })),
          },
        ],
      },
    },
    'addResp',
  );
  const row = added.createdObjResults[0]!.operStatus!.operSuccess!.instantiatedPath;

  await ask(
    {
      set: {
        allowPartial: false,
        updateObjs: [
          { objPath: 'Device.WiFi.SSID.1.', paramSettings: [{ param: 'SSID', value: 'Over it', required: true }] },
        ],
      },
    },
    'setResp',
  );
  expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).toContain("option ssid 'Over it'");
  const { valueChange, sendResp } = await controller.notification(({ subscriptionId }) => subscriptionId === 'ssid');
  expect(valueChange).toEqual({ paramPath: 'Device.WiFi.SSID.1.SSID', paramValue: 'Over it' });
  expect(sendResp).toBe(true);

  const operated = await ask(
    {
      operate: {
        command: 'Device.LocalAgent.Controller.1.SendOnBoardRequest()',
        commandKey: 'k',
        sendResp: true,
        inputArgs: {},
      },
    },
    'operateResp',
  );
  expect(operated.operationResults[0]!.cmdFailure).toBeUndefined();
  await controller.notification(({ onBoardReq }) => onBoardReq?.oui === '00D09E');

  const deleted = await ask({ delete: { allowPartial: false, objPaths: [row] } }, 'deleteResp');
  expect(deleted.deletedObjResults[0]!.operStatus!.operSuccess!.affectedPaths).toEqual([row]);
}
