import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Route, RouteEvents } from './route.ts';

export interface UdsControllerOptions {
  readonly path: string;
  /** Default `connect`: the agent listens. */
  readonly mode?: 'connect' | 'listen';
}

/** A frame as it goes over the socket (TR-369 R-UDS.6 to R-UDS.11), written here once more so that the agent's mistakes are not cancelled out. */
export function udsFrame(type: number, value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  const frame = Buffer.alloc(13 + bytes.length);
  frame.write('_USP', 0, 'latin1');
  frame.writeUInt32BE(bytes.length + 5, 4);
  frame[8] = type;
  frame.writeUInt32BE(bytes.length, 9);
  bytes.copy(frame, 13);
  return frame;
}

/** At the agent's socket, or with one of its own where the agent comes to. @throws Error of Node when the socket can not be used */
export async function joinUds(options: UdsControllerOptions, events: RouteEvents): Promise<Disposable> {
  const { path, mode = 'connect' } = options;
  if (mode === 'connect') {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    speak(socket, events, true);
    return { [Symbol.dispose]: () => void socket.destroy() };
  }
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    speak(socket, events, false);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function speak(socket: Socket, events: RouteEvents, first: boolean): void {
  let rest = Buffer.alloc(0);
  let agent: string | undefined;
  let reason = 'closed';
  const route: Route = { over: 'uds', send: (record) => void socket.write(udsFrame(3, record)) };
  const take = (type: number, value: Buffer): void => {
    if (type === 1 && agent === undefined) {
      agent = value.toString();
      if (!first) socket.write(udsFrame(1, events.endpointId));
      events.connected(agent, route);
    } else if (type === 2) {
      reason = value.toString();
      socket.end();
    } else if (type === 3) events.receive(value, agent, route);
  };
  if (first) socket.write(udsFrame(1, events.endpointId));
  socket.on('data', (piece: Buffer) => {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const frame = rest.subarray(8, 8 + rest.readUInt32BE(4));
      rest = rest.subarray(8 + frame.length);
      for (let at = 0; at < frame.length; at += 5 + frame.readUInt32BE(at + 1)) {
        take(frame[at]!, frame.subarray(at + 5, at + 5 + frame.readUInt32BE(at + 1)));
      }
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (agent === undefined) events.refused(`UDS: ${reason}`);
    else events.disconnected(agent, route, reason);
  });
}
