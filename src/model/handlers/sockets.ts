import type { Files } from '#platform';

const states: Readonly<Record<string, string>> = { '01': 'ESTABLISHED', '0A': 'LISTEN' };
const socketLimit = 512;

/** TCP sockets that listen or are connected, from `/proc/net/tcp` and `tcp6` (proc(5)). */
export function sockets(files: Files): unknown[] {
  const found: unknown[] = [];
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (files.readText(file) ?? '').split('\n').slice(1)) {
      const [, local, remote, code] = line.trim().split(/\s+/);
      const status = states[code ?? ''];
      const from = endOf(local);
      const to = endOf(remote);
      if (!status || !from || !to || found.length >= socketLimit) continue;
      const listening = status === 'LISTEN';
      found.push({
        localAddress: from.address,
        localPort: from.port,
        remoteAddress: listening ? '' : to.address,
        remotePort: listening ? 0 : to.port,
        status,
      });
    }
  }
  return found;
}

/** `0101A8C0:0016`: the address word by word in the byte order of the machine, which is little endian on all of OpenWrt's that run Node. */
function endOf(text: string | undefined): { address: string; port: number } | undefined {
  const [, hex, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(text ?? '') ?? [];
  if (hex === undefined) return undefined;
  const octets = hex.match(/.{8}/g)!.flatMap((word) =>
    word
      .match(/../g)!
      .reverse()
      .map((octet) => Number.parseInt(octet, 16)),
  );
  return { address: octets.length === 4 ? octets.join('.') : ipv6(octets), port: Number.parseInt(port!, 16) };
}

/** RFC 5952 section 4.2: the first of the longest runs of zero groups is shortened, when it is of two at least. */
function ipv6(octets: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => (octets[2 * i]! << 8) | octets[2 * i + 1]!);
  let best = { from: 0, length: 1 };
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.from))}::${hex(groups.slice(best.from + best.length))}`;
}
