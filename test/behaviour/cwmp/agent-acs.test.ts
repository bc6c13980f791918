import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Acs,
  type AcsAnswer,
  type AcsOptions,
  type AcsRpc,
  createPki,
  installFactory,
  type LabFactory,
  type Router,
  startAcs,
  startRouter,
} from '#lab';
import { type AgentProcess, buildBundles, runCli, startDaemon } from '../../support/agent-process.ts';

// The daemon as it ships on the simulated router, managed by the lab's strict ACS.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let acs: Acs;
let agent: AgentProcess | undefined;
const pki = createPki('Operator');
const device = '00D09E-FW-AX5G-LAB0001';

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  agent = undefined;
  await acs[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function begin(
  options: AcsOptions,
  factory: Omit<LabFactory, 'acs'> & { username?: string; password?: string } = {},
) {
  directory = mkdtempSync(join(tmpdir(), 'tandem-acs-'));
  router = await startRouter({ directory, reloadDelayMs: 20 });
  acs = await startAcs(options);
  const { username = 'cpe', password = 'cpe-secret' } = factory;
  installFactory(router.root, { ...factory, acs: { url: acs.url, username, password } });
  agent = await startDaemon(bundles.dist, router);
}
const codes = (inform: { events: readonly { code: string }[] }): string[] => inform.events.map(({ code }) => code);
const config = (): string => readFileSync(join(router.root, 'etc/config/tandem'), 'utf8');
const option = (name: string): string => new RegExp(`option ${name} '([^']*)'`).exec(config())?.[1] ?? '';

/** In a session of its own, asked for on the device. */
async function ask(rpc: AcsRpc): Promise<AcsAnswer> {
  const answered = acs.call(device, rpc);
  await runCli(bundles.dist, router, 'inform');
  return answered;
}

describe('zero touch', () => {
  it('bootstraps over mutual TLS with Digest and does what the ACS asks', async () => {
    await begin(
      {
        tls: { ...serverOf(pki), clientCa: pki.caPem },
        authentication: { scheme: 'digest', username: 'cpe', password: 'cpe-secret' },
      },
      { caPem: pki.caPem, client: pki.issue({ commonName: 'LAB0001', usage: 'client' }) },
    );
    const inform = await acs.inform(() => true);
    expect(inform).toMatchObject({ device, certificate: 'LAB0001', retryCount: 0 });
    expect(codes(inform)).toEqual(['0 BOOTSTRAP', '1 BOOT']);

    expect((await ask({ rpc: 'GetRPCMethods' })).methods).toContain('SetParameterValues');
    const names = await ask({ rpc: 'GetParameterNames', path: 'Device.', nextLevel: false });
    expect(names.names!.size).toBeGreaterThan(400);
    const all = await ask({ rpc: 'GetParameterValues', names: ['Device.'] });
    const parameters = [...names.names!.keys()].filter((name) => !name.endsWith('.'));
    expect([...all.values!.keys()].sort()).toEqual(parameters.sort());
    const written = await ask({
      rpc: 'SetParameterValues',
      values: [{ name: 'Device.WiFi.SSID.1.SSID', value: 'By & <ACS>' }],
      parameterKey: 'key1',
    });
    expect(written).toEqual({ status: 1 });
    expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).toContain("option ssid 'By & <ACS>'");
    const read = await ask({
      rpc: 'GetParameterValues',
      names: ['Device.WiFi.SSID.1.SSID', 'Device.ManagementServer.ParameterKey'],
    });
    expect([...read.values!.values()]).toEqual(['By & <ACS>', 'key1']);
    const refused = await ask({
      rpc: 'SetParameterValues',
      values: [
        { name: 'Device.WiFi.SSID.1.SSID', value: 'Lost' },
        { name: 'Device.WiFi.SSID.1.Enable', value: 'perhaps', type: 'xsd:boolean' },
        { name: 'Device.WiFi.SSID.1.BSSID', value: '00:11:22:33:44:55' },
      ],
    });
    expect(refused.fault).toMatchObject({ code: 9003 });
    expect(refused.fault!.parameters.map(({ name, code }) => [name.split('.').at(-1), code])).toEqual([
      ['Enable', 9006],
      ['BSSID', 9008],
    ]);
    expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).not.toContain('Lost');
    expect(acs.violations).toEqual([]);
  });

  it('is done once: a restart neither bootstraps again nor overwrites what was set since', async () => {
    await begin({});
    await acs.inform((inform) => codes(inform).includes('0 BOOTSTRAP'));
    const made = [option('connection_request_username'), option('connection_request_password')];
    expect(made[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(made[1]).toMatch(/^[0-9a-f]{32}$/);
    await expect.poll(async () => (await runCli(bundles.dist, router, 'status')).out).toContain('state: idle');
    await agent!.stop();
    const seen = acs.informs.length;
    agent = await startDaemon(bundles.dist, router);
    expect((await runCli(bundles.dist, router, 'inform')).code).toBe(0);
    expect(codes(await acs.inform(() => true, seen))).toEqual(['6 CONNECTION REQUEST']);
    expect([option('connection_request_username'), option('connection_request_password')]).toEqual(made);
    expect(agent.said()).not.toContain('first start');
  });
});

describe('trust', () => {
  it('does not speak to a server of another authority, and says why', async () => {
    await begin({ tls: serverOf(createPki('Somebody')) }, { caPem: pki.caPem });
    await expect.poll(() => agent!.said()).toContain('session failed');
    expect(agent!.said()).toMatch(/code=HTTP_TLS/);
    expect(acs.informs).toEqual([]);
  });

  it('does not speak to a server of another name', async () => {
    await begin(
      { tls: tls(pki.issue({ commonName: 'acs', dns: ['acs.example'], usage: 'server' })) },
      { caPem: pki.caPem },
    );
    await expect.poll(() => agent!.said()).toContain('code=HTTP_TLS');
    expect(acs.informs).toEqual([]);
  });

  it('is told when the ACS does not take its password, and does not give it away', async () => {
    await begin(
      { authentication: { scheme: 'digest', username: 'cpe', password: 'another' } },
      { password: 'wrong-secret' },
    );
    await expect.poll(() => agent!.said()).toContain('code=CWMP_AUTH');
    const { out } = await runCli(bundles.dist, router, 'get', 'Device.ManagementServer.', '--view', 'cwmp');
    expect(out).toContain('Device.ManagementServer.Password=\n');
    expect(agent!.said() + out).not.toContain('wrong-secret');
  });

  it('uses Basic over TLS', async () => {
    await begin(
      { tls: serverOf(pki), authentication: { scheme: 'basic', username: 'cpe', password: 'cpe-secret' } },
      { caPem: pki.caPem },
    );
    expect(codes(await acs.inform(() => true))).toEqual(['0 BOOTSTRAP', '1 BOOT']);
  });
});

describe('sessions that the ACS or the device asks for', () => {
  it('answers a connection request with its own credentials, and nobody else', async () => {
    await begin({});
    await acs.inform(() => true);
    await expect.poll(async () => (await runCli(bundles.dist, router, 'status')).out).toContain('state: idle');
    const seen = acs.informs.length;
    const username = option('connection_request_username');
    expect(await acs.connectionRequest(device, { username, password: 'guess' })).toBe(401);
    const password = option('connection_request_password');
    expect(await acs.connectionRequest(device, { username, password })).toBe(200);
    expect(codes(await acs.inform(() => true, seen))).toEqual(['6 CONNECTION REQUEST']);
    expect(acs.violations).toEqual([]);
  });

  it('tells an active value change that came from the device itself', async () => {
    await begin({});
    await acs.inform(() => true);
    const name = 'Device.WiFi.SSID.1.SSID';
    void acs.call(device, { rpc: 'SetParameterAttributes', attributes: [{ name, notification: 2 }] });
    await runCli(bundles.dist, router, 'inform');
    await expect
      .poll(async () => (await ask({ rpc: 'GetParameterAttributes', names: [name] })).attributes?.get(name))
      .toBe(2);
    const seen = acs.informs.length;
    await runCli(bundles.dist, router, 'set', `${name}=ByHand`);
    const inform = await acs.inform((one) => codes(one).includes('4 VALUE CHANGE'), seen);
    expect(inform.parameters.get(name)).toBe('ByHand');
  });

  it('reboots when told to, and says so after', async () => {
    await begin({});
    await acs.inform(() => true);
    expect((await ask({ rpc: 'Reboot', commandKey: 'nightly' })).fault).toBeUndefined();
    await expect.poll(() => router.reboots).toBe(1);
    await agent!.stop('SIGKILL');
    rmSync(join(router.root, 'var/run/tandem'), { recursive: true, force: true });
    const seen = acs.informs.length;
    agent = await startDaemon(bundles.dist, router);
    const inform = await acs.inform(() => true, seen);
    expect(inform.events).toEqual([
      { code: '1 BOOT', commandKey: '' },
      { code: 'M Reboot', commandKey: 'nightly' },
    ]);
  });
});

function serverOf(authority: ReturnType<typeof createPki>) {
  return tls(authority.issue({ commonName: 'acs', ip: ['127.0.0.1'], usage: 'server' }));
}
function tls({ certPem, keyPem }: { certPem: string; keyPem: string }) {
  return { cert: certPem, key: keyPem };
}
