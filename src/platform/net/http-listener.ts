import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type Clock, explain, type Log, TandemError } from '#base';

/** LISTEN_FAILED: the port is taken or not ours to open. */
export class ListenError extends TandemError {}

export interface HttpRequestSeen {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface HttpListenerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly answer: (request: HttpRequestSeen) => HttpAnswer;
  readonly log: Log;
  readonly clock: Clock;
  /** Source allow-list; default: everybody. Asked before a byte is read. */
  readonly allows?: (remoteAddress: string) => boolean;
  readonly limits?: Partial<ListenerLimits>;
}

export interface ListenerLimits {
  /** At the same time, from everywhere and from one address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly headerBytes: number;
  /** From the connection to the end of the header, however slowly it trickles. */
  readonly headerTimeoutMs: number;
  /** Connections that are taken in a row, and how many more each second (token bucket). */
  readonly burst: number;
  readonly perSecond: number;
}

const defaults: ListenerLimits = {
  connections: 16,
  connectionsPerAddress: 4,
  headerBytes: 8192,
  headerTimeoutMs: 5000,
  burst: 32,
  perSecond: 4,
};

export interface HttpListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * A small HTTP server for those who only knock: one request for each connection, no body is ever read. Who is too many is dropped before
 * anything of HTTP is looked at, so that a flood costs an accept and no more.
 * @throws ListenError
 */
export async function listenHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const { clock, log } = options;
  const limits: ListenerLimits = { ...defaults, ...options.limits };
  const perAddress = new Map<string, number>();
  const open = new Set<Socket>();
  const served = new WeakSet<Socket>();
  let tokens = limits.burst;
  let filledMs = clock.monotonicMs();
  let dropped = 0;

  const http = createHttpServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headerTimeoutMs,
      requestTimeout: limits.headerTimeoutMs,
      connectionsCheckingInterval: Math.max(100, limits.headerTimeoutMs / 5),
      keepAliveTimeout: 1,
    },
    (request, response) => {
      // What a client sends behind its first request is not looked at.
      if (served.has(request.socket)) return;
      served.add(request.socket);
      serve(request, response, options);
    },
  );
  // Garbage: one short answer, and gone.
  http.on('clientError', (_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'));

  const takes = (address: string): boolean => {
    const now = clock.monotonicMs();
    tokens = Math.min(limits.burst, tokens + ((now - filledMs) / 1000) * limits.perSecond);
    filledMs = now;
    if (options.allows?.(address) === false) return false;
    if (open.size >= limits.connections) return false;
    if ((perAddress.get(address) ?? 0) >= limits.connectionsPerAddress || tokens < 1) return false;
    tokens--;
    return true;
  };
  const server = createServer((socket) => {
    const address = socket.remoteAddress ?? '';
    socket.on('error', () => socket.destroy());
    if (!takes(address)) {
      socket.destroy();
      // Told now and then; a line for each would be a flood of its own.
      if (dropped++ % 1000 === 0) log.warn('connections are dropped', { from: address, so_far: dropped });
      return;
    }
    open.add(socket);
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1);
    const deadline = clock.timer(limits.headerTimeoutMs * 2, () => socket.destroy());
    socket.once('close', () => {
      deadline[Symbol.dispose]();
      open.delete(socket);
      const left = (perAddress.get(address) ?? 1) - 1;
      if (left === 0) perAddress.delete(address);
      else perAddress.set(address, left);
    });
    http.emit('connection', socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new ListenError('LISTEN_FAILED', `port ${options.port} can not be opened`, { cause: error })),
    );
    server.listen(options.port, options.host, resolve);
  });
  server.on('error', (error) => log.error('the listener has a problem', { reason: explain(error) }));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      http.close();
    },
  };
}

function serve(request: IncomingMessage, response: ServerResponse, options: HttpListenerOptions): void {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
  const { status, headers: given } = options.answer({
    method: request.method ?? '',
    target: request.url ?? '',
    headers,
    remoteAddress: request.socket.remoteAddress ?? '',
  });
  response.writeHead(status, { ...given, connection: 'close', 'content-length': '0' });
  response.end(() => request.socket.destroySoon());
}
