import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
      'IP wan6 > Link wan6',
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
    expect(await values(`${loopback[0]}.`, 'LowerLayers')).toEqual([[loopback[0], '']]);
  });

  it('takes no port for a VLAN that a section of it could not name', async () => {
    const name = await names();
    const rows = [...name].filter(([, at]) => at === 'bridge br-lan' || at === 'bridge phy0-ap0').map(([row]) => row);
    expect(rows).toHaveLength(2);
    const before = readFileSync(join(full.config, 'network'), 'utf8');
    for (const port of rows) {
      const written = await full.model.write(
        view,
        [
          {
            op: 'set',
            path: 'Device.Bridging.Bridge.1.VLANPort.1.',
            parameters: [{ name: 'Port', value: port, required: true }],
          },
        ],
        { origin: { by: 'cli' }, partial: false },
      );
      expect(JSON.stringify(written)).toContain('can not name the row');
    }
    expect(readFileSync(join(full.config, 'network'), 'utf8')).toBe(before);
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
});
