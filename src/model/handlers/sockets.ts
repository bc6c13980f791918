import type { Files } from '#platform';
import { ipv6Text } from './ipv6-text.ts';

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
  return { address: octets.length === 4 ? octets.join('.') : ipv6Text(octets), port: Number.parseInt(port!, 16) };
}
