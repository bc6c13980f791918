import type { BlobTable } from '#platform';
import { option } from './addresses.ts';
import type { Host, World } from './world.ts';

/** A DHCPv4 lease that dnsmasq gave. */
export interface Lease {
  readonly host: Host;
  readonly address: string;
  readonly secondsLeft: number;
}

const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };

/** `12h`, `30m`, `3600`, `infinite`. */
function leaseSeconds(text: string): number {
  const match = /^(\d+)([smhd]?)$/.exec(text);
  return match === null ? 43200 : Number(match[1]) * (units[match[2] ?? ''] ?? 1);
}

export function leases(world: World): Lease[] {
  const found: Lease[] = [];
  for (const host of world.hosts.values()) {
    const address = world.hostIpv4(host);
    const pool = world.sections('dhcp', 'dhcp').find((s) => option(s, 'interface') === world.networkOf(host));
    if (address === undefined || pool === undefined || option(pool, 'ignore') === '1') continue;
    const whole = leaseSeconds(option(pool, 'leasetime') ?? '12h');
    // A client renews at half of the time: what is left lies between a half and the whole.
    const age = ((world.clock.monotonicMs() - host.joinedAtMs) / 1000 + host.host * 61) % (whole / 2);
    found.push({ host, address, secondsLeft: Math.floor(whole - age) });
  }
  return found;
}

/** The lease file of dnsmasq. */
export function leaseFile(world: World): string {
  const now = Math.floor(world.clock.now() / 1000);
  return leases(world)
    .map(
      ({ host, address, secondsLeft }) => `${now + secondsLeft} ${host.mac} ${address} ${host.name} 01:${host.mac}\n`,
    )
    .join('');
}

export const duidOf = (host: Host): string => `0001000125a3304c${host.mac.replaceAll(':', '')}`;

export function ipv4Leases(world: World): BlobTable {
  const byDevice: Record<string, { leases: BlobTable[] }> = {};
  for (const { host, address, secondsLeft } of leases(world)) {
    const device = world.networkOf(host) === 'guest' ? 'br-guest' : 'br-lan';
    byDevice[device] ??= { leases: [] };
    byDevice[device].leases.push({
      mac: host.mac.replaceAll(':', ''),
      hostname: host.name,
      'accept-reconf': false,
      flags: ['bound'],
      address,
      valid: secondsLeft,
    });
  }
  return { device: byDevice };
}

export function ipv6Leases(world: World): BlobTable {
  const entries = [...world.hosts.values()]
    .filter((host) => world.networkOf(host) === 'lan')
    .map((host) => ({
      duid: duidOf(host),
      iaid: 1,
      hostname: host.name,
      'accept-reconf': true,
      assigned: 0x700 + host.host,
      flags: ['bound'],
      'ipv6-addr': [
        {
          address: `fd4c:5b1e:92a7::${(0x700 + host.host).toString(16)}`,
          'preferred-lifetime': -1,
          'valid-lifetime': -1,
        },
      ],
      // The NAS routes a network of its own behind it.
      ...(host.name === 'nas' && {
        'ipv6-prefix': [
          { address: '2001:db8:100:f0::', 'prefix-length': 60, 'preferred-lifetime': 43_200, 'valid-lifetime': 86_400 },
        ],
      }),
      valid: 39596,
    }));
  return { device: { 'br-lan': { leases: entries } } };
}
