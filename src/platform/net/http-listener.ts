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
  /** What it throws is logged and answered with 500. */
  readonly answer: (request: HttpRequestSeen) => HttpAnswer | Promise<HttpAnswer>;
  readonly log: Log;
  readonly clock: Clock;
  /** Source allow-list; default: everybody. Asked before a byte is read; an IPv4 address comes as one also on a listener for IPv6. */
  readonly allows?: (remoteAddress: string) => boolean;
  readonly limits?: Partial<ListenerLimits>;
}

export interface ListenerLimits {
  /** At the same time, from everywhere and from one address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly headerBytes: number;
  /** From the connection to the end of the header, however it trickles; and as long again for the answer. */
  readonly headerTimeoutMs: number;
  /** Connections that are taken in a row, and how many more each second (token bucket): from everywhere, and from one address. */
  readonly burst: number;
  readonly perSecond: number;
  readonly burstPerAddress: number;
  readonly perSecondPerAddress: number;
}

/** One address alone can take half of everything, so that it does not shut the others out. */
const defaults: ListenerLimits = {
  connections: 16,
  connectionsPerAddress: 4,
  headerBytes: 8192,
  headerTimeoutMs: 5000,
  burst: 32,
  perSecond: 4,
  burstPerAddress: 16,
  perSecondPerAddress: 2,
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
  const admits = doorkeeper(limits, clock, options.allows);
  const open = new Map<Socket, Disposable>();
  const served = new WeakSet<Socket>();
  let dropped = 0;

  /** The one limit in time that is in force: Node's own are only looked after on a server that listens itself. */
  const endIn = (socket: Socket): void => {
    open.get(socket)?.[Symbol.dispose]();
    open.set(
      socket,
      clock.timer(limits.headerTimeoutMs, () => socket.destroy()),
    );
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    // What a client sends behind its first request is not looked at.
    if (served.has(request.socket) || request.socket.destroyed) return;
    served.add(request.socket);
    endIn(request.socket);
    void serve(request, response, options);
  };
  const http = createHttpServer({ maxHeaderSize: limits.headerBytes }, take);
  // Whoever asks whether to send the body has the answer at once, and no "100 Continue" before it.
  http.on('checkContinue', take);
  http.on('checkExpectation', take);
  // Garbage: one short answer, and gone.
  http.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  const server = createServer((socket) => {
    const address = sourceOf(socket);
    socket.on('error', () => socket.destroy());
    const leave = admits(address);
    if (!leave) {
      socket.destroy();
      // Told now and then; a line for each would be a flood of its own.
      if (dropped++ % 1000 === 0) log.warn('connections are dropped', { from: address, so_far: dropped });
      return;
    }
    endIn(socket);
    socket.once('close', () => {
      open.get(socket)?.[Symbol.dispose]();
      open.delete(socket);
      leave();
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
      for (const socket of open.keys()) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      http.close();
    },
  };
}

/** Without the prefix of an IPv4 address on a listener for IPv6 (RFC 4291 2.5.5.2); '' when the peer has gone already. */
function sourceOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

/**
 * Decides who gets in. The calls of it cost nothing that a flood could add up: an address is remembered only while it is connected or
 * has tokens to get back, and each of those has cost one of the listener's own.
 * @returns for an address that may come in what to call when it leaves
 */
function doorkeeper(
  limits: ListenerLimits,
  clock: Clock,
  allows: HttpListenerOptions['allows'],
): (address: string) => (() => void) | undefined {
  const inside = new Map<string, number>();
  let total = 0;
  const everybody: Bucket = { tokens: limits.burst, filledMs: clock.monotonicMs() };
  const spenders = new Map<string, Bucket>();
  const fill = (bucket: Bucket, burst: number, perSecond: number): void => {
    const now = clock.monotonicMs();
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledMs) / 1000) * perSecond);
    bucket.filledMs = now;
  };
  return (address) => {
    if (address === '' || allows?.(address) === false) return undefined;
    const here = inside.get(address) ?? 0;
    if (total >= limits.connections || here >= limits.connectionsPerAddress) return undefined;
    fill(everybody, limits.burst, limits.perSecond);
    for (const [spender, bucket] of spenders) {
      fill(bucket, limits.burstPerAddress, limits.perSecondPerAddress);
      if (bucket.tokens >= limits.burstPerAddress) spenders.delete(spender);
    }
    const own = spenders.get(address) ?? { tokens: limits.burstPerAddress, filledMs: clock.monotonicMs() };
    if (everybody.tokens < 1 || own.tokens < 1) return undefined;
    everybody.tokens--;
    own.tokens--;
    spenders.set(address, own);
    total++;
    inside.set(address, here + 1);
    return () => {
      total--;
      const left = (inside.get(address) ?? 1) - 1;
      if (left === 0) inside.delete(address);
      else inside.set(address, left);
    };
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, options: HttpListenerOptions): Promise<void> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
  const closing = { connection: 'close', 'content-length': '0' };
  try {
    const { status, headers: given } = await options.answer({
      method: request.method ?? '',
      target: request.url ?? '',
      headers,
      remoteAddress: sourceOf(request.socket),
    });
    response.writeHead(status, { ...given, ...closing });
  } catch (error) {
    options.log.error('a request could not be answered', { reason: explain(error) });
    response.writeHead(500, closing);
  }
  response.end(() => request.socket.destroySoon());
}
