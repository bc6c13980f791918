import { createSocket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';

/**
 * The address from which `host` is reached: a UDP socket is connected, nothing is sent.
 * @returns `undefined` when there is no route or no such name
 */
export async function localAddressTowards(host: string, port: number): Promise<string | undefined> {
  if (isIPv6(host)) return connectedFrom('udp6', host, port);
  // A name can be one of IPv6 only.
  return (await connectedFrom('udp4', host, port)) ?? (isIPv4(host) ? undefined : connectedFrom('udp6', host, port));
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
