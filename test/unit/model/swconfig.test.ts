import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// A router without DSA: its ports are the switch's, and the kernel knows only the device that leads to it.
const board = {
  switch: {
    switch0: {
      enable: true,
      reset: true,
      ports: [
        { num: 0, role: 'lan', index: 2 },
        { num: 1, role: 'lan', index: 1 },
        { num: 4, role: 'wan' },
        { num: 6, device: 'eth0', need_tag: false },
      ],
    },
    switch1: { ports: [{ num: 1, device: 'eth1' }] },
  },
};
const network = `config interface 'lan'\n\toption device 'br-lan'\n\nconfig device 'br'\n\toption name 'br-lan'\n\toption type 'bridge'\n\tlist ports 'eth0.1'\n\nconfig switch 'sw'\n\toption name 'switch0'\n\toption enable_vlan '1'\n\nconfig switch_vlan 'one'\n\toption device 'switch0'\n\toption vlan '1'\n\toption ports '0 1 6t'\n\nconfig switch_vlan 'two'\n\toption device 'switch0'\n\toption vlan '2'\n\toption ports '4 6t'\n\nconfig switch 'further'\n\toption name 'switch1'\n\nconfig switch_vlan 'three'\n\toption device 'switch1'\n\toption vlan '3'\n\toption ports '1'\n`;
const states = [
  { port: 0, link: true, speed: 1000, duplex: true },
  { port: 1, link: false, speed: 0, duplex: false },
  { port: 4, link: true, speed: 100, duplex: false },
  { port: 6, link: true, speed: 1000, duplex: true },
];
const eth0 = {
  type: 'Network device',
  devtype: 'ethernet',
  up: true,
  carrier: true,
  speed: '1000F',
  macaddr: '02:00:00:00:00:01',
};

let fixture: ModelFixture | undefined;
let asked: unknown[];
afterEach(async () => {
  await fixture?.[Symbol.asyncDispose]();
  fixture = undefined;
});

async function open(withLuci: boolean, withBoard = true): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'tandem-swconfig-'));
  mkdirSync(join(root, 'etc'));
  if (withBoard) writeFileSync(join(root, 'etc/board.json'), JSON.stringify(board));
  asked = [];
  fixture = await openModel({
    root,
    unlocked: true,
    packages: { network },
    bus: new FakeBus({
      'network.device status': () => ({ eth0, 'br-lan': { type: 'bridge', up: true } }),
      ...(withLuci && {
        'luci getSwconfigPortState': (args) => {
          asked.push(args);
          return { result: states };
        },
      }),
    }),
  });
}

async function table(path: string, names: readonly string[]): Promise<string[]> {
  const [reading] = await fixture!.model.get({ protocol: 'usp' }, [path]);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value
    .filter((object) => object.parameters.some(({ info }) => info.name === names[0]))
    .map(({ parameters }) => names.map((name) => parameters.find(({ info }) => info.name === name)!.value).join(' '));
}
const interfaces = ['Name', 'Enable', 'Status', 'CurrentBitRate', 'CurrentDuplexMode', 'Upstream'];

it('has the ports of the switch as interfaces beside the device that leads to it, with their links', async () => {
  await open(true);
  expect(await table('Device.Ethernet.Interface.', interfaces)).toEqual([
    'switch0 port 0 true Up 1000 Full false',
    'switch0 port 1 true Down 0 Half false',
    'switch0 port 4 true Up 100 Half true',
    'eth0 true Up 1000 Full false',
  ]);
  expect(asked).toEqual([{ switch: 'switch0' }]);
});

it('has the switch as a bridge with all its ports, and VLANs with theirs', async () => {
  await open(true);
  const ports = ['Name', 'Status', 'ManagementPort', 'PortState', 'LowerLayers'];
  expect(await table('Device.Bridging.Bridge.2.Port.', ports)).toEqual([
    'switch0 port 0 Up false Forwarding Device.Ethernet.Interface.1',
    'switch0 port 1 Down false Disabled Device.Ethernet.Interface.2',
    'switch0 port 4 Up false Forwarding Device.Ethernet.Interface.3',
    'switch0 port 6 Up true Forwarding Device.Ethernet.Interface.4',
  ]);
  const bridge = 'Device.Bridging.Bridge.2.';
  expect(await table(`${bridge}VLANPort.`, ['VLAN', 'Port', 'Untagged'])).toEqual([
    `${bridge}VLAN.1 ${bridge}Port.1 true`,
    `${bridge}VLAN.1 ${bridge}Port.2 true`,
    `${bridge}VLAN.1 ${bridge}Port.4 false`,
    `${bridge}VLAN.2 ${bridge}Port.3 true`,
    `${bridge}VLAN.2 ${bridge}Port.4 false`,
  ]);
});

it('tells the ports of two switches apart that have the same number', async () => {
  await open(true);
  const bridge = 'Device.Bridging.Bridge.3.';
  expect(await table(`${bridge}VLANPort.`, ['VLAN', 'Port'])).toEqual([`${bridge}VLAN.1 ${bridge}Port.1`]);
});

it('does not know the links where nobody tells them', async () => {
  await open(false);
  expect((await table('Device.Ethernet.Interface.', ['Name', 'Status'])).slice(0, 3)).toEqual([
    'switch0 port 0 Unknown',
    'switch0 port 1 Unknown',
    'switch0 port 4 Unknown',
  ]);
});

it('asks for no switch where the board has none', async () => {
  await open(true, false);
  expect(await table('Device.Ethernet.Interface.', ['Name', 'Status'])).toEqual(['eth0 Up']);
  expect(await table('Device.Bridging.Bridge.1.Port.', ['Name', 'Status'])).toEqual(['eth0.1 Down', 'br-lan Up']);
  expect(asked).toEqual([]);
});
