import type { UciSection } from '#platform';

export interface Ipv4Address {
  readonly address: string;
  readonly mask: number;
}

const toNumber = (address: string): number | undefined => {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return ((parts[0]! << 24) | (parts[1]! << 16) | (parts[2]! << 8) | parts[3]!) >>> 0;
};
export const toDotted = (n: number): string => [24, 16, 8, 0].map((shift) => (n >>> shift) & 0xff).join('.');
export const netmask = (bits: number): string => toDotted(bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0);

/** `option ipaddr` of an interface: one address with `netmask`, or a list in CIDR notation. */
export function staticAddresses(section: UciSection): Ipv4Address[] {
  const mask = toNumber(option(section, 'netmask') ?? '255.255.255.255') ?? 0xffff_ffff;
  const found: Ipv4Address[] = [];
  for (const text of values(section, 'ipaddr')) {
    const [address = '', bits] = text.split('/');
    if (toNumber(address) === undefined) continue;
    const length = bits === undefined ? popCount(mask) : Number(bits);
    if (Number.isInteger(length) && length >= 0 && length <= 32) found.push({ address, mask: length });
  }
  return found;
}

/** `target` of a route with its `netmask`, as netifd tells it. */
export function routeTarget(section: UciSection, anywhere: string): { target: string; mask: number } {
  const [target = anywhere, bits] = (option(section, 'target') ?? anywhere).split('/');
  const mask = toNumber(option(section, 'netmask') ?? '');
  const whole = target.includes(':') ? 128 : 32;
  return { target, mask: bits === undefined ? (mask === undefined ? whole : popCount(mask)) : Number(bits) };
}

/** The address of host number `host` in the network of `network`. */
export function hostAddress(network: Ipv4Address, host: number): string {
  const base = toNumber(network.address) ?? 0;
  const mask = toNumber(netmask(network.mask)) ?? 0;
  return toDotted((((base & mask) >>> 0) + host) >>> 0);
}

export function broadcastAddress(network: Ipv4Address): string {
  const mask = toNumber(netmask(network.mask)) ?? 0;
  return toDotted(((toNumber(network.address) ?? 0) | ~mask) >>> 0);
}

function popCount(n: number): number {
  let count = 0;
  for (let rest = n; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The lower half of the link-local address of a MAC address (RFC 4291 appendix A), octet by octet. */
export function interfaceIdentifier(mac: string): number[] {
  const [first = 0, ...octets] = mac.split(':').map((text) => Number.parseInt(text, 16));
  return [first ^ 2, ...octets.slice(0, 2), 0xff, 0xfe, ...octets.slice(2)];
}

/** The option as one text; of a list the first item. */
export function option(section: UciSection | undefined, name: string): string | undefined {
  const value = section?.options.get(name);
  return typeof value === 'object' ? value[0] : value;
}

/** The option as a list: a list as it is, a text split at blanks. */
export function values(section: UciSection | undefined, name: string): string[] {
  const value = section?.options.get(name);
  if (value === undefined) return [];
  return typeof value === 'string' ? value.split(/\s+/).filter((text) => text !== '') : [...value];
}

/** UCI's notion of a boolean. */
export const enabled = (section: UciSection | undefined, name: string): boolean =>
  ['1', 'yes', 'on', 'true', 'enabled'].includes(option(section, name) ?? '');
