import type { Files } from '#platform';
import { ipv6Text } from './ipv6-text.ts';

const limit = 512;
const scopes: Readonly<Record<string, string>> = { '00': 'global', '10': 'host', '20': 'link', '40': 'site' };
/** Bits of the flags (linux/if_addr.h), the first that is set counts. */
const states = [
  [0x08, 'Duplicate'],
  [0x40, 'Tentative'],
  [0x20, 'Deprecated'],
] as const;

/** All IPv6 addresses of the device, from `/proc/net/if_inet6` (proc(5)): netifd knows only those that it has set. */
export function ipv6Addresses(files: Files): unknown[] {
  return (files.readText('/proc/net/if_inet6') ?? '').split('\n', limit).flatMap((line) => {
    const [, hex, length, scope, flags, device] =
      /^([0-9a-f]{32}) [0-9a-f]+ ([0-9a-f]{2}) ([0-9a-f]{2}) ([0-9a-f]{2,8}) +(\S+)$/.exec(line) ?? [];
    if (hex === undefined) return [];
    const octets = hex.match(/../g)!.map((octet) => Number.parseInt(octet, 16));
    const bits = Number.parseInt(flags!, 16);
    return {
      device,
      address: ipv6Text(octets),
      mask: Number.parseInt(length!, 16),
      scope: scopes[scope!] ?? scope,
      state: states.find(([bit]) => bits & bit)?.[1] ?? 'Preferred',
    };
  });
}
