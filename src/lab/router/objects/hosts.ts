import type { BlobTable } from '#platform';
import { broadcastAddress, netmask } from '../addresses.ts';
import { bridges, carrier, deviceMac, deviceNames, deviceTraffic, deviceUp } from '../devices.ts';
import { interfaces } from '../interfaces.ts';
import { duidOf, ipv4Leases, ipv6Leases, leases } from '../leases.ts';
import { boardJson } from '../root-tree.ts';
import { accessPoints, radios } from '../wireless.ts';
import type { World } from '../world.ts';
import { info } from './iwinfo.ts';
import { method, numberArgument, type RouterObject } from './object.ts';
import { radioStatus } from './wireless.ts';

/** `dhcp` (odhcpd), `dnsmasq` and `luci-rpc`: who is in the home network. */
export function hostObjects(world: World): RouterObject[] {
  return [
    {
      path: 'dhcp',
      provider: 'odhcpd',
      methods: { ipv4leases: method({}, () => ipv4Leases(world)), ipv6leases: method({}, () => ipv6Leases(world)) },
    },
    {
      path: 'dnsmasq',
      provider: 'dnsmasq',
      methods: {
        metrics: method({}, () => ({
          dns_cache_inserted: 412,
          dns_cache_live_freed: 0,
          dns_queries_forwarded: 893,
          dns_auth_answered: 0,
          dns_local_answered: 127,
          dhcp_ack: leases(world).length,
          dhcp_release: 0,
          leases_allocated_4: leases(world).length,
          leases_pruned_4: 0,
          leases_allocated_6: 0,
          leases_pruned_6: 0,
        })),
      },
    },
    {
      path: 'luci-rpc',
      provider: 'rpcd',
      methods: {
        getHostHints: method({}, () => hostHints(world)),
        getDUIDHints: method({}, () =>
          Object.fromEntries(
            [...world.hosts.values()].map((h) => [duidOf(h), { tgt_mac: h.mac.toUpperCase(), name: h.name }]),
          ),
        ),
        getDHCPLeases: method({ family: 'int32' }, (args) => dhcpLeases(world, numberArgument(args, 'family') ?? 0)),
        getBoardJSON: method({}, () => boardJson(world.profile)),
        getNetworkDevices: method({}, () =>
          Object.fromEntries(deviceNames(world).map((name, i) => [name, networkDevice(world, name, i + 1)])),
        ),
        getWirelessDevices: method({}, () => wirelessDevices(world)),
      },
    },
  ];
}

function hostHints(world: World): BlobTable {
  const table: Record<string, BlobTable> = {};
  for (const host of world.hosts.values()) {
    const ipv4 = world.hostIpv4(host);
    table[host.mac.toUpperCase()] = {
      ipaddrs: ipv4 === undefined ? [] : [ipv4],
      ip6addrs: [world.hostIpv6(host)],
      name: host.name,
    };
  }
  return table;
}

function dhcpLeases(world: World, family: number): BlobTable {
  const v4 = leases(world).map(({ host, address, secondsLeft }) => ({
    expires: secondsLeft,
    hostname: host.name,
    macaddr: host.mac.toUpperCase(),
    duid: `01:${host.mac}`,
    ipaddr: address,
  }));
  const v6 = [...world.hosts.values()].map((host) => {
    const address = `fd4c:5b1e:92a7::${(0x700 + host.host).toString(16)}`;
    return {
      expires: 39596,
      hostname: host.name,
      macaddr: host.mac.toUpperCase(),
      duid: duidOf(host),
      ip6addr: address,
      ip6addrs: [address],
    };
  });
  return { ...(family !== 6 && { dhcp_leases: v4 }), ...(family !== 4 && { dhcp6_leases: v6 }) };
}

function networkDevice(world: World, name: string, ifindex: number): BlobTable {
  const t = deviceTraffic(world, name);
  const members = bridges(world).get(name);
  const wireless = accessPoints(world).some((ap) => ap.ifname === name);
  const addresses = interfaces(world).filter((i) => i.up && i.l3Device === name);
  return {
    name,
    ...(members && {
      bridge: true,
      ports: members,
      id: `7fff.${deviceMac(world, name).replaceAll(':', '')}`,
      stp: false,
    }),
    wireless,
    up: deviceUp(world, name),
    mtu: 1500,
    qlen: 1000,
    devtype: wireless
      ? 'wlan'
      : members
        ? 'bridge'
        : world.profile.lanPorts.includes(name) || name === 'wan'
          ? 'dsa'
          : 'ethernet',
    ipaddrs: addresses.flatMap((i) =>
      i.ipv4.map((a) => {
        const address = { address: String(a.address), mask: Number(a.mask) };
        return { address: address.address, netmask: netmask(address.mask), broadcast: broadcastAddress(address) };
      }),
    ),
    ip6addrs: addresses.flatMap((i) =>
      i.ipv6.map((a) => ({ address: String(a.address), netmask: `ffff:ffff:ffff:ffff::` })),
    ),
    mac: deviceMac(world, name).toUpperCase(),
    type: name === 'lo' ? 772 : 1,
    ifindex,
    stats: {
      rx_bytes: t.rxBytes,
      tx_bytes: t.txBytes,
      rx_packets: t.rxPackets,
      tx_packets: t.txPackets,
      rx_errors: 0,
      tx_errors: 0,
      rx_dropped: 0,
      tx_dropped: 0,
      multicast: 0,
      collisions: 0,
    },
    flags: {
      up: deviceUp(world, name),
      broadcast: true,
      promisc: false,
      loopback: name === 'lo',
      noarp: false,
      multicast: true,
      pointtopoint: false,
    },
    link: {
      speed: carrier(world, name) ? 1000 : -1,
      duplex: 'full',
      carrier: carrier(world, name),
      changes: 2,
      up_count: 1,
      down_count: 1,
    },
  };
}

function wirelessDevices(world: World): BlobTable {
  const table: Record<string, BlobTable> = {};
  for (const radio of radios(world)) {
    const plain = radioStatus(radio);
    table[radio.section.name] = {
      ...plain,
      interfaces: (plain.interfaces as readonly BlobTable[]).map((entry) => {
        const ap = accessPoints(world).find((candidate) => candidate.ifname === entry.ifname);
        return ap === undefined ? entry : { ...entry, iwinfo: info(world, ap) };
      }),
    };
  }
  return table;
}
