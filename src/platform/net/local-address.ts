import { createSocket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The address from which `host` is reached: a UDP socket is connected, nothing is sent.
 * @param family that comes first where a name has both; connections are opened over IPv6 first
 * @returns `undefined` when there is no route or no such name
 */
export async function localAddressTowards(host: string, port: number, family: 4 | 6 = 6): Promise<string | undefined> {
  if (isIPv6(host)) return connectedFrom('udp6', host, port);
  if (isIPv4(host)) return connectedFrom('udp4', host, port);
  const [first, second] = family === 6 ? (['udp6', 'udp4'] as const) : (['udp4', 'udp6'] as const);
  return (await connectedFrom(first, host, port)) ?? (await connectedFrom(second, host, port));
}

function connectedFrom(type: 'udp4' | 'udp6', host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    const done = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done(undefined));
    socket.connect(port, host, () => done(socket.address().address));
  });
}
