import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLog } from '#base';
import {
  type Acs,
  type AcsAnswer,
  type AcsCpeRequest,
  type AcsRpc,
  createPki,
  installFactory,
  type Router,
  startAcs,
  startRouter,
} from '#lab';
import { type BlobTable, connectUbus } from '#platform';
import { type AgentProcess, buildBundles, runCli, startDaemon } from '../../support/agent-process.ts';

// The daemon as it ships, its files on the ACS's own server: mutual TLS, Digest for the files.
// Each is a daemon of its own: a busy machine takes its time.
vi.setConfig({ testTimeout: 90_000 });
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let acs: Acs;
let agent: AgentProcess;
const pki = createPki('Operator');
const device = '00D09E-FW-AX5G-LAB0001';
const credentials = { username: 'files', password: 'files-secret' };

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  await acs[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-transfers-'));
  router = await startRouter({ directory, reloadDelayMs: 20 });
  const { certPem: cert, keyPem: key } = pki.issue({ commonName: 'acs', ip: ['127.0.0.1'], usage: 'server' });
  acs = await startAcs({
    tls: { cert, key, clientCa: pki.caPem },
    fileAuthentication: { scheme: 'digest', ...credentials },
  });
  installFactory(router.root, {
    acs: { url: acs.url, username: 'cpe', password: 'cpe-secret' },
    caPem: pki.caPem,
    client: pki.issue({ commonName: 'LAB0001', usage: 'client' }),
  });
  agent = await startDaemon(bundles.dist, router);
  await acs.inform(() => true);
}

async function ask(rpc: AcsRpc): Promise<AcsAnswer> {
  const answered = acs.call(device, rpc);
  await runCli(bundles.dist, router, 'inform');
  return answered;
}
const reported = async (commandKey: string): Promise<AcsCpeRequest> => {
  const find = (): AcsCpeRequest | undefined => acs.requests.find((request) => request.commandKey === commandKey);
  await expect.poll(find, { timeout: 60_000 }).toBeDefined();
  return find()!;
};
const told = (code: string): { code: string; commandKey: string }[] =>
  acs.informs.flatMap(({ events }) => events.filter((event) => event.code === code));
const config = (pack: string): string => readFileSync(join(router.root, 'etc/config', pack), 'utf8');
const staged = (): string[] => {
  const path = join(router.root, 'var/run/tandem/transfer');
  return existsSync(path) ? readdirSync(path) : [];
};

describe('configuration', () => {
  it('goes up, comes back changed, and is taken over as a whole', async () => {
    await begin();
    const url = acs.fileUrl('backup.uci');
    const ordered = await ask({
      rpc: 'Upload',
      fileType: '1 Vendor Configuration File',
      url,
      ...credentials,
      commandKey: 'up',
    });
    expect(ordered).toEqual({ status: 1 });
    expect(await reported('up')).toMatchObject({ method: 'TransferComplete', faultCode: 0 });
    const backup = acs.files.get('backup.uci')!.bytes.toString();
    expect(backup).toMatch(/^package \w+\n/);
    expect(backup).toContain("option ssid 'OpenWrt-Guest'");
    expect(backup).not.toMatch(/package tandem\b/);
    expect(told('M Upload')).toEqual([{ code: 'M Upload', commandKey: 'up' }]);

    acs.files.put('backup.uci', backup.replace('OpenWrt-Guest', 'Restored & <whole>'));
    await ask({
      rpc: 'Download',
      fileType: '3 Vendor Configuration File',
      url,
      ...credentials,
      commandKey: 'down',
      fileSize: acs.files.get('backup.uci')!.bytes.length,
    });
    const done = await reported('down');
    expect(done).toMatchObject({ method: 'TransferComplete', faultCode: 0 });
    expect(Date.parse(done.completeTime)).toBeGreaterThanOrEqual(Date.parse(done.startTime));
    expect(config('wireless')).toContain("option ssid 'Restored & <whole>'");
    const inform = acs.informs.find(({ events }) => events.some(({ commandKey }) => commandKey === 'down'))!;
    expect(inform.events.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['7 TRANSFER COMPLETE', 'M Download']),
    );
    expect(staged()).toEqual([]);
    expect(acs.violations).toEqual([]);
    expect(agent.said()).not.toContain('files-secret');
  });

  it('that is broken changes nothing at all', async () => {
    await begin();
    const before = config('wireless');
    acs.files.put('bad.uci', `package wireless\n\nconfig wifi-iface 'a'\n\npackage network\n\tconfused\n`);
    const url = acs.fileUrl('bad.uci');
    await ask({ rpc: 'Download', fileType: '3 Vendor Configuration File', url, ...credentials, commandKey: 'bad' });
    expect(await reported('bad')).toMatchObject({ faultCode: 9018, completeTime: '0001-01-01T00:00:00Z' });
    expect(config('wireless')).toBe(before);
    expect(acs.violations).toEqual([]);
  });
});

it('sends the log of the device', async () => {
  await begin();
  const url = acs.fileUrl('log.txt');
  await ask({ rpc: 'Upload', fileType: '2 Vendor Log File', url, ...credentials, commandKey: 'log' });
  expect(await reported('log')).toMatchObject({ faultCode: 0 });
  expect(acs.files.get('log.txt')!.bytes.toString()).toMatch(/^20\d\d-.*Z \w+\.\w+ .*\n/);
});

describe('a download that is cut off', () => {
  const order = async (key: string): Promise<string> => {
    const text = `package system\n\nconfig system 'lab'\n\toption notes '${'x'.repeat(200_000)}'\n`;
    acs.files.put('big.uci', text);
    acs.files.trouble('big.uci', { kind: 'stall', afterBytes: 100_000 });
    const fileType = '3 Vendor Configuration File';
    const rpc = { rpc: 'Download', fileType, url: acs.fileUrl('big.uci'), ...credentials, commandKey: key } as const;
    expect(await ask(rpc)).toEqual({ status: 1 });
    await expect.poll(() => acs.files.get('big.uci')!.seen).toEqual(['GET 200']);
    await expect.poll(() => staged().some((name) => name.endsWith('.origin'))).toBe(true);
    return text;
  };

  it('is gone on with after the agent was killed, and reported once', async () => {
    await begin();
    await order('killed');
    const listed = await ask({ rpc: 'GetAllQueuedTransfers' });
    expect(listed.transfers).toEqual([{ commandKey: 'killed', state: 2, fileType: '3 Vendor Configuration File' }]);
    await agent.stop('SIGKILL');
    agent = await startDaemon(bundles.dist, router);
    await runCli(bundles.dist, router, 'inform');
    expect(await reported('killed')).toMatchObject({ faultCode: 0 });
    expect(acs.files.get('big.uci')!.seen.at(-1)).toMatch(/^GET 206 from \d+$/);
    expect(config('system')).toContain("config system 'lab'");
    await ask({ rpc: 'GetRPCMethods' });
    expect(acs.requests.filter(({ commandKey }) => commandKey === 'killed')).toHaveLength(1);
    expect((await ask({ rpc: 'GetQueuedTransfers' })).transfers).toEqual([]);
    expect(existsSync(join(router.root, 'etc/tandem/cwmp-transfers'))).toBe(false);
    expect(acs.violations).toEqual([]);
  });

  it('begins anew after a reboot, when what had come is lost', async () => {
    await begin();
    await order('rebooted');
    await agent.stop('SIGKILL');
    rmSync(join(router.root, 'var/run/tandem'), { recursive: true, force: true });
    agent = await startDaemon(bundles.dist, router);
    expect(await reported('rebooted')).toMatchObject({ faultCode: 0 });
    expect(acs.files.get('big.uci')!.seen).toEqual(['GET 200', 'GET 200']);
  });

  it('can be cancelled, and is not reported then', async () => {
    await begin();
    await order('unwanted');
    expect((await ask({ rpc: 'CancelTransfer', commandKey: 'unwanted' })).fault).toBeUndefined();
    expect((await ask({ rpc: 'GetAllQueuedTransfers' })).transfers).toEqual([]);
    await expect.poll(staged).toEqual([]);
    expect(acs.requests).toEqual([]);
    expect(config('system')).not.toContain("config system 'lab'");
  });
});

it('refuses at once what can not come to anything', async () => {
  await begin();
  const refusal = async (fileType: string, url: string): Promise<number | undefined> =>
    (await ask({ rpc: 'Download', fileType, url })).fault?.code;
  const configuration = '3 Vendor Configuration File';
  expect([
    await refusal('1 Firmware Upgrade Image', 'https://files.example/fw.bin'),
    await refusal('9 Something Else', 'https://files.example/a'),
    await refusal(configuration, 'http://files.example/a'),
    await refusal(configuration, 'ftp://files.example/a'),
    await refusal(configuration, 'no url'),
  ]).toEqual([9010, 9003, 9013, 9013, 9003]);
  expect((await ask({ rpc: 'GetAllQueuedTransfers' })).transfers).toEqual([]);
  expect(acs.violations).toEqual([]);
});

describe('on the device', () => {
  it('a download that wants to be confirmed waits for somebody who does', async () => {
    await begin();
    acs.files.put('c.uci', "package system\n\nconfig system 'agreed'\n");
    const windows = [{ startSeconds: 0, endSeconds: 600, mode: '4 Confirmation Needed' }];
    const url = acs.fileUrl('c.uci');
    const fileType = '3 Vendor Configuration File';
    const ordered = await ask({ rpc: 'ScheduleDownload', fileType, url, ...credentials, windows, commandKey: 'agree' });
    expect(ordered.fault).toBeUndefined();
    const { out } = await runCli(bundles.dist, router, 'transfers');
    expect(out).toBe('agree  download  not started  3 Vendor Configuration File\n');
    expect((await runCli(bundles.dist, router, 'confirm', 'nobody')).code).toBe(1);
    expect(acs.files.get('c.uci')!.seen).toEqual([]);
    expect((await runCli(bundles.dist, router, 'confirm', 'agree')).code).toBe(0);
    expect(await reported('agree')).toMatchObject({ faultCode: 0 });
    expect(config('system')).toContain("config system 'agreed'");
    expect(told('M ScheduleDownload')).toEqual([{ code: 'M ScheduleDownload', commandKey: 'agree' }]);
  });

  it("a vendor's program takes and gives files of its own type", async () => {
    await begin();
    const fileType = 'X 00D09E Splash';
    const program = join(router.root, 'etc/tandem/transfer.d/X_00D09E_Splash');
    const kept = join(router.root, 'tmp/splash');
    mkdirSync(dirname(program), { recursive: true });
    const script = `#!/bin/sh\ncase "$1" in\ninstall) cp "$2" '${kept}'; echo '{}' ;;\nproduce) cat '${kept}' > "$2"; echo '{}' ;;\nesac\n`;
    writeFileSync(program, script, { mode: 0o755 });
    acs.files.put('splash', 'colours');
    const url = acs.fileUrl('splash');
    await ask({ rpc: 'Download', fileType, url, ...credentials, targetFileName: '; reboot', commandKey: 'vendor' });
    expect(await reported('vendor')).toMatchObject({ faultCode: 0 });
    expect(readFileSync(kept, 'utf8')).toBe('colours');
    const back = acs.fileUrl('back');
    await ask({ rpc: 'Upload', fileType, url: back, ...credentials, commandKey: 'back' });
    expect(await reported('back')).toMatchObject({ faultCode: 0 });
    expect(acs.files.get('back')!.bytes.toString()).toBe('colours');
    chmodSync(program, 0o777);
    await ask({ rpc: 'Download', fileType, url, ...credentials, commandKey: 'distrusted' });
    expect(await reported('distrusted')).toMatchObject({ faultCode: 9010 });
  });

  it('other programs ask the ACS and tell it through ubus', async () => {
    await begin();
    await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
    const call = (method: string, args: BlobTable) => bus.invoke('tandem.transfers', method, args);
    const own = {
      url: 'https://f/own',
      file_type: '1 Firmware Upgrade Image',
      size: 5,
      fault: 0,
      started: 1,
      completed: 2,
    };
    expect(await call('completed', own)).toMatchObject({ wanted: false });
    const policy = 'Device.ManagementServer.AutonomousTransferCompletePolicy.Enable';
    await ask({ rpc: 'SetParameterValues', values: [{ name: policy, value: '1', type: 'xsd:boolean' }] });
    expect(await call('completed', own)).toMatchObject({ wanted: true });
    await expect.poll(() => acs.requests.map(({ method }) => method)).toContain('AutonomousTransferComplete');
    expect(told('10 AUTONOMOUS TRANSFER COMPLETE')).toHaveLength(1);
    expect(await call('request_download', { file_type: '2 Web Content', args: { Version: '2' } })).toMatchObject({
      owed: true,
    });
    await expect.poll(() => acs.requests.at(-1)!.method).toBe('RequestDownload');
    // The lab's ACS does not know Kicked: it says so in its GetRPCMethods, and is not told.
    expect((await call('kicked', { command: 'c' })).faults).toHaveLength(1);
    expect(acs.requests.map(({ method }) => method)).not.toContain('Kicked');
    expect(acs.violations).toEqual([]);
  });
});

it('ChangeDUState is answered operation by operation', async () => {
  await begin();
  const operations = [
    { operation: 'Install', url: 'https://files.example/unit' },
    { operation: 'Uninstall', uuid: '1f3f0a4e-8d4c-4d5b-9a2e-0123456789ab' },
  ] as const;
  expect((await ask({ rpc: 'ChangeDUState', operations, commandKey: 'du' })).fault).toBeUndefined();
  const { message } = await reported('du');
  const codes = message.children
    .filter(({ local }) => local === 'Results')
    .map((result) => result.children.find(({ local }) => local === 'Fault')!.children[0]!.text);
  expect(codes).toEqual(['9023', '9028']);
  expect(told('M ChangeDUState')).toEqual([{ code: 'M ChangeDUState', commandKey: 'du' }]);
  expect(acs.violations).toEqual([]);
});
