import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// The same mappings on what the releases answer: 23.05 on a switch that swconfig drives, 24.10 on a PC without any switch, 25.12 with netifd's wireless in ucode.
// The shapes are the daemons'; the devices are invented.
let open: ModelFixture | undefined;
let root = '';
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
  rmSync(root, { recursive: true, force: true });
});

interface Router {
  readonly packages: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly answers: Readonly<Record<string, Record<string, unknown>>>;
}

async function start({ packages, files, answers }: Router) {
  root = mkdtempSync(join(tmpdir(), 'tandem-release-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const bus = new FakeBus({
    'service event': () => ({}),
    ...Object.fromEntries(Object.entries(answers).map(([call, answer]) => [call, () => answer])),
  });
  open = await openModel({ bus, packages, root, unlocked: true });
  const { model, config } = open;
  const read = async (path: string): Promise<Record<string, string>> => {
    const [reading] = await model.get({ protocol: 'usp' }, [path]);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    return Object.fromEntries(
      reading!.result.value.flatMap(({ path: object, parameters }) =>
        parameters.map(({ info, value }) => [object.slice('Device.'.length) + info.name, value]),
      ),
    );
  };
  const setAll = async (path: string, values: Readonly<Record<string, string>>): Promise<boolean> => {
    const parameters = Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
    const answer = await model.write({ protocol: 'usp' }, [{ op: 'set', path, parameters }], {
      origin: { by: 'usp' },
      partial: false,
    });
    return answer.committed;
  };
  const set = (path: string, name: string, value: string) => setAll(path, { [name]: value });
  return { read, set, setAll, config };
}

const statistics = (bytes: number) => ({ rx_bytes: bytes, tx_bytes: bytes * 2, rx_packets: 7, tx_packets: 9 });
const device = (devtype: string, mac: string, more: Record<string, unknown> = {}) => ({
  external: false,
  present: true,
  type: 'Network device',
  up: true,
  carrier: true,
  devtype,
  mtu: 1500,
  macaddr: mac,
  statistics: statistics(1000),
  ...more,
});

/** 23.05, ath79: eth0 is the switch's, with a VLAN for the LAN; eth1 is the WAN. No builddate, no iwinfo, no hostapd (the radio is off). */
const swconfig: Router = {
  packages: {
    network: `config interface 'loopback'
	option device 'lo'
	option proto 'static'
	list ipaddr '127.0.0.1/8'

config globals 'globals'
	option ula_prefix 'fd12:3456:789a::/48'

config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'eth0.1'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	option ipaddr '192.168.1.1'
	option netmask '255.255.255.0'

config interface 'wan'
	option device 'eth1'
	option proto 'dhcp'

config switch
	option name 'switch0'
	option reset '1'
	option enable_vlan '1'

config switch_vlan
	option device 'switch0'
	option vlan '1'
	option ports '1 2 3 4 0t'
`,
    wireless: `config wifi-device 'radio0'
	option type 'mac80211'
	option path 'platform/ahb/18100000.wmac'
	option channel '11'
	option band '2g'
	option htmode 'HT20'
	option disabled '1'

config wifi-iface 'default_radio0'
	option device 'radio0'
	option network 'lan'
	option mode 'ap'
	option ssid 'OpenWrt'
	option encryption 'psk2+tkip+ccmp'
	option key 'long enough'
`,
  },
  files: {
    'etc/openwrt_release':
      "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='23.05.5'\nDISTRIB_REVISION='r24106-10cc5fcd00'\nDISTRIB_TARGET='ath79/generic'\nDISTRIB_ARCH='mips_24kc'\n",
    'proc/cpuinfo':
      'system type\t\t: Qualcomm Atheros QCA9558 ver 1 rev 0\nprocessor\t\t: 0\ncpu model\t\t: MIPS 74Kc V5.0\n',
  },
  answers: {
    'system board': {
      kernel: '5.15.167',
      hostname: 'OpenWrt',
      system: 'Qualcomm Atheros QCA9558 ver 1 rev 0',
      model: 'Fenwick FW-750',
      board_name: 'fenwick,fw-750',
      rootfs_type: 'squashfs',
      release: {
        distribution: 'OpenWrt',
        version: '23.05.5',
        revision: 'r24106-10cc5fcd00',
        target: 'ath79/generic',
        description: 'OpenWrt 23.05.5 r24106-10cc5fcd00',
      },
    },
    'network.device status': {
      'br-lan': device('bridge', '02:00:00:00:01:01', { type: 'bridge', 'bridge-members': ['eth0.1'] }),
      eth0: device('ethernet', '02:00:00:00:01:01', { speed: '1000F' }),
      'eth0.1': device('vlan', '02:00:00:00:01:01', { type: 'VLAN' }),
      eth1: device('ethernet', '02:00:00:00:01:02', { carrier: false, speed: '-1F' }),
      lo: device('loopback', '00:00:00:00:00:00'),
    },
    'network.interface dump': {
      interface: [
        { interface: 'lan', up: true, uptime: 900, l3_device: 'br-lan', device: 'br-lan', proto: 'static' },
        { interface: 'wan', up: false, pending: true, device: 'eth1', proto: 'dhcp' },
      ],
    },
    'network.wireless status': {
      radio0: {
        up: false,
        pending: false,
        autostart: true,
        disabled: true,
        config: { htmode: 'HT20' },
        interfaces: [],
      },
    },
  },
};

/** 24.10, x86: three ports of a PC, one of which is in the bridge. */
const pc: Router = {
  packages: {
    network: `config device
	option name 'br-lan'
	option type 'bridge'
	list ports 'eth0'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	list ipaddr '192.168.1.1/24'

config interface 'wan'
	option device 'eth1'
	option proto 'dhcp'

config interface 'wan6'
	option device 'eth1'
	option proto 'dhcpv6'
`,
    firewall: `config defaults
	option forward 'REJECT'

config zone
	option name 'lan'
	list network 'lan'

config zone
	option name 'wan'
	list network 'wan'
	list network 'wan6'

config rule 'block'
	option src 'lan'
	option dest '*'
	option target 'REJECT'
`,
  },
  files: {},
  answers: {
    'network.device status': {
      'br-lan': device('bridge', '02:00:00:00:02:01', { type: 'bridge', 'bridge-members': ['eth0'] }),
      eth0: device('ethernet', '02:00:00:00:02:01', { speed: '2500F' }),
      eth1: device('ethernet', '02:00:00:00:02:02', {
        speed: '1000H',
        'link-supported': ['10baseT-H', '100baseT-F', '1000baseT-F', '2500baseT-F', '1000baseKX-F'],
        'link-advertising': ['1000baseT-F'],
        'link-partner-advertising': [],
      }),
      eth2: device('ethernet', '02:00:00:00:02:03', { up: false, carrier: false }),
      vethx: device('ethernet', '02:00:00:00:02:04', { type: 'veth' }),
      lo: device('loopback', '00:00:00:00:00:00'),
    },
    'network.interface dump': { interface: [{ interface: 'lan', up: true, l3_device: 'br-lan', proto: 'static' }] },
  },
};

/** 25.12: one wiphy with two radios, WPA3 by its new name; ports of a switch behind one conduit, and a port of its own. */
const ucode: Router = {
  packages: {
    network: `config globals 'globals'

config interface 'lan'
	option device 'br-lan'
	option proto 'static'
	list ipaddr '192.168.1.1/24'
	list ipaddr '10.0.0.1/8'

config interface 'wan'
	option device 'eth1'
	option proto 'dhcp'

config route 'office'
	option interface 'lan'
	option target '10.1.0.0/16'
	option gateway '192.168.1.254'

config route 'host'
	option interface 'lan'
	option target '10.9.9.9'
`,
    wireless: `config wifi-device 'radio0'
	option type 'mac80211'
	option path 'soc/11230000.pcie'
	option radio '0'
	option band '2g'
	option channel 'auto'
	option htmode 'EHT40'
	option txpower '17'

config wifi-iface 'default_radio0'
	option device 'radio0'
	option mode 'ap'
	option ssid 'new'
	option encryption 'psk3-mixed'
	option key 'long enough'
`,
  },
  files: {
    'sys/class/net/phy0.0-ap0/phy80211/name': 'phy0\n',
    'sys/kernel/debug/ieee80211/phy0/aqm': 'access name value\n',
    'sys/kernel/debug/ieee80211/phy0/netdev:phy0.0-ap0/stations/02:00:00:00:00:aa/aqm':
      'target 19999us interval 99999us ecn yes\ntid ac backlog-bytes backlog-packets new-flows drops marks overlimit collisions tx-bytes tx-packets flags\n0 2 0 0 3228 3 0 0 0 2034210 4612 0x2(RUN AMPDU)\n3 2 0 0 0 0 0 0 0 90 1 0x0(RUN)\n6 0 0 0 0 0 0 0 0 5584 67 0x0(RUN)\n',
  },
  answers: {
    'system board': {
      model: 'Fenwick FW-BE9',
      board_name: 'fenwick,fw-be9',
      release: {
        distribution: 'OpenWrt',
        version: '25.12.0',
        revision: 'r32000-0123456789',
        target: 'mediatek/filogic',
        description: 'OpenWrt 25.12.0 r32000-0123456789',
        builddate: '1764547200',
        firmware_url: 'https://downloads.example/',
      },
    },
    'network.device status': {
      eth0: device('ethernet', '02:00:00:00:03:00'),
      eth1: device('ethernet', '02:00:00:00:03:09', { speed: '10000F' }),
      lan1: device('dsa', '02:00:00:00:03:01', { conduit: 'eth0', speed: '1000F' }),
      'phy0.0-ap0': device('wlan', '02:00:00:00:03:02', { external: true }),
    },
    'network.interface dump': {
      interface: [
        {
          interface: 'lan',
          up: true,
          l3_device: 'br-lan',
          proto: 'static',
          'ipv4-address': [
            { address: '192.168.1.1', mask: 24 },
            { address: '10.0.0.1', mask: 8 },
          ],
        },
        {
          interface: 'wan',
          up: true,
          l3_device: 'eth1',
          proto: 'dhcp',
          'ipv4-address': [{ address: '203.0.113.5', mask: 24 }],
        },
      ],
    },
    'network.wireless status': {
      radio0: {
        up: true,
        disabled: false,
        config: { radio: 0, htmode: 'EHT40' },
        interfaces: [{ section: 'default_radio0', ifname: 'phy0.0-ap0', config: { mode: 'ap', ssid: 'new' } }],
      },
    },
    'iwinfo info': { phy: 'phy0', channel: 6, hwmodes: ['b', 'g', 'n', 'ax', 'be'], htmodes: ['HT20', 'EHT40'] },
    'iwinfo txpowerlist': {
      results: [
        { dbm: 0, mw: 1 },
        { dbm: 17, mw: 50 },
        { dbm: 20, mw: 100 },
      ],
    },
    'iwinfo freqlist': { results: [{ band: 2, channel: 6, mhz: 2437, restricted: false }] },
    'hostapd.phy0.0-ap0 get_clients': {
      freq: 2437,
      clients: {
        '02:00:00:00:00:aa': { auth: true, assoc: true, authorized: true, ht: true, vht: false, he: true, eht: true },
        '02:00:00:00:00:ab': { auth: true, assoc: true, authorized: true, ht: false, vht: false, he: false },
      },
    },
  },
};

describe('23.05 with a switch that swconfig drives', () => {
  it('has the ports that are no VLAN of another, and the release from where it was then', async () => {
    const { read } = await start(swconfig);
    expect(await read('Device.Ethernet.Interface.*.Name')).toEqual({
      'Ethernet.Interface.1.Name': 'eth0',
      'Ethernet.Interface.2.Name': 'eth1',
    });
    expect(await read('Device.Ethernet.Interface.2.')).toMatchObject({
      'Ethernet.Interface.2.Status': 'Down',
      'Ethernet.Interface.2.CurrentBitRate': '0',
    });
    expect(await read('Device.DeviceInfo.')).toMatchObject({
      'DeviceInfo.SoftwareVersion': '23.05.5',
      'DeviceInfo.AdditionalSoftwareVersion': 'r24106-10cc5fcd00',
      'DeviceInfo.Processor.1.Architecture': 'mipseb',
    });
    const bridges = await read('Device.Bridging.Bridge.');
    expect(bridges).toMatchObject({ 'Bridging.Bridge.2.Name': 'switch0', 'Bridging.Bridge.2.VLAN.1.VLANID': '1' });
  });

  it('has a radio that is off, its access point without a device, and a cipher that stays when the mode is changed', async () => {
    const { read, set, config } = await start(swconfig);
    expect(await read('Device.WiFi.')).toMatchObject({
      'WiFi.Radio.1.Enable': 'false',
      'WiFi.Radio.1.Status': 'Down',
      'WiFi.Radio.1.TransmitPower': '-1',
      'WiFi.Radio.1.TransmitPowerSupported': '',
      'WiFi.AccessPoint.1.Status': 'Disabled',
      'WiFi.AccessPoint.1.Security.ModeEnabled': 'WPA2-Personal',
    });
    expect(await set('Device.WiFi.AccessPoint.1.Security.', 'ModeEnabled', 'WPA3-Personal')).toBe(true);
    expect(config('wireless')).toContain("option encryption 'sae+tkip+ccmp'");
    // What it could send is not known while it is off.
    expect(await set('Device.WiFi.Radio.1.', 'TransmitPower', '50')).toBe(false);
    expect(await set('Device.WiFi.Radio.1.', 'TransmitPower', '-1')).toBe(true);
  });
});

describe('24.10 on a PC', () => {
  it('has every port, and nothing that is no port', async () => {
    const { read } = await start(pc);
    const names = await read('Device.Ethernet.Interface.*.Name');
    expect(Object.values(names)).toEqual(['eth0', 'eth1', 'eth2']);
    expect(await read('Device.Ethernet.Interface.2.')).toMatchObject({
      'Ethernet.Interface.2.CurrentBitRate': '1000',
      'Ethernet.Interface.2.CurrentDuplexMode': 'Half',
      'Ethernet.Interface.2.SupportedLinkModes': '10,16,30,103',
      'Ethernet.Interface.2.AdvertisedLinkModes': '30',
      'Ethernet.Interface.2.LinkPartnerAdvertisedLinkModes': '',
    });
    expect(await read('Device.Bridging.Bridge.1.Port.1.LowerLayers')).toEqual({
      'Bridging.Bridge.1.Port.1.LowerLayers': 'Device.Ethernet.Interface.1',
    });
  });

  it('names a zone of the firewall by the first of its interfaces, and by no other', async () => {
    const { read, set, config } = await start(pc);
    const rule = 'Device.Firewall.Chain.1.Rule.1.';
    expect(await read(rule)).toMatchObject({
      'Firewall.Chain.1.Rule.1.SourceInterface': 'Device.IP.Interface.1',
      'Firewall.Chain.1.Rule.1.SourceAllInterfaces': 'false',
      'Firewall.Chain.1.Rule.1.DestInterface': '',
      'Firewall.Chain.1.Rule.1.DestAllInterfaces': 'true',
    });
    expect(await set(rule, 'SourceInterface', 'Device.IP.Interface.3')).toBe(false);
    expect(await set(rule, 'SourceInterface', 'Device.IP.Interface.2')).toBe(true);
    expect(config('firewall')).toContain("option src 'wan'");
    expect(await set(rule, 'SourceInterface', '')).toBe(true);
    expect(config('firewall')).not.toContain('option src');
  });
});

describe('25.12 with netifd in ucode', () => {
  it('has the ports of the switch and a port of its own, and not what they are connected to', async () => {
    const { read } = await start(ucode);
    expect(Object.values(await read('Device.Ethernet.Interface.*.Name')).sort()).toEqual(['eth1', 'lan1']);
  });

  it('finds its way from a radio of a shared wiphy to its stations and queues', async () => {
    const { read, set, config } = await start(ucode);
    expect(await read('Device.WiFi.')).toMatchObject({
      'WiFi.Radio.1.Status': 'Up',
      'WiFi.Radio.1.OperatingStandards': 'be',
      'WiFi.Radio.1.SupportedStandards': 'b,g,n,ax,be',
      'WiFi.Radio.1.TransmitPower': '50',
      'WiFi.Radio.1.TransmitPowerSupported': '1,50,100',
      'WiFi.SSID.1.Name': 'phy0.0-ap0',
      'WiFi.AccessPoint.1.Security.ModeEnabled': 'WPA3-Personal-Transition',
      'WiFi.AccessPoint.1.AssociatedDevice.1.OperatingStandard': 'be',
      'WiFi.AccessPoint.1.AssociatedDevice.2.OperatingStandard': 'g',
      'WiFi.AccessPoint.1.AC.1.AccessCategory': 'BE',
      'WiFi.AccessPoint.1.AC.1.Stats.BytesSent': '2034300',
      'WiFi.AccessPoint.1.AC.1.Stats.PacketsSent': '4613',
      'WiFi.AccessPoint.1.AC.1.Stats.DiscardPacketsSent': '3',
      'WiFi.AccessPoint.1.AC.4.AccessCategory': 'VO',
      'WiFi.AccessPoint.1.AC.4.Stats.BytesSent': '5584',
    });
    expect(await set('Device.WiFi.Radio.1.', 'TransmitPower', '100')).toBe(true);
    expect(config('wireless')).toContain("option txpower '20'");
    expect(await set('Device.WiFi.Radio.1.', 'TransmitPower', '51')).toBe(false);
    expect(await set('Device.WiFi.Radio.1.', 'TransmitPower', '0')).toBe(false);
  });
});

describe('tunnels of a provider', () => {
  const tunnels: Router = {
    packages: {
      network: `config interface 'wan6'
	option proto 'dhcpv6'

config interface 'lite'
	option proto 'dslite'
	option peeraddr '2001:db8::a'
	option tunlink 'wan6'

config interface 'sixrd'
	option proto '6rd'
	option peeraddr '192.0.2.1'
	option ip6prefix '2001:db8::'
	option ip6prefixlen '32'
	option ip4prefixlen '8'
`,
    },
    files: {},
    answers: { 'network.interface dump': { interface: [{ interface: 'lite', up: true }] } },
  };

  it('are read as they are set', async () => {
    const { read } = await start(tunnels);
    expect(await read('Device.DSLite.InterfaceSetting.1.')).toMatchObject({
      'DSLite.InterfaceSetting.1.Status': 'Enabled',
      'DSLite.InterfaceSetting.1.EndpointAddressTypePrecedence': 'IPv6Address',
      'DSLite.InterfaceSetting.1.EndpointName': '',
      'DSLite.InterfaceSetting.1.EndpointAddress': '2001:db8::a',
      'DSLite.InterfaceSetting.1.TunnelInterface': 'Device.IP.Interface.2',
      'DSLite.InterfaceSetting.1.TunneledInterface': 'Device.IP.Interface.1',
    });
    expect(await read('Device.IPv6rd.InterfaceSetting.1.')).toMatchObject({
      'IPv6rd.InterfaceSetting.1.Status': 'Disabled',
      'IPv6rd.InterfaceSetting.1.BorderRelayIPv4Addresses': '192.0.2.1',
      'IPv6rd.InterfaceSetting.1.SPIPv6Prefix': '2001:db8::/32',
      'IPv6rd.InterfaceSetting.1.IPv4MaskLength': '8',
    });
  });

  it('take a name in place of an address only when that has been taken away, and nothing that is no name', async () => {
    const { set, config } = await start(tunnels);
    const lite = 'Device.DSLite.InterfaceSetting.1.';
    expect(await set(lite, 'EndpointName', 'aftr.example')).toBe(false);
    expect(await set(lite, 'EndpointName', '')).toBe(true);
    expect(config('network')).not.toContain('2001:db8::a');
    expect(await set(lite, 'EndpointName', '$(reboot)')).toBe(false);
    expect(await set(lite, 'EndpointName', 'aftr.example')).toBe(true);
    expect(config('network')).toContain("option peeraddr 'aftr.example'");
  });
});

describe('addresses with their lengths, as 25.12 makes them', () => {
  const lan = 'Device.IP.Interface.1.IPv4Address.';
  const items = (text: string): string[] => [...text.matchAll(/list ipaddr '(.*)'/g)].map(([, item]) => item!);

  it('keep their length when the address is written, each its own', async () => {
    const { set, config } = await start(ucode);
    expect(await set(`${lan}1.`, 'IPAddress', '192.168.2.1')).toBe(true);
    expect(await set(`${lan}2.`, 'IPAddress', '10.0.0.9')).toBe(true);
    expect(items(config('network'))).toEqual(['192.168.2.1/24', '10.0.0.9/8']);
    expect(config('network')).not.toContain('netmask');
  });

  it('get another length by their mask, in the same request as another address too', async () => {
    const { setAll, config } = await start(ucode);
    expect(await setAll(`${lan}1.`, { IPAddress: '172.16.0.1', SubnetMask: '255.255.252.0' })).toBe(true);
    expect(items(config('network'))).toEqual(['172.16.0.1/22', '10.0.0.1/8']);
    expect(await setAll(`${lan}2.`, { SubnetMask: '255.0.255.0' })).toBe(false);
  });

  it('may be written again before the device has taken them over', async () => {
    const one = ucode.packages.network!.replace("\tlist ipaddr '10.0.0.1/8'\n", '');
    const { setAll, config } = await start({ ...ucode, packages: { ...ucode.packages, network: one } });
    expect(await setAll(`${lan}1.`, { IPAddress: '192.168.9.1' })).toBe(true);
    expect(await setAll(`${lan}1.`, { SubnetMask: '255.255.254.0' })).toBe(true);
    expect(items(config('network'))).toEqual(['192.168.9.1/23']);
  });

  it('that the device was given are not written over', async () => {
    const { set, config } = await start(ucode);
    expect(await set('Device.IP.Interface.2.IPv4Address.1.', 'IPAddress', '203.0.113.6')).toBe(false);
    expect(config('network')).toBe(ucode.packages.network);
  });

  it('of routes are read and written with and without', async () => {
    const { read, setAll, config } = await start(ucode);
    const routes = 'Device.Routing.Router.1.IPv4Forwarding.';
    expect(await read(routes)).toMatchObject({
      'Routing.Router.1.IPv4Forwarding.1.DestIPAddress': '10.1.0.0',
      'Routing.Router.1.IPv4Forwarding.1.DestSubnetMask': '255.255.0.0',
      'Routing.Router.1.IPv4Forwarding.2.DestIPAddress': '10.9.9.9',
      'Routing.Router.1.IPv4Forwarding.2.DestSubnetMask': '255.255.255.255',
    });
    expect(await setAll(`${routes}1.`, { DestIPAddress: '10.2.0.0', DestSubnetMask: '255.254.0.0' })).toBe(true);
    expect(await setAll(`${routes}2.`, { DestIPAddress: '10.8.0.0', DestSubnetMask: '255.255.0.0' })).toBe(true);
    expect(config('network')).toContain("option target '10.2.0.0/15'");
    expect(config('network')).toContain("option target '10.8.0.0'\n\toption netmask '255.255.0.0'");
  });
});

describe('a modem', () => {
  const signalOf = async (signal: Readonly<Record<string, Readonly<Record<string, string>>>>) => {
    const generic = { 'equipment-identifier': '860000000000000', state: 'connected' };
    const answers = { 'modemmanager dump': { modem: [{ generic, signal }] } };
    const { read } = await start({ packages: {}, files: {}, answers });
    const { 'Cellular.Interface.1.RSSI': rssi, ...all } = await read('Device.Cellular.Interface.1.');
    return [rssi, all['Cellular.Interface.1.RSRP'], all['Cellular.Interface.1.RSRQ']];
  };
  const none = { rssi: '--', rsrp: '--', rsrq: '--' };

  it.each([
    [
      'LTE, with 5G beside it',
      { lte: { rssi: '-64.00', rsrp: '-92.00', rsrq: '-9.00' }, '5g': { rsrp: '-80.00' } },
      ['-64', '-92', '-9'],
    ],
    ['5G alone', { lte: none, '5g': { rsrp: '-87.50', rsrq: '-11.00' } }, ['-117', '-87', '-11']],
    ['UMTS', { lte: none, umts: { rssi: '-70.00' }, '5g': none }, ['-70', '2147483647', '2147483647']],
  ] as const)('on %s tells its signal', async (_, signal, wanted) => {
    expect(await signalOf(signal)).toEqual(wanted);
  });
});
