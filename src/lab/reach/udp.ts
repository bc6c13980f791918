import { createSocket, type Socket } from 'node:dgram';

export interface LabAddress {
  readonly address: string;
  readonly port: number;
}

/** A UDP socket on the loopback interface. */
export async function bindLoopback(
  received: (data: Buffer, from: LabAddress) => void,
  address = '127.0.0.1',
): Promise<Socket> {
  const socket = createSocket('udp4');
  // Who has gone is told of by an error, which is of no concern here.
  socket.on('error', () => {});
  socket.on('message', (data, from) => received(data, { address: from.address, port: from.port }));
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return socket;
}

export const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(() => resolve()));
