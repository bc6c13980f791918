import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Whether somebody is on a network of this device's other than the one by which it is itself reached: a host of the LAN, seen from the WAN.
 * @param source address, without brackets
 * @param own address of ours by which we are reached; '' or one that no interface has: nobody is foreign
 */
export function isOnOtherNetwork(source: string, own: string): boolean {
  const family = isIP(source);
  if (family === 0 || isIP(own) === 0) return false;
  const interfaces = Object.entries(networkInterfaces());
  const ours = interfaces.find(([, addresses]) => addresses?.some(({ address }) => address === own))?.[0];
  if (ours === undefined) return false;
  const others = new BlockList();
  for (const [name, addresses = []] of interfaces) {
    if (name === ours) continue;
    for (const { address, cidr, family: of } of addresses) {
      const bits = Number(cidr?.split('/')[1] ?? Number.NaN);
      // A link-local prefix is that of every interface: it tells nothing.
      if (Number.isInteger(bits) && !/^fe80:/i.test(address))
        others.addSubnet(address, bits, of === 'IPv6' ? 'ipv6' : 'ipv4');
    }
  }
  return others.check(source, family === 6 ? 'ipv6' : 'ipv4');
}
