import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { errorCode } from '#base';
import { type Controller, createPki, installFactory, type Router, startController, startRouter } from '#lab';
import { configureAgent, fullController, type Section } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { freePort } from '../../support/mosquitto.ts';

// The daemon with its own WebSocket server, mutual TLS by its factory data.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let agent: AgentProcess;
let port: number;
const open: AsyncDisposable[] = [];
const device = 'os::00D09E-LAB0001';
const self = 'proto::lab-controller';
const pki = createPki('Operator');
const certificate = (uri: string) => {
  const { certPem, keyPem } = pki.issue({ commonName: 'controller', uri: [uri], usage: 'client' });
  return { ca: pki.caPem, cert: certPem, key: keyPem };
};
const own = certificate(`urn:bbf:usp:id:${self}`);

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function boot(options: Record<string, string | number> = {}, more: readonly Section[] = []): Promise<Controller> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-ws-server-'));
  port = await freePort();
  router = await startRouter({ directory, reloadDelayMs: 20 });
  open.push(router);
  installFactory(router.root, {
    caPem: pki.caPem,
    client: pki.issue({ commonName: 'LAB0001', ip: ['127.0.0.1'], usage: 'both' }),
  });
  configureAgent(router, [
    ...fullController(self),
    ['mtp', 'own', { enable: 1, protocol: 'WebSocket', port, path: '/usp', encryption: 1, ...options }],
    ...more,
  ]);
  agent = await startDaemon(bundles.dist, router);
  while (!agent.said().includes('listening for controllers')) await sleep(10);
  const controller = await startController({ endpointId: self });
  open.push(controller);
  return controller;
}
const url = (path = '/usp', scheme = 'wss'): string => `${scheme}://127.0.0.1:${port}${path}`;
const get = async (controller: Controller, path: string): Promise<Record<string, string>> => {
  const answer = await controller.ask(device, { get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  return answer.value.reqPathResults[0]!.resolvedPathResults[0]?.resultParams ?? {};
};

describe("the agent's WebSocket server", () => {
  it('takes a controller that it knows and whose certificate says so, by query or extension, and nobody else', async () => {
    const controller = await boot();
    const status = async (options: Parameters<Controller['joinWebSocket']>[0]): Promise<string | undefined> =>
      controller.joinWebSocket(options).then(
        () => 'joined',
        (error: Error) => /HTTP (\d+)/.exec(error.message)?.[1] ?? errorCode(error),
      );
    const joined = { url: url(), agent: device, tls: own };
    expect(await status({ ...joined, url: url('/usp/') })).toBe('404');
    expect(await status({ ...joined, url: url('/usp?eid=proto::other') })).toBe('joined');
    expect(await status({ ...joined, tls: certificate('urn:bbf:usp:id:proto::other') })).toBe('403');
    await using stranger = await startController({ endpointId: 'proto::stranger' });
    const refused = stranger.joinWebSocket({ ...joined, tls: certificate('urn:bbf:usp:id:proto::stranger') });
    await expect(refused).rejects.toThrow('403');
    const nameless = new WebSocket(url(), ['v1.usp'], { ...own });
    expect(await new Promise((resolve) => nameless.once('error', ({ message }) => resolve(message)))).toContain('400');
    expect(await get(controller, 'Device.LocalAgent.MTP.1.Status')).toEqual({ Status: 'Up' });

    const extended = new WebSocket(url(), ['v1.usp'], {
      ...own,
      perMessageDeflate: false,
      headers: { 'Sec-WebSocket-Extensions': `bbf-usp-protocol; eid="${self}"` },
    });
    // This library takes offence at an extension that it does not know; others do not.
    extended.on('error', () => {});
    const answer = await new Promise<unknown>((resolve) =>
      extended.once('upgrade', ({ headers }) => resolve(headers['sec-websocket-extensions'])),
    );
    expect(answer).toBe(`bbf-usp-protocol; eid="${device}"`);
  });

  it('lets nobody take the place of a controller in clear that has shown a certificate', async () => {
    const clear = await freePort();
    const controller = await boot({}, [
      ['mtp', 'clear', { enable: 1, protocol: 'WebSocket', port: clear, path: '/usp', encryption: 0 }],
    ]);
    while (agent.said().split('listening for controllers').length < 3) await sleep(10);
    const spoof = () =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${clear}/usp?eid=${self}`, ['v1.usp']);
        socket.once('error', ({ message }) => resolve(message));
        socket.once('open', () => resolve('open'));
      });
    await controller.joinWebSocket({ url: url(), agent: device, tls: own });
    expect(await spoof()).toContain('409');
    expect(await get(controller, 'Device.LocalAgent.MTP.1.Status')).toEqual({ Status: 'Up' });
  });

  it('has one connection with each controller, the newest', async () => {
    const controller = await boot();
    const ended: string[] = [];
    controller.events.on((event) => {
      if (event.kind === 'disconnected') ended.push(event.reason);
    });
    const joined = { url: url(), agent: device, tls: own };
    await controller.joinWebSocket(joined);
    await controller.joinWebSocket(joined);
    await expect.poll(() => ended).toEqual(['1001 replaced by a newer connection']);
    const connects = controller.records.filter(({ websocketConnect }) => websocketConnect);
    await expect.poll(() => connects.length).toBeGreaterThan(0);
    expect(await get(controller, 'Device.LocalAgent.EndpointID')).toEqual({ EndpointID: device });
  });

  it('closes with 1003 what can not be read, and drops a controller that is switched off', async () => {
    const controller = await boot();
    const ended: string[] = [];
    controller.events.on((event) => {
      if (event.kind === 'disconnected') ended.push(event.reason);
    });
    const joined = { url: url(), agent: device, tls: own };
    await controller.joinWebSocket(joined);
    controller.sendRaw(device, Buffer.from('no record'));
    await expect.poll(() => ended).toEqual(['1003 the record can not be read']);
    await controller.joinWebSocket(joined);
    // What it switches off is the connection that the answer goes by.
    const set = await controller.ask(
      device,
      {
        set: {
          allowPartial: false,
          updateObjs: [
            {
              objPath: 'Device.LocalAgent.Controller.1.',
              paramSettings: [{ param: 'Enable', value: 'false', required: true }],
            },
          ],
        },
      },
      'setResp',
    );
    expect(set.ok).toBe(true);
    await expect.poll(() => ended.length).toBe(2);
    expect(ended[1]).toMatch(/^1008 /);
    await expect(controller.joinWebSocket(joined)).rejects.toThrow('403');
  });

  it('is reached by the addresses of its interfaces only', async () => {
    const controller = await boot({ encryption: 0, interface: 'lan' });
    await expect(controller.joinWebSocket({ url: url('/usp', 'ws'), agent: device })).rejects.toThrow('403');
  });
});
