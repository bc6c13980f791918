import { afterEach, describe, expect, it } from 'vitest';
import { type Device, type DeviceView, viewOf } from '../../support/device-view.ts';

// What TR-181 promises of a parameter, against what OpenWrt's daemons make of the option: units, defaults, and what is said of things that are down,
// absent, disabled or half configured.
let view: DeviceView | undefined;
afterEach(async () => {
  await view?.[Symbol.asyncDispose]();
  view = undefined;
});
const start = async (device: Device): Promise<DeviceView> => {
  view = await viewOf(device);
  return view;
};

const radio = (options: string, iface = '') => ({
  packages: {
    wireless: `config wifi-device 'radio0'\n\toption type 'mac80211'\n${options}\nconfig wifi-iface 'ap'\n\toption device 'radio0'\n\toption mode 'ap'\n\toption ssid 'x'\n${iface}`,
  },
});

describe('a radio', () => {
  it('that is off and chooses by itself has a channel of its band', async () => {
    const { read } = await start(radio("\toption band '5g'\n\toption channel 'auto'\n"));
    expect(await read('Device.WiFi.Radio.1.')).toMatchObject({
      'WiFi.Radio.1.Channel': '36',
      'WiFi.Radio.1.AutoChannelEnable': 'true',
      // Without an htmode.
      'WiFi.Radio.1.OperatingChannelBandwidth': '20MHz',
      // Neither RTS nor fragments unless somebody asks for them.
      'WiFi.Radio.1.RTSThreshold': '2347',
      'WiFi.Radio.1.FragmentationThreshold': '2346',
    });
  });

  it('has nothing that no option of it does', async () => {
    const names = Object.keys(await (await start(radio("\toption band '2g'\n"))).read('Device.WiFi.Radio.1.'));
    for (const name of ['RetryLimit', 'LongRetryLimit', 'PreambleType', 'MaxBitRate'])
      expect(names).not.toContain(`WiFi.Radio.1.${name}`);
  });

  const running = {
    ...radio("\toption band '5g'\n\toption channel 'auto'\n"),
    answers: {
      'network.wireless status': {
        radio0: { up: true, interfaces: [{ section: 'ap', ifname: 'phy0-ap0', config: {} }] },
      },
      'iwinfo info': { channel: 100 },
    },
  };
  const radio1 = 'Device.WiFi.Radio.1.';
  it.each([
    ['stays on the channel it is on when it is no more to choose', running, { AutoChannelEnable: 'false' }, '100'],
    [
      'takes a channel and its choice taken away, in this order',
      running,
      { Channel: '44', AutoChannelEnable: 'false' },
      '44',
    ],
    ['and in the other', running, { AutoChannelEnable: 'false', Channel: '44' }, '44'],
    ['off', radio("\toption band '2g'\n\toption channel 'auto'\n"), { AutoChannelEnable: 'false', Channel: '6' }, '6'],
    ['that does not choose is told so again', radio("\toption channel '3'\n"), { AutoChannelEnable: 'false' }, '3'],
  ])('%s', async (_, device, values, channel) => {
    const { set, config, read } = await start(device);
    expect(await set(radio1, values)).toBe(true);
    expect(config('wireless')).toContain(`option channel '${channel}'`);
    expect(await read(`${radio1}AutoChannelEnable`)).toEqual({ 'WiFi.Radio.1.AutoChannelEnable': 'false' });
  });

  it('is given a power by somebody who has read nothing before, and never none at all', async () => {
    const { answers, packages } = running;
    const powers = { results: [{ dbm: 17 }, { dbm: 20 }] };
    const { set, config } = await start({ packages, answers: { ...answers, 'iwinfo txpowerlist': powers } });
    expect(await set(radio1, { TransmitPower: '50' })).toBe(true);
    expect(config('wireless')).toContain("option txpower '17'");
    expect(await set(radio1, { TransmitPower: '0' })).toBe(false);
  });

  it('that could not be set up is in error', async () => {
    const { read } = await start({
      ...radio("\toption band '5g'\n"),
      answers: { 'network.wireless status': { radio0: { up: false, retry_setup_failed: true, interfaces: [] } } },
    });
    expect(await read(`${radio1}Status`)).toEqual({ 'WiFi.Radio.1.Status': 'Error' });
  });
});

describe('an access point', () => {
  it.each([
    ['sae', 'WPA3-Personal', 'Required'],
    ['sae-mixed+ccmp', 'WPA3-Personal-Transition', 'Optional'],
    ['owe', 'OWE', 'Required'],
    ['psk2', 'WPA2-Personal', 'Disabled'],
    ['wpa3-mixed', 'WPA3-Enterprise', 'Optional'],
    ['psk-mixed', 'WPA-WPA2-Personal', 'Disabled'],
  ])('with %s is %s, and protects management frames as hostapd does by default', async (encryption, mode, mfp) => {
    const { read, set, config } = await start(radio("\toption band '5g'\n", `\toption encryption '${encryption}'\n`));
    const security = await read('Device.WiFi.AccessPoint.1.Security.');
    expect(security).toMatchObject({
      'WiFi.AccessPoint.1.Security.ModeEnabled': mode,
      'WiFi.AccessPoint.1.Security.MFPConfig': mfp,
      'WiFi.AccessPoint.1.Security.RekeyingInterval': '86400',
    });
    expect(await set('Device.WiFi.AccessPoint.1.Security.', { MFPConfig: 'Required' })).toBe(true);
    expect(config('wireless')).toContain("option ieee80211w '2'");
    expect(config('wireless')).toContain(`option encryption '${encryption}'`);
  });

  it('that counts for nobody says so', async () => {
    const { read } = await start(radio("\toption band '5g'\n"));
    expect(await read('Device.WiFi.AccessPoint.1.Accounting.Enable')).toEqual({
      'WiFi.AccessPoint.1.Accounting.Enable': 'false',
    });
  });
});

const lan = `config interface 'lan'\n\toption device 'br-lan'\n\toption proto 'static'\n\toption ipaddr '192.168.1.1'\n\toption netmask '255.255.255.0'\n`;
const dump = {
  'network.interface dump': {
    interface: [
      {
        interface: 'lan',
        up: true,
        l3_device: 'br-lan',
        proto: 'static',
        'ipv4-address': [{ address: '192.168.1.1', mask: 24 }],
      },
    ],
  },
};
const pool = (options: string, dnsmasq = "\toption domain 'home.example'\n"): Device => ({
  packages: {
    network: `${lan}\nconfig interface 'wan'\n\toption device 'eth1'\n\toption proto 'dhcp'\n`,
    dhcp: `config dnsmasq\n${dnsmasq}\nconfig dhcp 'lan'\n\toption interface 'lan'\n${options}`,
  },
  answers: dump,
});
const pool1 = 'Device.DHCPv4.Server.Pool.1.';

describe('a pool of addresses', () => {
  it('without options offers what dnsmasq does', async () => {
    const { read } = await start(pool(''));
    expect(await read(pool1)).toMatchObject({
      [`${pool1.slice(7)}MinAddress`]: '192.168.1.100',
      [`${pool1.slice(7)}MaxAddress`]: '192.168.1.249',
      [`${pool1.slice(7)}DNSServers`]: '192.168.1.1',
      [`${pool1.slice(7)}IPRouters`]: '192.168.1.1',
      [`${pool1.slice(7)}DomainName`]: 'home.example',
      [`${pool1.slice(7)}Status`]: 'Enabled',
    });
  });

  it('says what its options name, by number or by name', async () => {
    const { read } = await start(
      pool(
        "\tlist dhcp_option 'option:router,192.168.1.2'\n\tlist dhcp_option 'option:dns-server,192.168.1.3,192.168.1.4'\n\tlist dhcp_option '15,office.example'\n",
      ),
    );
    expect(await read(pool1)).toMatchObject({
      [`${pool1.slice(7)}IPRouters`]: '192.168.1.2',
      [`${pool1.slice(7)}DNSServers`]: '192.168.1.3,192.168.1.4',
      [`${pool1.slice(7)}DomainName`]: 'office.example',
    });
  });

  it('is given a domain by its option, which is not the search list of router advertisements', async () => {
    const { set, config, read } = await start(
      pool("\tlist domain 'search.example'\n\tlist dhcp_option 'option:domain-name,old.example'\n"),
    );
    expect(await set(pool1, { DomainName: 'new.example' })).toBe(true);
    expect(config('dhcp')).toContain("list dhcp_option '15,new.example'");
    expect(config('dhcp')).not.toContain('old.example');
    expect(config('dhcp')).toContain("list domain 'search.example'");
    // Two names are none that could be read back.
    expect(await set(pool1, { DomainName: 'a,b' })).toBe(false);
    expect(await read(`${pool1}DomainName`)).toEqual({ 'DHCPv4.Server.Pool.1.DomainName': 'new.example' });
  });

  it.each([
    ["\toption ignore '1'\n", 'Disabled'],
    ["\toption dhcpv4 'disabled'\n", 'Disabled'],
    ["\toption dhcpv4 'server'\n", 'Enabled'],
  ])('with %j is %s', async (options, status) => {
    const { read } = await start(pool(options));
    expect(await read(`${pool1}Status`)).toEqual({ 'DHCPv4.Server.Pool.1.Status': status });
  });

  it.each(['wan', 'gone'])('on interface %s, where dnsmasq serves nobody, is misconfigured', async (network) => {
    const { packages, answers } = pool('');
    const { read } = await start({
      packages: { ...packages, dhcp: packages.dhcp!.replace("interface 'lan'", `interface '${network}'`) },
      answers,
    });
    expect(await read(`${pool1}Status`)).toEqual({ 'DHCPv4.Server.Pool.1.Status': 'Error_Misconfigured' });
  });

  it('has clients that are there and clients that are away, and no row for what is no lease of IPv4', async () => {
    const { read } = await start({
      ...pool(''),
      files: {
        'tmp/dhcp.leases':
          '1800000000 02:00:00:00:00:0a 192.168.1.10 a *\n1800000000 02:00:00:00:00:0b 192.168.1.11 * *\nduid 00:01:00:01:2f:11:22:33:02:00:00:00:00:01\n1800000000 123456 fd00::5 a 00:01:00:01\n',
        'proc/net/arp':
          'IP address HW type Flags HW address Mask Device\n192.168.1.10 0x1 0x2 02:00:00:00:00:0a * br-lan\n192.168.1.11 0x1 0x0 02:00:00:00:00:0b * br-lan\n',
      },
    });
    expect(await read(`${pool1}Client.*.Active`)).toEqual({
      'DHCPv4.Server.Pool.1.Client.1.Active': 'true',
      'DHCPv4.Server.Pool.1.Client.2.Active': 'false',
    });
    expect(await read('Device.Hosts.HostNumberOfEntries')).toEqual({ 'Hosts.HostNumberOfEntries': '2' });
  });

  it('has reservations for hosts with several addresses, and for those that are to get none', async () => {
    const { packages, answers } = pool('');
    const { read, set, config } = await start({
      packages: {
        ...packages,
        dhcp: `${packages.dhcp}\nconfig host\n\toption mac '02:00:00:00:00:01 02:00:00:00:00:02'\n\toption ip '192.168.1.9'\n\nconfig host\n\tlist mac '02:00:00:00:00:03'\n\toption ip 'ignore'\n`,
      },
      answers,
    });
    const row = 'DHCPv4.Server.Pool.1.StaticAddress.';
    expect(await read(`Device.${row}`)).toMatchObject({
      [`${row}1.Chaddr`]: '02:00:00:00:00:01',
      [`${row}1.Enable`]: 'true',
      [`${row}2.Chaddr`]: '02:00:00:00:00:03',
      [`${row}2.Yiaddr`]: '',
    });
    expect(await set(`Device.${row}1.`, { Chaddr: '02:00:00:00:00:09' })).toBe(true);
    expect(config('dhcp')).toContain("option mac '02:00:00:00:00:09 02:00:00:00:00:02'");
  });
});

describe('router advertisements', () => {
  const setting = 'Device.RouterAdvertisement.InterfaceSetting.1.';
  const flags = ['AdvManagedFlag', 'AdvOtherConfigFlag', 'AdvMobileAgentFlag'];
  const read = async (one: DeviceView) => {
    const values = await one.read(setting);
    return flags.map((flag) => values[`${setting.slice(7)}${flag}`]);
  };

  it('carry the other-config flag unless they are told to carry none', async () => {
    const one = await start(pool("\toption ra 'server'\n"));
    expect(await read(one)).toEqual(['false', 'true', 'false']);
    expect(await one.set(setting, { AdvOtherConfigFlag: 'false' })).toBe(true);
    expect(one.config('dhcp')).toContain("list ra_flags 'none'");
    expect(await read(one)).toEqual(['false', 'false', 'false']);
    expect(await one.set(setting, { AdvManagedFlag: 'true' })).toBe(true);
    expect(one.config('dhcp')).not.toContain("'none'");
    expect(await read(one)).toEqual(['true', 'false', 'false']);
  });

  it('keep the flag they have without saying so when they are given another', async () => {
    const one = await start(pool("\toption ra 'server'\n"));
    expect(await one.set(setting, { AdvManagedFlag: 'true' })).toBe(true);
    expect(await read(one)).toEqual(['true', 'true', 'false']);
  });

  it('are not sent, and no DHCPv6 served, on an interface that is to be ignored', async () => {
    const one = await start(pool("\toption ra 'server'\n\toption dhcpv6 'server'\n\toption ignore '1'\n"));
    expect(await one.read(`${setting}Status`)).toEqual({ 'RouterAdvertisement.InterfaceSetting.1.Status': 'Disabled' });
    expect(await one.read('Device.DHCPv6.Server.Pool.1.Status')).toEqual({ 'DHCPv6.Server.Pool.1.Status': 'Disabled' });
  });
});

describe('interfaces', () => {
  const ppp = (options: string): Device => ({
    packages: { network: `config interface 'wan'\n\toption device 'eth1'\n\toption proto 'pppoe'\n${options}` },
  });
  it('of PPPoE have its MTU, and IPv6 when it is left to the peer', async () => {
    const { read } = await start(ppp("\toption ipv6 'auto'\n\toption demand '300'\n"));
    expect(await read('Device.PPP.Interface.1.')).toMatchObject({
      'PPP.Interface.1.MaxMRUSize': '1492',
      'PPP.Interface.1.CurrentMRUSize': '1492',
      'PPP.Interface.1.ConnectionTrigger': 'OnDemand',
      'PPP.Interface.1.IPv6CPEnable': 'true',
    });
    expect(await read('Device.IP.Interface.1.IPv6Enable')).toEqual({ 'IP.Interface.1.IPv6Enable': 'true' });
  });

  it('have an MTU that TR-181 can say', async () => {
    const { read } = await start({
      packages: { network: `config interface 'loopback'\n\toption device 'lo'\n\toption proto 'static'\n${lan}` },
      answers: {
        'network.device status': { lo: { mtu: 65536 } },
        'network.interface dump': { interface: [{ interface: 'loopback', l3_device: 'lo', up: true }] },
      },
    });
    expect(await read('Device.IP.Interface.*.MaxMTUSize')).toEqual({
      'IP.Interface.1.MaxMTUSize': '65535',
      'IP.Interface.2.MaxMTUSize': '1500',
    });
  });

  it('have addresses whose preference has ended', async () => {
    const { read } = await start({
      packages: { network: lan },
      answers: {
        'network.interface dump': {
          interface: [
            {
              interface: 'lan',
              up: true,
              'ipv6-address': [{ address: '2001:db8::1', mask: 64, preferred: 0, valid: 100 }],
              'ipv6-prefix': [{ address: '2001:db8:1::', mask: 48, preferred: 0, valid: 100 }],
            },
          ],
        },
      },
    });
    expect(await read('Device.IP.Interface.1.')).toMatchObject({
      'IP.Interface.1.IPv6Address.1.IPAddressStatus': 'Deprecated',
      'IP.Interface.1.IPv6Prefix.1.PrefixStatus': 'Deprecated',
    });
  });
});

describe('a bridge', () => {
  const bridge = (options: string): Device => ({
    packages: { network: `config device\n\toption name 'br-lan'\n\toption type 'bridge'\n${options}` },
  });
  const stp = 'Device.Bridging.Bridge.1.STP.';
  it('has the defaults of netifd, in TR-181’s steps', async () => {
    const { read } = await start(bridge(''));
    expect(await read(stp)).toMatchObject({
      'Bridging.Bridge.1.STP.BridgePriority': '28672',
      'Bridging.Bridge.1.STP.HelloTime': '100',
      'Bridging.Bridge.1.STP.MaxAge': '1000',
      'Bridging.Bridge.1.STP.ForwardingDelay': '8',
    });
  });

  it('takes times of whole seconds, and refuses those between', async () => {
    const { set, config } = await start(bridge(''));
    expect(await set(stp, { HelloTime: '150' })).toBe(false);
    expect(await set(stp, { HelloTime: '200' })).toBe(true);
    expect(config('network')).toContain("option hello_time '2'");
  });

  it('that is a switch of swconfig knows no spanning tree', async () => {
    const { read } = await start({ packages: { network: `config switch\n\toption name 'switch0'\n` } });
    const names = Object.keys(await read('Device.Bridging.Bridge.1.'));
    expect(names.filter((name) => name.includes('.STP.'))).toEqual([]);
  });
});

describe('the firewall', () => {
  const firewall = (text: string): Device => ({ packages: { network: lan, firewall: text } });
  const mapping = 'Device.NAT.PortMapping.1.';
  it('forwards to the port it listens on where no other is named, and both protocols are none of TR-181’s', async () => {
    const { read } = await start(
      firewall("config redirect\n\toption src 'wan'\n\toption src_dport '8443'\n\toption dest_ip '192.168.1.2'\n"),
    );
    expect(await read(mapping)).toMatchObject({
      'NAT.PortMapping.1.ExternalPort': '8443',
      'NAT.PortMapping.1.InternalPort': '8443',
      'NAT.PortMapping.1.Protocol': 'TCP',
    });
  });

  it('forwards to any port where none is wanted', async () => {
    const { set, config } = await start(
      firewall("config redirect 'r'\n\toption src 'wan'\n\toption src_dport '8443'\n\toption dest_port '443'\n"),
    );
    expect(await set(mapping, { InternalPort: '0', Protocol: 'UDP' })).toBe(true);
    expect(config('firewall')).not.toContain('dest_port');
    expect(config('firewall')).toContain("option proto 'udp'");
  });

  it('drops what nothing is said of', async () => {
    const { read } = await start(firewall('config defaults\n'));
    expect(await read('Device.Firewall.Level.1.DefaultPolicy')).toEqual({ 'Firewall.Level.1.DefaultPolicy': 'Drop' });
  });

  it('has rules with networks, protocols by name, and a log with a name', async () => {
    const { read, set, config } = await start(
      firewall(
        "config defaults\n\nconfig rule 'r'\n\toption src_ip '192.168.7.0/24'\n\toption proto 'gre'\n\toption target 'accept'\n\toption log 'seen: '\n",
      ),
    );
    const rule = 'Device.Firewall.Chain.1.Rule.1.';
    expect(await read(rule)).toMatchObject({
      [`${rule.slice(7)}SourceIP`]: '192.168.7.0',
      [`${rule.slice(7)}SourceMask`]: '/24',
      [`${rule.slice(7)}DestMask`]: '',
      [`${rule.slice(7)}Protocol`]: '47',
      [`${rule.slice(7)}Target`]: 'Accept',
      [`${rule.slice(7)}Log`]: 'true',
    });
    expect(await set(rule, { SourceIP: '192.168.8.0', DestIP: '192.0.2.1' })).toBe(true);
    expect(config('firewall')).toContain("option src_ip '192.168.8.0/24'");
    expect(config('firewall')).toContain("option dest_ip '192.0.2.1'");
  });
});

describe('other things', () => {
  it('a shaper is off at 0, and takes whole kilobits', async () => {
    const { read, set, config } = await start({
      packages: { sqm: "config queue 'wan'\n\toption enabled '1'\n\toption interface 'eth1'\n\toption upload '0'\n" },
    });
    const shaper = 'Device.QoS.Shaper.1.';
    const rate = async () => (await read(`${shaper}ShapingRate`))['QoS.Shaper.1.ShapingRate'];
    expect(await rate()).toBe('-1');
    // Percent of a rate that nobody knows.
    expect(await set(shaper, { ShapingRate: '50' })).toBe(false);
    expect(await set(shaper, { ShapingRate: '1500' })).toBe(false);
    expect(await set(shaper, { ShapingRate: '20000000' })).toBe(true);
    expect(config('sqm')).toContain("option upload '20000'");
    expect(await set(shaper, { ShapingRate: '-1' })).toBe(true);
    expect(await rate()).toBe('-1');
  });

  const ntp = (options: string) => `config timeserver 'ntp'\n${options}`;
  const hook = { 'etc/hotplug.d/ntp/25-dnsmasqsec': '#!/bin/sh\n' };
  const valid = { 'var/state/dnsmasqsec': 'ntpd says time is valid\n' };
  it.each([
    ['off', ntp("\toption enabled '0'\n\toption enable_server '1'\n"), { ...hook, ...valid }, 'Disabled', 'Down'],
    ['on and not there yet', ntp("\toption enable_server '1'\n"), hook, 'Unsynchronized', 'Up'],
    ['on and there', ntp(''), { ...hook, ...valid }, 'Synchronized', 'Down'],
    ['on, with nobody who could tell', ntp(''), {}, 'Synchronized', 'Down'],
  ])('the time, %s', async (_, system, files, status, server) => {
    const { read } = await start({ packages: { system }, files });
    expect(await read('Device.Time.')).toMatchObject({
      'Time.Status': status,
      'Time.Client.1.Status': status,
      'Time.Server.1.Status': server,
    });
  });

  it.each([
    ['x86_64', 'x86_64'],
    ['i386_pentium4', 'i386'],
    ['powerpc_464fp', 'powerpc'],
    ['aarch64_cortex-a53', 'arm'],
  ])('a processor of %s is %s', async (arch, architecture) => {
    const { read } = await start({
      packages: {},
      files: { 'etc/openwrt_release': `DISTRIB_ARCH='${arch}'\n`, 'proc/cpuinfo': 'processor : 0\n' },
    });
    expect(await read('Device.DeviceInfo.Processor.')).toMatchObject({
      'DeviceInfo.Processor.1.Architecture': architecture,
    });
  });

  it.each([
    ['/var/log/messages', 'false'],
    ['/mnt/usb/messages', 'true'],
    ['', 'false'],
  ])('a log in %j outlives a restart: %s', async (file, persistent) => {
    const log = file === '' ? '' : `\toption log_file '${file}'\n`;
    const { read } = await start({ packages: { system: `config system\n${log}` } });
    expect(await read('Device.DeviceInfo.VendorLogFile.1.Persistent')).toEqual({
      'DeviceInfo.VendorLogFile.1.Persistent': persistent,
    });
  });
});

describe('daemons that are not there', () => {
  const system = "config timeserver 'ntp'\n\tlist server 'ntp.example'\n";
  const dropbear = "config dropbear 'main'\n";
  const uhttpd = "config uhttpd 'main'\n\tlist listen_http '0.0.0.0:80'\n";
  const services = (running: readonly string[]) => ({
    'service list': Object.fromEntries(
      ['network', ...running].map((name) => [name, { instances: { instance1: { running: true } } }]),
    ),
  });
  const everything = async (running: readonly string[] | undefined): Promise<Record<string, string>> => {
    const { packages, answers } = pool("\toption ra 'server'\n\toption dhcpv6 'server'\n");
    const { read } = await start({
      packages: { ...packages, system, dropbear, uhttpd },
      answers: { ...answers, ...(running && services(running)) },
    });
    return read('Device.');
  };
  const states = [
    ['DNS.Relay.Enable', 'true', 'false'],
    ['DNS.Relay.Status', 'Enabled', 'Disabled'],
    ['DHCPv4.Server.Enable', 'true', 'false'],
    ['DHCPv4.Server.Pool.1.Status', 'Enabled', 'Error'],
    ['DHCPv6.Server.Enable', 'true', 'false'],
    ['DHCPv6.Server.Pool.1.Status', 'Enabled', 'Error'],
    ['RouterAdvertisement.Enable', 'true', 'false'],
    ['RouterAdvertisement.InterfaceSetting.1.Status', 'Enabled', 'Error'],
    ['SSH.Enable', 'true', 'false'],
    ['SSH.Status', 'Enabled', 'Disabled'],
    ['SSH.Server.1.Status', 'Enabled', 'Error'],
    ['UserInterface.Enable', 'true', 'false'],
    ['UserInterface.HTTPAccess.1.Status', 'Up', 'Down'],
    ['Time.Status', 'Synchronized', 'Unsynchronized'],
    ['Time.Client.1.Status', 'Synchronized', 'Unsynchronized'],
  ] as const;
  const some = (values: Readonly<Record<string, string>>) => states.map(([name]) => [name, values[name]]);

  it.each([
    ['run', ['dnsmasq', 'odhcpd', 'dropbear', 'uhttpd', 'sysntpd']],
    ['are what procd does not tell', undefined],
  ])('do what they are configured for while they %s', async (_, running) => {
    expect(some(await everything(running))).toEqual(states.map(([name, on]) => [name, on]));
  });

  it('do nothing, whatever their configuration says', async () => {
    const values = await everything([]);
    expect(some(values)).toEqual(states.map(([name, , off]) => [name, off]));
    expect(values).toMatchObject({ 'DSLite.Enable': 'false', 'IPv6rd.Enable': 'false' });
  });
});

describe('an order', () => {
  it('is that of the configuration, also when rows go and come back elsewhere', async () => {
    const rule = (name: string) => `config rule '${name}'\n\toption name '${name}'\n\toption target 'DROP'\n\n`;
    const one = await start({ packages: { firewall: `config defaults\n\n${rule('a')}${rule('b')}${rule('c')}` } });
    const orders = async () => Object.values(await one.read('Device.Firewall.Chain.1.Rule.*.Order'));
    expect(await orders()).toEqual(['1', '2', '3']);
    expect((await one.remove('Device.Firewall.Chain.1.Rule.1.')).result.ok).toBe(true);
    expect(await orders()).toEqual(['1', '2']);
    expect(await one.add('Device.Firewall.Chain.1.Rule.', { Target: 'Accept' })).toBe(
      'Device.Firewall.Chain.1.Rule.4.',
    );
    expect(await one.read('Device.Firewall.Chain.1.Rule.4.Order')).toEqual({ 'Firewall.Chain.1.Rule.4.Order': '3' });
  });
});

it('a VLAN that is added has a name for its device, without which netifd makes none', async () => {
  const one = await start({ packages: { network: lan } });
  expect(await one.add('Device.Ethernet.VLANTermination.', { VLANID: '7' })).toBe('Device.Ethernet.VLANTermination.1.');
  const name = (await one.read('Device.Ethernet.VLANTermination.1.Name'))['Ethernet.VLANTermination.1.Name'];
  expect(name).toMatch(/^[\w.-]{1,15}$/);
  expect(one.config('network')).toContain(`option name '${name}'`);
});
