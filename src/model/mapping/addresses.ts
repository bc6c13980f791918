// IPv4 arithmetic of the converters.

/** `192.168.1.1/24+100-1` is the network and an offset in it. */
function networkOf(base: string | undefined): { first: number; size: number; offset: number } | undefined {
  const [, address, length, terms] = /^([0-9.]+)\/([0-9]{1,2})((?:[+-][0-9]{1,9})*)$/.exec(base ?? '') ?? [];
  const number = address === undefined ? undefined : ipv4Number(address);
  if (number === undefined || Number(length) > 32) return undefined;
  const size = 2 ** (32 - Number(length));
  const offset = (terms!.match(/[+-][0-9]+/g) ?? []).reduce((sum, term) => sum + Number(term), 0);
  return { first: number - (number % size), size, offset };
}

function ipv4Number(text: string): number | undefined {
  const octets = text.split('.').map(Number);
  if (octets.length !== 4 || octets.some((octet) => !Number.isInteger(octet) || octet < 0 || octet > 255))
    return undefined;
  return octets.reduce((number, octet) => number * 256 + octet, 0);
}

/** The address at a position behind the offset. `undefined`: not in the network. */
export function addressAt(base: string | undefined, text: string): string | undefined {
  const network = networkOf(base);
  if (!network || !/^[0-9]{1,9}$/.test(text)) return undefined;
  const number = network.first + network.offset + Number(text);
  if (number < network.first || number >= network.first + network.size) return undefined;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** The other way round. `undefined`: not an address behind the offset in the network. */
export function positionOf(base: string | undefined, address: string): string | undefined {
  const network = networkOf(base);
  const number = ipv4Number(address);
  if (!network || number === undefined) return undefined;
  const position = number - network.first - network.offset;
  return position > 0 && number < network.first + network.size - 1 ? String(position) : undefined;
}

/** A prefix length as a dotted mask; a dotted mask stays. */
export function netmask(text: string): string | undefined {
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text)) return text;
  const length = Number(text);
  if (!/^[0-9]{1,2}$/.test(text) || length > 32) return undefined;
  const bits = length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** Of a dotted mask. `undefined`: it is none. */
export function prefixLength(mask: string): number | undefined {
  for (let length = 0; length <= 32; length++) if (netmask(String(length)) === mask) return length;
  return undefined;
}

/** Whether an IPv4 address is in `192.168.1.1/24`. */
export function isInNetwork(address: string, network: string): boolean {
  const of = networkOf(network);
  const number = ipv4Number(address);
  return of !== undefined && number !== undefined && number >= of.first && number < of.first + of.size;
}
