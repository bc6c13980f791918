import { BlockList, isIP } from 'node:net';

/**
 * An allow-list of sources.
 * @param entries addresses and prefixes (`192.0.2.0/24`, `2001:db8::1`); what is neither is handed to `unusable` and allows nobody
 * @returns for an address whether it is in the list; an empty list allows everybody
 */
export function allowsAddress(
  entries: readonly string[],
  unusable: (entry: string) => void,
): (address: string) => boolean {
  if (entries.length === 0) return () => true;
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', length, ...rest] = entry.split('/');
    const family = isIP(address);
    const bits = length === undefined ? (family === 6 ? 128 : 32) : /^[0-9]{1,3}$/.test(length) ? Number(length) : -1;
    if (family === 0 || rest.length > 0 || bits < 0 || bits > (family === 6 ? 128 : 32)) unusable(entry);
    else list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}
