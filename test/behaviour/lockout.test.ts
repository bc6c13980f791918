import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Acs, type Controller, installFactory, type Router, startAcs, startController, startRouter } from '#lab';
import { type AgentProcess, buildBundles, runCli, startDaemon } from '../support/agent-process.ts';
import { freePort } from '../support/mosquitto.ts';

// An operator's change that cuts him off, on the simulated router: the ACS and the controller go away with it.
const device = '00D09E-FW-AX5G-LAB0001';
const endpoint = 'os::00D09E-LAB0001';
const self = 'proto::lab-controller';
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let acs: Acs | undefined;
let controller: Controller | undefined;
let agent: AgentProcess;
let acsPort: number;
let controllerPort: number;

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-lockout-'));
  router = await startRouter({ directory, reloadDelayMs: 10 });
  [acsPort, controllerPort] = [await freePort(), await freePort()];
});
afterEach(async () => {
  await agent.stop('SIGKILL');
  await acs?.[Symbol.asyncDispose]();
  await controller?.[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function begin(who: 'acs' | 'controller', timeout = '4'): Promise<void> {
  acs = who === 'acs' ? await startAcs({ port: acsPort }) : undefined;
  controller =
    who === 'controller' ? await startController({ endpointId: self, webSocket: { port: controllerPort } }) : undefined;
  const websocket = { host: '127.0.0.1', port: controllerPort, encryption: false };
  installFactory(router.root, {
    ...(acs && { acs: { url: acs.url } }),
    controllers: controller ? [{ endpoint_id: self, websocket }] : [],
    agent: { confirm_settle: '1', confirm_timeout: timeout },
  });
  agent = await startDaemon(bundles.dist, router);
  await acs?.inform(() => true);
  await controller?.connected(endpoint);
}
const network = (): string => readFileSync(join(router.root, 'etc/config/network'), 'utf8');
const status = async (): Promise<string> => (await runCli(bundles.dist, router, 'status')).out;
async function wan(): Promise<string> {
  const { out } = await runCli(bundles.dist, router, 'get', 'Device.IP.Interface.[Name=="wan"].Enable');
  return out.slice(0, out.indexOf('='));
}

async function cutOffByAcs(): Promise<{ name: string; before: string }> {
  const [name, before] = [await wan(), network()];
  const written = acs!.call(device, {
    rpc: 'SetParameterValues',
    values: [{ name, value: '0', type: 'xsd:boolean' }],
  });
  await runCli(bundles.dist, router, 'inform');
  expect(await written).toEqual({ status: 1 });
  expect(network()).not.toBe(before);
  return { name, before };
}

describe('a change that cuts the operator off', () => {
  it('is undone byte for byte, and the ACS is told why it is as it was', async () => {
    await begin('acs');
    const { name, before } = await cutOffByAcs();
    await acs![Symbol.asyncDispose]();
    expect(await status()).toContain('on_probation: network');
    await expect.poll(network, { timeout: 15_000 }).toBe(before);
    expect(await status()).toMatch(/last: .* undone: the operator was not reached within 4 s of a change to network/);
    acs = await startAcs({ port: acsPort });
    const inform = await acs.inform(({ events }) => events.some(({ code }) => code === 'X 00D09E ROLLBACK'));
    expect(inform.events.map(({ code }) => code)).toContain('4 VALUE CHANGE');
    expect(inform.parameters.get(name)).toBe('true');
    expect(agent.said()).toContain('a change was undone');
  }, 60_000);

  it('made by a controller is undone as well', async () => {
    await begin('controller');
    const [name, before] = [await wan(), network()];
    const dot = name.lastIndexOf('.') + 1;
    const paramSettings = [{ param: name.slice(dot), value: 'false', required: true }];
    const set = { allowPartial: false, updateObjs: [{ objPath: name.slice(0, dot), paramSettings }] };
    expect((await controller!.ask(endpoint, { set }, 'setResp')).ok).toBe(true);
    await controller![Symbol.asyncDispose]();
    expect(network()).not.toBe(before);
    await expect.poll(network, { timeout: 15_000 }).toBe(before);
  }, 60_000);

  it('is undone although the power went while it was on probation', async () => {
    await begin('acs');
    const { before } = await cutOffByAcs();
    await acs![Symbol.asyncDispose]();
    await agent.stop('SIGKILL');
    expect(network()).not.toBe(before);
    agent = await startDaemon(bundles.dist, router);
    expect(agent.said()).toContain('still on probation');
    await expect.poll(network, { timeout: 15_000 }).toBe(before);
  }, 60_000);

  it('is left alone when somebody has changed the same package since', async () => {
    await begin('acs');
    await cutOffByAcs();
    await acs![Symbol.asyncDispose]();
    const edited = `${network()}\nconfig route 'by_hand'\n\toption target '10.9.0.0/16'\n`;
    writeFileSync(join(router.root, 'etc/config/network'), edited);
    await expect.poll(status, { timeout: 15_000 }).toContain('not undone: changed since');
    expect(network()).toBe(edited);
  }, 60_000);
});

describe('a change that does not', () => {
  it('stays once the ACS is reached again, which the agent sees to', async () => {
    await begin('acs', '20');
    const seen = acs!.informs.length;
    await cutOffByAcs();
    const after = network();
    await acs!.inform(({ events }) => events.some(({ code }) => code === 'X 00D09E CONFIRM'), seen);
    await expect.poll(() => agent.said()).toContain('the change stays');
    expect(await status()).toContain('on_probation: nothing');
    expect(network()).toBe(after);
  }, 60_000);

  it('made on the device itself is not on probation', async () => {
    await begin('acs');
    expect((await runCli(bundles.dist, router, 'set', `${await wan()}=false`)).code).toBe(0);
    expect(await status()).toContain('on_probation: nothing');
  }, 60_000);
});
