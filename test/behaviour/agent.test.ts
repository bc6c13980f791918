import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Router } from '#lab';
import { startRouter } from '#lab';

// The bundles as they ship, as processes of their own, on the lab's router over the real ubus wire.
const dist = mkdtempSync(join(tmpdir(), 'tandem-dist-'));
const directory = mkdtempSync(join(tmpdir(), 'tandem-agent-'));
const top = join(import.meta.dirname, '../..');
let router: Router;
let daemon: ChildProcess;

const tandem = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(dist, 'tandem.cjs'), ...args],
      { env: { ...process.env, TANDEM_UBUS_SOCKET: router.socketPath } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });

async function startDaemon(): Promise<void> {
  daemon = spawn(process.execPath, [join(dist, 'tandemd.cjs')], {
    env: {
      ...process.env,
      TANDEM_ROOT: router.root,
      TANDEM_UBUS_SOCKET: router.socketPath,
      TANDEM_SHARE: join(top, 'datamodel'),
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  await new Promise<void>((resolve, reject) => {
    let text = '';
    daemon.stderr!.on('data', (chunk: Buffer) => {
      text += chunk;
      if (text.includes(': ready')) resolve();
    });
    daemon.once('exit', () => reject(new Error(text)));
  });
}

beforeAll(async () => {
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, [join(top, 'scripts/build.mjs'), dist], (error) => (error ? reject(error) : resolve()));
  });
  router = await startRouter({ directory, reloadDelayMs: 20 });
  await startDaemon();
});

afterAll(async () => {
  daemon?.kill('SIGKILL');
  await router?.[Symbol.asyncDispose]();
  rmSync(dist, { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});

describe('the agent on the router', () => {
  it('reads a believable tree in few calls', async () => {
    router.calls.clear();
    const { code, out } = await tandem('get', 'Device.');
    expect(code).toBe(0);
    expect(out.trim().split('\n').length).toBeGreaterThanOrEqual(400);
    expect(out).toContain('Device.WiFi.SSID.1.SSID=OpenWrt\n');
    expect(out).toContain('Device.DeviceInfo.SoftwareVersion=24.10');
    expect(out).toMatch(/Device\.Ethernet\.Interface\.\d+\.Stats\.BytesReceived=[1-9]/);
    expect(router.calls.total).toBeLessThanOrEqual(40);
  });

  it('reads the modem and the hosts', async () => {
    const { out } = await tandem('get', 'Device.Cellular.', 'Device.Hosts.');
    expect(out).toMatch(/Device\.Cellular\.Interface\.1\.RSRP=-\d+\n/);
    expect(out).toContain('Device.Cellular.Interface.1.Status=Up\n');
    expect(out).toContain('Device.Cellular.AccessPoint.1.APN=internet\n');
    expect(out).toContain('Device.Cellular.AccessPoint.1.IPVersion=-1\n');
    expect(out).toMatch(/Device\.Hosts\.Host\.1\.PhysAddress=([0-9A-F]{2}:){5}[0-9A-F]{2}\n/);
  });

  it('writes what lands in the UCI file and on the air', async () => {
    const set = await tandem('set', 'Device.WiFi.SSID.1.SSID=Changed by Tandem');
    expect(set.code).toBe(0);
    expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).toContain(`option ssid 'Changed by Tandem'`);
    const get = await tandem('get', 'Device.WiFi.SSID.[SSID=="Changed by Tandem"].Status');
    expect(get.out).toBe('Device.WiFi.SSID.1.Status=Up\n');
  });

  it('never prints a secret', async () => {
    const { out } = await tandem('get', 'Device.WiFi.', '--json');
    expect(out).toContain('KeyPassphrase');
    expect(out).not.toContain('lab-passphrase');
    const written = await tandem('set', 'Device.WiFi.AccessPoint.1.Security.KeyPassphrase=correct horse', '--json');
    expect(written.code).toBe(0);
    expect(written.out).toContain('"KeyPassphrase": "********"');
  });

  it('is read by a program that has soon had enough', async () => {
    const script = '"$0" "$1" get Device. 2>&1 | head -n 1';
    const out = await new Promise((resolve) => {
      const env = { ...process.env, TANDEM_UBUS_SOCKET: router.socketPath };
      execFile('sh', ['-c', script, process.execPath, join(dist, 'tandem.cjs')], { env }, (_, text, err) =>
        resolve(text + err),
      );
    });
    expect(out).toMatch(/^Device\.\S+=.*\n$/);
  });

  it('says what is supported at an object, a row, a parameter, a command', async () => {
    const schema = async (path: string): Promise<string> => (await tandem('schema', path)).out;
    expect(await schema('Device.WiFi.SSID.1')).toBe(await schema('Device.WiFi.SSID.{i}.'));
    expect(await schema('Device.WiFi.SSID.*.SSID')).toBe(
      'Device.WiFi.SSID.{i}.  (rows can be added)\n  SSID string W\n',
    );
    expect(await schema('Device.IP.Diagnostics.IPPing()')).toMatch(
      /IPPing\(\) {2}\(asynchronous\)\n(.*\n)* {4}in {2}Host string \(mandatory\)\n(.*\n)* {4}out Status string\n/,
    );
  });

  it('has a version', async () => {
    const { out } = await tandem('--version');
    expect(out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await tandem('status')).out).toContain(`  version: ${out}`);
  });

  it.each([
    [['get', 'Device.Nope.'], 1, 'unsupported-path'],
    [['set', 'Device.WiFi.SSID.1.Status=Up'], 1, 'not-writable'],
    [['set', 'Device.WiFi.SSID.1.Enable=maybe'], 1, 'invalid-type'],
    [['del', 'Device.WiFi.Radio.1.'], 1, 'not-deletable'],
    [['get', 'Device.DeviceInfo'], 1, 'Device.DeviceInfo. is an object: its path ends with a dot'],
    [['get', 'Device.WiFi.SSID'], 1, 'is an object'],
    [['get', 'Device.ManagementServer.URL'], 1, '--view cwmp looks in that of CWMP'],
    [['set', 'Device.WiFi.SSID.1.Enable=maybe'], 1, 'nothing was changed'],
    [['operate', 'Device.Reboot'], 1, 'its name ends with ()'],
    [['operate', 'Device.IP.Diagnostics.IPPing()'], 1, 'ProtocolVersion, Host'],
    [['operate', 'Device.IP.Diagnostics.IPPing()', 'Hots=a'], 1, 'Hots is not an argument of it; it has'],
    [['schema', 'Device.Nope'], 1, 'unsupported-path'],
    [['set', 'nonsense'], 2, 'not NAME=VALUE'],
    [['frobnicate'], 2, 'not a command'],
    [[], 2, 'tandem status'],
    [['get', 'Device.', '--jsno'], 2, 'tandem --help'],
  ])('answers %j with exit code %i and the reason', async (args, code, reason) => {
    const answer = await tandem(...args);
    expect(answer.code).toBe(code);
    expect(answer.err).toContain(reason);
  });

  it('lives through a restart of ubusd', async () => {
    await router.stopBus();
    await router.startBus();
    for (let tries = 0; tries < 50; tries++) {
      const { code } = await tandem('get', 'Device.DeviceInfo.UpTime');
      if (code === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await tandem('get', 'Device.DeviceInfo.ModelName')).out).toContain('Device.DeviceInfo.ModelName=');
  });

  it('runs a command, with its arguments checked, and lives through the reboot of the router', async () => {
    const refused = await tandem('operate', 'Device.Reboot()', 'Cause=Boredom');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('command-arguments');
    expect(router.reboots).toBe(0);
    const rebooted = new Promise((resolve) => router.onReboot.on(resolve));
    expect((await tandem('operate', 'Device.Reboot()')).code).toBe(0);
    expect(await rebooted).toBe('reboot');
    for (let tries = 0; tries < 50; tries++) {
      if ((await tandem('status')).code === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect((await tandem('get', 'Device.WiFi.SSID.1.SSID')).code).toBe(0);
  });

  it('starts a protocol when the configuration first asks for it', async () => {
    expect((await tandem('status')).out).not.toContain('usp:');
    const added = await tandem('add', 'Device.LocalAgent.Controller.', 'EndpointID=proto::late', 'Enable=true');
    expect(added.code).toBe(0);
    await expect
      .poll(async () => (await tandem('status')).out)
      .toMatch(
        /controllers: proto::late\n {4}connected: no\n {4}mtp: none that is enabled and complete\n {4}session: .*\n {4}queue: 1 notifications, [0-9]+ bytes\n/,
      );
    expect((await tandem('get', 'Device.LocalAgent.EndpointID')).out).toContain('EndpointID=os::');
  });

  it('stops when told, and the CLI says that nobody is there', async () => {
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    expect(await gone).toBe(0);
    const { code, err } = await tandem('status');
    expect(code).toBe(3);
    expect(err).toContain('not running');
  });
});
