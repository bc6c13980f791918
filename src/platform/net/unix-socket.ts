import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { errorCode, explain, type Log, TandemError } from '#base';

/** UNIX_CONNECT, UNIX_LISTEN (the path is taken or not ours), UNIX_BROKEN, UNIX_ABORTED */
export class UnixSocketError extends TandemError {}

export interface UnixStreamEvents {
  readonly data: (piece: Uint8Array) => void;
  /** Once; not when the stream was disposed of. */
  readonly closed: (error: UnixSocketError) => void;
}

/** Disposing of it cuts it. */
export interface UnixStream extends Disposable {
  /** A peer that does not read what it is sent is let go before it costs more than 16 MiB. */
  send(bytes: Uint8Array): void;
  /** Ends it when what was sent has gone. */
  end(): void;
}

export interface UnixListener extends AsyncDisposable {
  readonly path: string;
}

const unsentLimitBytes = 16 << 20;
/** At the same time. */
const connectionLimit = 64;

/** @param take called with the connection. @throws UnixSocketError */
export async function openUnixSocket(
  path: string,
  take: (stream: UnixStream) => UnixStreamEvents,
  signal?: AbortSignal,
): Promise<void> {
  if (signal?.aborted) throw new UnixSocketError('UNIX_ABORTED', 'stopped', { cause: signal.reason });
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) =>
      reject(new UnixSocketError('UNIX_CONNECT', `no connection (${errorCode(cause) ?? cause.message})`, { cause })),
    );
  });
  const stream = streamOf(socket);
  stream.begin(take(stream));
}

/**
 * A UNIX domain socket of SOCK_STREAM that only its owner can connect to. What an earlier process has left behind at the path is removed, what another one still
 * listens on is not.
 * @param take called with each connection
 * @throws UnixSocketError
 */
export async function listenUnixSocket(
  path: string,
  take: (stream: UnixStream) => UnixStreamEvents,
  log: Log,
): Promise<UnixListener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= connectionLimit) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    const stream = streamOf(socket);
    stream.begin(take(stream));
  });
  const failed = (cause: unknown): UnixSocketError =>
    new UnixSocketError('UNIX_LISTEN', `${path} can not be opened`, { cause });
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (await isLeftBehind(path)) rmSync(path);
  } catch (error) {
    throw failed(error);
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(failed(error)));
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  server.on('error', (error) => log.error('the listener has a problem', { path, reason: explain(error) }));
  return {
    path,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A socket that nobody listens on. */
async function isLeftBehind(path: string): Promise<boolean> {
  if (!statSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error) => resolve(errorCode(error) === 'ECONNREFUSED'));
  });
}

function streamOf(socket: Socket): UnixStream & { begin(events: UnixStreamEvents): void } {
  let over = false;
  let events: UnixStreamEvents | undefined;
  let cause: Error | undefined;
  socket.on('error', (error) => {
    cause = error;
  });
  socket.once('close', () => {
    if (over) return;
    over = true;
    const reason = cause ? (errorCode(cause) ?? cause.message) : 'closed by the other end';
    events?.closed(new UnixSocketError('UNIX_BROKEN', reason, { cause }));
  });
  return {
    begin(given) {
      events = given;
      socket.on('data', (piece: Buffer) => {
        if (!over) given.data(piece);
      });
    },
    send(bytes) {
      if (over || socket.writableEnded) return;
      if (socket.writableLength > unsentLimitBytes) socket.destroy(new Error('the peer does not read'));
      else socket.write(bytes);
    },
    end() {
      socket.end();
      // What else the peer sends is not looked at, and it may not keep the connection by not ending it.
      socket.once('finish', () => socket.destroy());
    },
    [Symbol.dispose]() {
      over = true;
      socket.destroy();
    },
  };
}
