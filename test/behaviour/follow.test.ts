import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter } from '#lab';
import { type AgentProcess, buildBundles, followCli, runCli, startDaemon } from '../support/agent-process.ts';

const endpoint = 'os::00D09E-LAB0001';
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let controller: Controller;
let agent: AgentProcess;

beforeAll(async () => {
  bundles = await buildBundles();
  directory = mkdtempSync(join(tmpdir(), 'tandem-follow-'));
  router = await startRouter({ directory, reloadDelayMs: 20 });
  controller = await startController({ endpointId: 'proto::lab', webSocket: {} });
  const websocket = { host: '127.0.0.1', port: controller.port, path: '/usp', encryption: false };
  installFactory(router.root, { controllers: [{ endpoint_id: 'proto::lab', websocket }] });
  agent = await startDaemon(bundles.dist, router);
  await controller.connected(endpoint);
});
afterAll(async () => {
  await agent.stop('SIGKILL');
  await controller[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  bundles.remove();
  rmSync(directory, { recursive: true, force: true });
});
const set = (objPath: string, param: string, value: string) => {
  const updateObjs = [{ objPath, paramSettings: [{ param, value, required: true }] }];
  return controller.ask(endpoint, { set: { allowPartial: false, updateObjs } }, 'setResp');
};

it('messages are traced in readable words, without their secrets', async () => {
  await using trace = await followCli(bundles.dist, router, 'trace', 'usp');
  expect((await set('Device.WiFi.AccessPoint.1.Security.', 'KeyPassphrase', 'correct horse')).ok).toBe(true);
  await expect.poll(trace.out).toContain('SetResp');
  expect(trace.out()).toMatch(
    /^\S+Z <- proto::lab Set \S+\n {4}allow_partial: false\n {4}update_objs\n {6}obj_path: Device\.WiFi\.AccessPoint\.1\.Security\.\n {6}param_settings\n {8}param: KeyPassphrase\n {8}value: \*{8}\n {8}required: true\n/m,
  );
  expect(trace.out()).toMatch(/^\S+Z -> proto::lab SetResp \S+\n(?: {4}.*\n)+/m);
  await controller.ask(endpoint, { get: { paramPaths: ['Device.WiFi.SSID.1.SSID\u001b[2J'], maxDepth: 0 } }, 'getResp');
  await expect.poll(trace.out).toContain('-> proto::lab GetResp');
  expect(trace.out()).toContain('Device.WiFi.SSID.1.SSID\\u001b[2J');
  expect(trace.out()).not.toContain('correct horse');
});

it('events, ends of commands and changes are followed', async () => {
  await using all = await followCli(bundles.dist, router, 'events');
  await using some = await followCli(bundles.dist, router, 'events', 'Device.WiFi.SSID.1.', '--json');
  await runCli(bundles.dist, router, 'operate', 'Device.ScheduleTimer()', 'DelaySeconds=1');
  await set('Device.WiFi.SSID.1.', 'SSID', 'Followed');
  await expect.poll(all.out).toMatch(/^\S+Z Device\.ScheduleTimer\(\) complete \(cli\)$/m);
  await expect.poll(some.out).toContain('Followed');
  const line = some
    .out()
    .split('\n')
    .find((text) => text.includes('Followed'))!;
  const change = JSON.parse(line) as Record<string, unknown>;
  expect(change).toMatchObject({ kind: 'value', path: 'Device.WiFi.SSID.1.SSID', value: 'Followed', by: 'proto::lab' });
  expect(all.out()).not.toContain('Followed');
});

it('what can not be followed is refused', async () => {
  expect(await runCli(bundles.dist, router, 'events', 'Device..')).toMatchObject({ code: 1 });
  expect(await runCli(bundles.dist, router, 'trace', 'snmp')).toMatchObject({ code: 2 });
  expect(await runCli(bundles.dist, router, 'get', 'Device.', '--no-wait')).toMatchObject({ code: 2 });
  await using events = await followCli(bundles.dist, router, 'events');
  await using trace = await followCli(bundles.dist, router, 'trace', 'cwmp');
  await agent.stop();
  expect(await runCli(bundles.dist, router, 'trace', 'usp')).toMatchObject({ code: 3 });
  for (const { ended } of [events, trace]) {
    expect(await ended).toMatchObject({ code: 3, err: expect.stringContaining('the agent is gone') });
  }
});
