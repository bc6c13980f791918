import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/**
 * The address from which `host` is reached: a UDP socket is connected, nothing is sent.
 * @returns `undefined` when there is no route or no such name
 */
export function localAddressTowards(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const done = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done(undefined));
    socket.connect(port, host, () => done(socket.address().address));
  });
}
