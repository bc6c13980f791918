import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { type Agent, startAgent } from '#compose';
import { type Acs, createPki, installFactory, type Router, startAcs, startRouter } from '#lab';
import { connectUbus, type UbusClient } from '#platform';
import { hasDhcp, takeLease } from '../support/dhcp-link.ts';
import { opt125 } from '../support/dhcp-options.ts';

const pki = createPki('Operator');
let directory: string;
let router: Router;
let bus: UbusClient;
let agent: Agent | undefined;
const acses: Acs[] = [];

afterEach(async () => {
  await agent?.[Symbol.asyncDispose]();
  agent = undefined;
  await bus[Symbol.asyncDispose]();
  for (const acs of acses.splice(0)) await acs[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-dnsmasq-'));
  router = await startRouter({ directory, reloadDelayMs: 20 });
  installFactory(router.root, { caPem: pki.caPem });
  bus = await connectUbus({ path: router.socketPath, log: silentLog });
}
async function start(): Promise<void> {
  const share = join(import.meta.dirname, '../../datamodel');
  agent = await startAgent({ root: router.root, ubusSocket: router.socketPath, share, log: silentLog });
}
async function acs(): Promise<Acs> {
  const { certPem, keyPem } = pki.issue({ commonName: 'acs', ip: ['127.0.0.1'], usage: 'server' });
  const one = await startAcs({ tls: { cert: certPem, key: keyPem } });
  acses.push(one);
  return one;
}
/** By a real udhcpc from a real dnsmasq; the agent is told as the hook tells it. */
async function lease(server: readonly string[], client: readonly string[] = []): Promise<void> {
  await takeLease({ root: router.root, server, client: ['-V', 'dslforum.org', ...client] });
  if (agent) await bus.invoke('tandem', 'lease', {});
}
async function values(path: string): Promise<Record<string, string>> {
  const [reading] = await agent!.model.get({ protocol: 'cwmp' }, [path]);
  if (!reading?.result.ok) return {};
  const all = reading.result.value.flatMap((object) =>
    object.parameters.map(({ info, value }) => [object.path + info.name, value] as const),
  );
  return Object.fromEntries(all);
}

describe.skipIf(!hasDhcp)('a real dnsmasq and a real udhcpc (need dnsmasq, udhcpc and network namespaces)', () => {
  it('lead the device to its ACS, at its start and when the option changes', async () => {
    await begin();
    const first = await acs();
    await lease(
      [
        `--dhcp-option=vendor:dslforum.org,1,${first.url}`,
        '--dhcp-option=vendor:dslforum.org,2,town-7',
        '--dhcp-option=vendor:dslforum.org,3,37',
      ],
      ['-O', '43'],
    );
    await start();
    const inform = await first.inform(() => true);
    expect(inform.events.map(({ code }) => code)).toEqual(['0 BOOTSTRAP', '1 BOOT']);
    expect(await values('Device.DeviceInfo.ProvisioningCode')).toEqual({
      'Device.DeviceInfo.ProvisioningCode': 'town-7',
    });

    const second = await acs();
    await lease([`--dhcp-option=vi-encap:3561,11,${second.url}`], ['-O', '125']);
    const moved = await second.inform(() => true);
    expect(moved.events.map(({ code }) => code)).toContain('0 BOOTSTRAP');
    expect(await values('Device.ManagementServer.URL')).toEqual({ 'Device.ManagementServer.URL': second.url });
  });

  it('lead it there by a bare URL in option 43', async () => {
    await begin();
    const server = await acs();
    await lease([`--dhcp-option-force=43,${server.url}`], ['-O', '43']);
    await start();
    await server.inform(({ events }) => events.some(({ code }) => code === '0 BOOTSTRAP'));
  });

  it('make gateway and device known to each other', async () => {
    await begin();
    await start();
    const hex = (text: string): string => Buffer.from(text).toString('hex').replace(/..\B/g, '$&:');
    await lease(
      [4, 5, 6].map(
        (code, at) => `--dhcp-option=tag:cpewan-id,vi-encap:3561,${code},${hex(['001122', '77', 'Gate'][at]!)}`,
      ),
      [
        '-O',
        '125',
        '-x',
        `125:${opt125([
          [1, '00D09E'],
          [2, 'D 1'],
          [3, 'Box'],
        ])}`,
      ],
    );
    await expect
      .poll(() => values('Device.GatewayInfo.'))
      .toEqual({
        'Device.GatewayInfo.ManufacturerOUI': '001122',
        'Device.GatewayInfo.SerialNumber': '77',
        'Device.GatewayInfo.ProductClass': 'Gate',
      });
    // Beside the one that the simulated router has.
    const count = 'Device.ManagementServer.ManageableDeviceNumberOfEntries';
    await expect.poll(() => values(count)).toEqual({ [count]: '2' });
    const devices = await values('Device.ManagementServer.ManageableDevice.');
    const row = Object.keys(devices)
      .find((path) => devices[path] === '00D09E')!
      .replace('ManufacturerOUI', '');
    expect(devices).toMatchObject({ [`${row}SerialNumber`]: 'D 1', [`${row}ProductClass`]: 'Box', [`${row}Host`]: '' });
    // A lease that says nothing of it takes it away.
    await lease([], []);
    await expect
      .poll(() => values('Device.GatewayInfo.SerialNumber'))
      .toEqual({ 'Device.GatewayInfo.SerialNumber': '' });
    expect(readdirSync(join(router.root, 'var/run/tandem/dhcp'))).toEqual([]);
    expect(readFileSync(join(router.root, 'etc/config/tandem'), 'utf8')).not.toContain('001122');
  });
});
