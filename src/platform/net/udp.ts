import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import { explain, type Log, TandemError } from '#base';

/** UDP_OPEN: the port is taken or not ours to open. UDP_RESOLVE: no such name, or no name server that answers. */
export class UdpError extends TandemError {}

export interface UdpPeer {
  /** An address, never a name; without brackets. */
  readonly address: string;
  readonly port: number;
}

export interface UdpOptions {
  readonly family: 4 | 6;
  /** Where to listen; default: everywhere. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port: number;
  /** Called for each datagram; it must not throw. */
  readonly received: (data: Uint8Array, from: UdpPeer) => void;
  readonly log: Log;
}

export interface UdpSocket extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the kernel has it. What can not be sent is lost like any other datagram. */
  send(data: Uint8Array, to: UdpPeer): Promise<void>;
}

/** @throws UdpError UDP_OPEN */
export async function openUdp({ family, host, port, received, log }: UdpOptions): Promise<UdpSocket> {
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', ipv6Only: family === 6 });
  socket.on('message', (data, from) => received(data, { address: from.address, port: from.port }));
  await new Promise<void>((resolve, reject) => {
    const failed = (error: Error): void => {
      socket.close();
      reject(new UdpError('UDP_OPEN', `UDP port ${port} can not be opened`, { cause: error }));
    };
    socket.once('error', failed);
    socket.bind({ port, ...(host !== undefined && { address: host }) }, () => {
      socket.off('error', failed);
      socket.on('error', (error) => log.debug('a UDP socket has a problem', { reason: explain(error) }));
      resolve();
    });
  });
  // Waiting for datagrams does not keep the process alive by itself.
  socket.unref();
  let open = true;
  return {
    port: socket.address().port,
    send(data, to) {
      if (!open) return Promise.resolve();
      return new Promise((resolve) => {
        socket.send(data, to.port, to.address, (error) => {
          if (error) log.debug('a datagram could not be sent', { to: to.address, reason: explain(error) });
          resolve();
        });
      });
    },
    [Symbol.asyncDispose]() {
      if (!open) return Promise.resolve();
      open = false;
      return new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Every address of a host, in the order of the system's resolver.
 * @param host name or address; an IPv6 address may have brackets
 * @throws UdpError UDP_RESOLVE
 */
export async function resolveHost(host: string): Promise<readonly HostAddress[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  const literal = isIP(bare);
  if (literal !== 0) return [{ address: bare, family: literal === 6 ? 6 : 4 }];
  try {
    // Loaded when it is needed: it brings modules along that an idle agent has no use for.
    const { lookup } = await import('node:dns/promises');
    const found = await lookup(bare, { all: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  } catch (error) {
    throw new UdpError('UDP_RESOLVE', `'${bare}' has no address`, { cause: error });
  }
}
