import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';
import { added, changed, itemsOf, removed, rowsOf, written } from '../../support/table-writes.ts';

// Bridge ports are items of `list ports`; what a VLAN has of them are items of its section.
const bridge = 'Device.Bridging.Bridge.1.';
const ports = `${bridge}Port.`;
const ethernet = 'Device.Ethernet.Interface.';
const network = `config device 'br'
	option name 'br-lan'
	option type 'bridge'
	list ports 'lan1'
	list ports 'lan2'

config bridge-vlan 'v10'
	option device 'br-lan'
	option vlan '10'
	list ports 'lan1:u*'
	list ports 'lan2:t'

config device 'v7'
	option name 'lan3.7'
	option type '8021q'
	option ifname 'lan3'
	option vid '7'
`;
const wireless = `config wifi-iface 'home'\n\toption device 'radio0'\n\toption mode 'ap'\n\toption ssid 'Home'\n`;
const device = { type: 'Network device', devtype: 'dsa', up: true, carrier: true };

let fixture: ModelFixture;
beforeEach(async () => {
  fixture = await openModel({
    bus: new FakeBus({
      'service event': () => ({}),
      'network.device status': () => ({ lan1: device, lan2: device, lan3: device }),
    }),
    packages: { network, wireless },
    unlocked: true,
  });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const listed = (): string[] => itemsOf(fixture, 'network', 'ports');
const rows = (): Promise<string[]> => rowsOf(fixture, ports, 'Enable', 'Status', 'LowerLayers', 'ManagementPort');
const own = (number: number, lower: string, enabled = 'true Up'): string => `${number}: ${enabled} ${lower} false`;
const lan = (number: number): string => `${ethernet}${number}`;

it('adds a port as an ACS does, switches it off and takes it away', async () => {
  const before = await rows();
  expect(before.slice(0, 2)).toEqual([own(1, lan(1)), own(2, lan(2))]);
  const number = before.length + 1;
  expect(await written(fixture, 'cwmp', added(ports))).toBe('ok');
  expect((await rows()).at(-1)).toBe(own(number, '-', 'false Down'));
  const values = { LowerLayers: lan(3), Enable: '1' };
  expect(await written(fixture, 'cwmp', changed(`${ports}${number}.`, values))).toBe('ok');
  expect(listed()).toEqual(['lan1', 'lan2', 'lan3', 'lan1:u*', 'lan2:t']);
  expect((await rows()).at(-1)).toBe(own(number, lan(3)));
  expect(await written(fixture, 'cwmp', changed(`${ports}${number}.`, { Enable: '0' }))).toBe('ok');
  expect(listed()).toEqual(['lan1', 'lan2', 'lan1:u*', 'lan2:t']);
  expect((await rows()).at(-1)).toBe(own(number, lan(3), 'false Down'));
  expect(await written(fixture, 'cwmp', removed(`${ports}${number}.`))).toBe('ok');
  expect(await rows()).toEqual(before);
});

it('takes a tagged interface', async () => {
  const values = { LowerLayers: 'Device.Ethernet.VLANTermination.1', Enable: 'true' };
  expect(await written(fixture, 'usp', added(ports, values))).toBe('ok');
  expect(listed()).toContain('lan3.7');
  expect((await rows()).at(-1)).toContain('Device.Ethernet.VLANTermination.1');
});

it('refuses an SSID, which is put into a network, two interfaces, one that is in it, and one that is not there', async () => {
  const add = (LowerLayers: string): Promise<string> =>
    written(fixture, 'usp', added(ports, { LowerLayers, Enable: 'true' }));
  expect(await add('Device.WiFi.SSID.1')).toBe('invalid-value LowerLayers');
  expect(await add(`${lan(3)},Device.Ethernet.VLANTermination.1`)).toBe('invalid-value LowerLayers');
  expect(await add(lan(9))).toBe('invalid-value LowerLayers');
  expect(await add(lan(1))).toBe('duplicate-key');
  expect(fixture.config('network')).toBe(network);
});

it('takes a port that is deleted out of its VLANs, and their rows stay without one', async () => {
  expect(await written(fixture, 'usp', removed(`${ports}2.`))).toBe('ok');
  expect(listed()).toEqual(['lan1', 'lan1:u*']);
  expect(await rowsOf(fixture, `${bridge}VLANPort.`, 'Port', 'VLAN', 'Untagged')).toEqual([
    `1: ${ports}1 ${bridge}VLAN.1 true`,
    `2: - ${bridge}VLAN.1 false`,
  ]);
  const [gone, kept] = [removed(`${ports}1.`), removed(`${bridge}VLANPort.1.`)];
  expect(await written(fixture, 'usp', gone, kept)).toBe('ok,ok');
  expect(listed()).toEqual([]);
});

it('does not delete the management port, or a row that the device has made', async () => {
  const all = await rows();
  const management = all.findIndex((row) => row.endsWith('true')) + 1;
  expect(management).toBeGreaterThan(2);
  expect(await written(fixture, 'usp', removed(`${ports}${management}.`))).toBe('not-deletable');
  expect(await written(fixture, 'usp', changed(`${ports}${management}.`, { Enable: 'false' }))).toBe(
    'not-writable Enable',
  );
});
