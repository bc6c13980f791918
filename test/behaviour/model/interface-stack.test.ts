import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { connectUbus } from '#platform';
import { type FullRouter, startFullRouter } from '../../support/full-router.ts';

const view = { protocol: 'usp' } as const;
const directory = mkdtempSync(join(tmpdir(), 'tandem-stack-'));
let full: FullRouter;

beforeAll(async () => {
  full = await startFullRouter(directory, { reloadDelayMs: 10, unlocked: true });
});
afterAll(async () => {
  await full?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function write(write: Parameters<FullRouter['model']['write']>[1][number]) {
  const outcome = await full.model.write(view, [write], { origin: { by: 'cli' }, partial: false });
  return JSON.stringify(outcome);
}
const set = (path: string, name: string, value: string) =>
  write({ op: 'set', path, parameters: [{ name, value, required: true }] });
const add = (path: string, parameters: Readonly<Record<string, string>>) =>
  write({
    op: 'add',
    path,
    parameters: Object.entries(parameters).map(([name, value]) => ({ name, value, required: true })),
  });
const rowOf = (rows: ReadonlyMap<string, string>, name: string) => [...rows].find(([, at]) => at === name)![0];
const network = () => readFileSync(join(full.config, 'network'), 'utf8');

async function values(path: string, name: string): Promise<[path: string, value: string][]> {
  const [reading] = await full.model.get(view, [`${path}${name}`]);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value.map((object) => [object.path.slice(0, -1), object.parameters[0]!.value]);
}

/** `kind name` of every interface. */
async function names(): Promise<Map<string, string>> {
  const kinds = {
    IP: 'Device.IP.Interface.*.',
    Link: 'Device.Ethernet.Link.*.',
    port: 'Device.Ethernet.Interface.*.',
    VLAN: 'Device.Ethernet.VLANTermination.*.',
    PPP: 'Device.PPP.Interface.*.',
    bridge: 'Device.Bridging.Bridge.*.Port.*.',
    SSID: 'Device.WiFi.SSID.*.',
    radio: 'Device.WiFi.Radio.*.',
    modem: 'Device.Cellular.Interface.*.',
  };
  const found = new Map<string, string>();
  for (const [kind, path] of Object.entries(kinds))
    for (const [row, name] of await values(path, 'Name')) found.set(row, `${kind} ${name}`);
  return found;
}

describe('the stack of a router', () => {
  it('leads from each IP interface to what is plugged in or on the air', async () => {
    const name = await names();
    const higher = await values('Device.InterfaceStack.*.', 'HigherLayer');
    const lower = new Map(await values('Device.InterfaceStack.*.', 'LowerLayer'));
    const links = higher.map(
      ([row, above]) => `${name.get(above) ?? above} > ${name.get(lower.get(row)!) ?? lower.get(row)}`,
    );
    expect(links.sort()).toEqual([
      'IP dsl > PPP dsl',
      'IP guest > Link guest',
      'IP lan > Link lan',
      'IP tunnel > Device.GRE.Tunnel.1.Interface.1',
      'IP wan > Link wan',
      'IP wan6 > Link wan',
      'IP wwan > modem cdc-wdm0',
      'Link guest > bridge br-guest',
      'Link lan > bridge br-lan',
      'Link wan > port wan',
      'Link wan6 > port wan',
      'PPP dsl > VLAN wan.7',
      'SSID phy0-ap0 > radio radio0',
      'SSID phy1-ap0 > radio radio1',
      'SSID phy1-ap1 > radio radio1',
      'SSID phy1-sta0 > radio radio1',
      'VLAN wan.7 > Link wan',
      'bridge br-guest > bridge phy1-ap1',
      'bridge br-lan > bridge lan1',
      'bridge br-lan > bridge lan2',
      'bridge br-lan > bridge lan3',
      'bridge br-lan > bridge lan4',
      'bridge br-lan > bridge phy0-ap0',
      'bridge br-lan > bridge phy1-ap0',
      'bridge lan1 > port lan1',
      'bridge lan2 > port lan2',
      'bridge lan3 > port lan3',
      'bridge lan4 > port lan4',
      'bridge phy0-ap0 > SSID phy0-ap0',
      'bridge phy1-ap0 > SSID phy1-ap0',
      'bridge phy1-ap1 > SSID phy1-ap1',
    ]);
  });

  it('has one management port in each bridge, and one interface towards the Internet', async () => {
    const name = await names();
    const those = async (path: string, parameter: string) =>
      (await values(path, parameter)).flatMap(([row, value]) => (value === 'true' ? [name.get(row)] : []));
    expect(await those('Device.Bridging.Bridge.*.Port.*.', 'ManagementPort')).toEqual([
      'bridge br-lan',
      'bridge br-guest',
    ]);
    expect(await those('Device.Ethernet.Interface.*.', 'Upstream')).toEqual(['port wan']);
  });

  it('leaves the loopback without layers below', async () => {
    const loopback = (await values('Device.IP.Interface.*.', 'Loopback')).find(([, value]) => value === 'true')!;
    const none = [[loopback[0], '']];
    expect(await values(`${loopback[0]}.`, 'LowerLayers')).toEqual(none);
    const link = rowOf(await names(), 'Link wan');
    expect(await set(`${loopback[0]}.`, 'LowerLayers', link)).toContain('not-writable');
    expect(await values(`${loopback[0]}.`, 'LowerLayers')).toEqual(none);
  });

  it('takes no port for a VLAN that a section of it could not name', async () => {
    const name = await names();
    const rows = [...name].filter(([, at]) => at === 'bridge br-lan' || at === 'bridge phy0-ap0').map(([row]) => row);
    expect(rows).toHaveLength(2);
    const before = network();
    for (const port of rows)
      expect(await set('Device.Bridging.Bridge.1.VLANPort.1.', 'Port', port)).toContain('can not name the row');
    expect(network()).toBe(before);
  });

  it('tells the address that the kernel has given to each link', async () => {
    const link = (await values('Device.IP.Interface.*.IPv6Address.*.', 'IPAddress')).filter(([, address]) =>
      address.startsWith('fe80::'),
    );
    const interfaces = new Set(link.map(([row]) => row.replace(/\.IPv6Address.*/, '')));
    const up = (await values('Device.IP.Interface.*.', 'Name')).flatMap(([row, name]) =>
      ['lan', 'guest', 'wan', 'wan6'].includes(name) ? [row] : [],
    );
    expect([...interfaces].sort()).toEqual(up.sort());
    for (const [row] of link) expect(await values(`${row}.`, 'Origin')).toEqual([[row, 'AutoConfigured']]);
  });

  it('gives a VLAN the port that is meant, also of a bridge whose section has no name', async () => {
    const port = rowOf(await names(), 'bridge lan3');
    await set('Device.Bridging.Bridge.1.VLANPort.1.', 'Port', port);
    expect(network()).toContain("list ports 'lan3:u*'");
    expect(await values('Device.Bridging.Bridge.1.VLANPort.1.', 'Port')).toEqual([
      ['Device.Bridging.Bridge.1.VLANPort.1', port],
    ]);
  });

  it('puts a new interface on a new VLAN, with names that netifd and the kernel take', async () => {
    const before = new Set((await names()).keys());
    const link = rowOf(await names(), 'Link wan');
    await add('Device.Ethernet.VLANTermination.', { VLANID: '35', LowerLayers: link });
    await add('Device.IP.Interface.', {});
    const made = new Map([...(await names())].filter(([row]) => !before.has(row)));
    const [vlan, device] = [...made].find(([, at]) => at.startsWith('VLAN '))!;
    const ip = [...made.keys()].find((row) => row.startsWith('Device.IP.'))!;
    const name = device.slice('VLAN '.length);
    expect(name).toMatch(/^\w{1,15}$/);
    expect(await set(`${ip}.`, 'LowerLayers', vlan)).not.toContain('fault');
    expect(network()).toMatch(
      new RegExp(`config interface '\\w+'\n\toption proto 'static'\n\toption device '${name}'\n`),
    );
    expect(await values(`${ip}.`, 'LowerLayers')).toEqual([[ip, vlan]]);
    expect(await set(`${ip}.`, 'LowerLayers', rowOf(await names(), 'PPP dsl'))).toContain('does not exist');
    expect(await values(`${ip}.`, 'LowerLayers')).toEqual([[ip, vlan]]);
  });

  it('tells a configured route once, and routes of a protocol beside it', async () => {
    const routes = async () => {
      const targets = await values('Device.Routing.Router.1.IPv4Forwarding.*.', 'DestIPAddress');
      const fixed = new Map(await values('Device.Routing.Router.1.IPv4Forwarding.*.', 'StaticRoute'));
      return targets.map(([row, target]) => `${target} ${fixed.get(row)}`).sort();
    };
    // The link of the lan is up, so that netifd tells of its routes.
    await using bus = await connectUbus({ path: full.router.socketPath, log: silentLog });
    expect(JSON.stringify(await bus.invoke('network.interface', 'dump'))).toContain('10.1.0.0');
    expect(await routes()).toEqual(['0.0.0.0 false', '0.0.0.0 false', '10.1.0.0 true']);
  });
});
