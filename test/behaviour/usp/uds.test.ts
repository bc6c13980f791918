import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter } from '#lab';
import { configureAgent, fullController } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { device } from '../../support/usp-exchange.ts';

// Controllers on the device itself, as processes of their own.
const self = 'proto::local';
const directory = mkdtempSync(join(tmpdir(), 'tandem-uds-'));
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let router: Router;
let agent: AgentProcess;
let controller: Controller;
const ended: string[] = [];
const path = (): string => join(router.root, 'var/run/usp/broker_agent_path');

beforeAll(async () => {
  bundles = await buildBundles();
  router = await startRouter({ directory, reloadDelayMs: 20 });
  installFactory(router.root, {});
  configureAgent(router, [
    ...fullController(self),
    ['controller', 'second', { enable: 1, endpoint_id: 'proto::elsewhere', role: 'full' }],
    ['unix_socket', 'broker_agent', { path: '/var/run/usp/broker_agent_path' }],
    ['mtp', 'own', { enable: 1, protocol: 'UDS', socket: 'broker_agent' }],
    ['controller_mtp', 'first_mtp', { controller: 'first', enable: 1, protocol: 'UDS', socket: 'broker_agent' }],
  ]);
  agent = await startDaemon(bundles.dist, router);
  controller = await startController({ endpointId: self });
  controller.events.on((event) => {
    if (event.kind === 'disconnected' || event.kind === 'refused') ended.push(event.reason);
  });
});
afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await agent?.stop('SIGKILL');
  await router?.[Symbol.asyncDispose]();
  bundles.remove();
  rmSync(directory, { recursive: true, force: true });
});

describe('the agent at a UNIX domain socket', () => {
  it('announces itself, and is the same after a controller has come back', async () => {
    await controller.joinUds({ path: path() });
    await controller.record(({ udsConnect }) => udsConnect !== undefined);
    await controller.joinUds({ path: path() });
    await expect.poll(() => ended.splice(0)).toEqual(['replaced by a newer connection']);
    const got = await controller.ask(
      device,
      { get: { paramPaths: ['Device.LocalAgent.MTP.1.Status', 'Device.UnixDomainSockets.'], maxDepth: 0 } },
      'getResp',
    );
    if (!got.ok) throw new Error(got.fault.errMsg);
    const read = got.value.reqPathResults.flatMap(({ resolvedPathResults }) =>
      resolvedPathResults.map(({ resultParams }) => ({ ...resultParams })),
    );
    expect(read).toEqual([
      { Status: 'Up' },
      { UnixDomainSocketNumberOfEntries: '1' },
      { Alias: 'cpe-1', Mode: 'Listen', Path: '/var/run/usp/broker_agent_path' },
    ]);
  });

  it('tells a controller that it does not know, or that comes by another way, to go', async () => {
    for (const endpointId of ['proto::stranger', 'proto::elsewhere']) {
      await using other = await startController({ endpointId });
      const gone = new Promise<string>((resolve) =>
        other.events.on((event) => {
          if (event.kind === 'disconnected') resolve(event.reason);
        }),
      );
      await other.joinUds({ path: path() });
      expect(await gone).toBe('this Endpoint ID is not of a controller that is known here');
    }
  });

  it('ends the connection over what can not be read, and says so (R-UDS.23)', async () => {
    ended.length = 0;
    await controller.joinUds({ path: path() });
    await controller.connected(device);
    await expect.poll(() => ended.length).toBe(1);
    controller.sendRaw(device, Buffer.from('no record'));
    await expect.poll(() => ended.at(-1)).toBe('the record can not be read');
  });
});
