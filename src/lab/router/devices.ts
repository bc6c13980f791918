import type { BlobTable } from '#platform';
import { enabled, option, values } from './addresses.ts';
import { deviceStatistics, noTraffic, traffic } from './counters.ts';
import { accessPoints } from './wireless.ts';
import type { World } from './world.ts';

/** Bridges of the configuration with their members, the access points of their networks included. */
export function bridges(world: World): ReadonlyMap<string, readonly string[]> {
  return world.derived('bridges', () => deriveBridges(world));
}

function deriveBridges(world: World): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const section of world.sections('network', 'device')) {
    const name = option(section, 'name');
    if (name === undefined || option(section, 'type') !== 'bridge') continue;
    const networks = world
      .sections('network', 'interface')
      .filter((s) => option(s, 'device') === name)
      .map((s) => s.name);
    const wireless = accessPoints(world)
      .filter((ap) => values(ap.network.section, 'network').some((network) => networks.includes(network)))
      .map((ap) => ap.ifname);
    found.set(name, [...values(section, 'ports').filter((port) => devicesOfBoard(world).includes(port)), ...wireless]);
  }
  return found;
}

const devicesOfBoard = (world: World): string[] => ['wan', ...world.profile.lanPorts];

export function deviceNames(world: World): string[] {
  return [
    ...[...bridges(world).keys()],
    'eth0',
    ...world.profile.lanPorts,
    'lo',
    ...accessPoints(world).map((ap) => ap.ifname),
    'wan',
    'wwan0',
  ];
}

export function deviceUp(world: World, name: string): boolean {
  if (name === 'lo' || name === 'eth0') return true;
  if (devicesOfBoard(world).includes(name)) return true;
  if (name === 'wwan0') return world.modem.registered;
  return bridges(world).has(name) || accessPoints(world).some((ap) => ap.ifname === name);
}

export function carrier(world: World, name: string): boolean {
  if (devicesOfBoard(world).includes(name)) return world.cables.has(name);
  const members = bridges(world).get(name);
  if (members !== undefined) return members.some((member) => carrier(world, member));
  return deviceUp(world, name);
}

export function deviceTraffic(world: World, name: string) {
  const boardPort = devicesOfBoard(world).includes(name);
  if (boardPort && !world.cables.has(name)) return noTraffic;
  return traffic(name, world.uptimeSeconds);
}

export function deviceMac(world: World, name: string): string {
  const ap = accessPoints(world).find((candidate) => candidate.ifname === name);
  if (ap !== undefined) return ap.network.bssid;
  if (name === 'lo') return '00:00:00:00:00:00';
  const own = world.sections('network', 'device').find((section) => option(section, 'name') === name);
  return option(own, 'macaddr') ?? world.macOf(name);
}

const linkModes = ['10baseT-H', '10baseT-F', '100baseT-H', '100baseT-F', '1000baseT-F'];

/** One entry of `network.device status`. */
export function deviceStatus(world: World, name: string): BlobTable {
  const port = devicesOfBoard(world).includes(name);
  const members = bridges(world).get(name);
  const ap = accessPoints(world).some((candidate) => candidate.ifname === name);
  const linked = carrier(world, name);
  const own = world.sections('network', 'device').find((section) => option(section, 'name') === name);
  const mtu = Number(option(own, 'mtu') ?? (name === 'lo' ? 65536 : name === 'eth0' ? 1504 : 1500));
  return {
    external: ap,
    present: true,
    type: members === undefined ? 'Network device' : 'bridge',
    up: deviceUp(world, name),
    carrier: linked,
    auth_status: false,
    ...(members && {
      'bridge-members': members,
      'bridge-attributes': {
        stp: enabled(own, 'stp'),
        forward_delay: 2,
        priority: 32767,
        ageing_time: 300,
        hello_time: 2,
        max_age: 20,
        igmp_snooping: enabled(own, 'igmp_snooping'),
        bridge_empty: enabled(own, 'bridge_empty'),
        multicast_querier: false,
        hash_max: 512,
        robustness: 2,
        query_interval: 12500,
        query_response_interval: 1000,
        last_member_interval: 100,
        vlan_filtering: enabled(own, 'vlan_filtering'),
        stp_kernel: false,
        stp_proto: '',
      },
    }),
    ...(port && {
      'link-advertising': linkModes,
      'link-partner-advertising': linked ? linkModes : [],
      'link-supported': linkModes,
      ...(linked && { speed: '1000F' }),
      autoneg: true,
      'flow-control': {
        autoneg: true,
        supported: ['pause', 'asym-pause'],
        'link-advertising': ['pause', 'asym-pause'],
        'link-partner-advertising': linked ? ['pause', 'asym-pause'] : [],
        negotiated: linked ? ['rx', 'tx'] : [],
      },
    }),
    'hw-tc-offload': false,
    devtype:
      name === 'lo'
        ? 'loopback'
        : port
          ? 'dsa'
          : members !== undefined
            ? 'bridge'
            : ap
              ? 'wlan'
              : name === 'wwan0'
                ? 'wwan'
                : 'ethernet',
    ...(port && { conduit: 'eth0' }),
    mtu,
    mtu6: mtu,
    macaddr: deviceMac(world, name),
    txqueuelen: 1000,
    ipv6: true,
    ip6segmentrouting: false,
    promisc: false,
    rpfilter: 0,
    acceptlocal: false,
    igmpversion: 0,
    mldversion: 0,
    neigh4reachabletime: 30000,
    neigh6reachabletime: 30000,
    neigh4gcstaletime: 60,
    neigh6gcstaletime: 60,
    neigh4locktime: 100,
    dadtransmits: 1,
    multicast: true,
    sendredirects: true,
    drop_v4_unicast_in_l2_multicast: false,
    drop_v6_unicast_in_l2_multicast: false,
    drop_gratuitous_arp: false,
    drop_unsolicited_na: false,
    arp_accept: false,
    gro: true,
    statistics: deviceStatistics(deviceTraffic(world, name), name),
  };
}
