import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TLSSocket } from 'node:tls';
import { type Clock, explain, type Log, TandemError } from '#base';
import type { HttpTls } from './http-request.ts';
import { tlsContext } from './tls-trust.ts';
import { hearMessages, linkOf, receiving, type WebSocketEvents, type WebSocketLink } from './websocket-link.ts';

/** WS_LISTEN: the port is taken or not ours to open; WS_TRUST: there is no certificate of our own, or nobody whose clients are to be trusted. */
export class WebSocketServerError extends TandemError {}

export interface WebSocketRequest {
  /** Path and query, as sent. */
  readonly target: string;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** `subjectAltName` of the client's certificate, which is one that we trust, as type and value: `URI`, `DNS`. `undefined`: without TLS. */
  readonly certificateNames: readonly (readonly [type: string, value: string])[] | undefined;
}

/** What the handshake is answered with. */
export type WebSocketAdmission =
  | {
      readonly admitted: true;
      readonly headers?: Readonly<Record<string, string>>;
      /** Called once, when the connection stands. */
      readonly accept: (link: WebSocketLink) => WebSocketEvents;
    }
  | { readonly admitted: false; readonly status: number; readonly reason: string };

export interface WebSocketServerOptions {
  /** `::` takes IPv4 too. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Subprotocol; who does not offer it is refused. */
  readonly protocol: string;
  /** Own certificate, and the authority of the clients'; each client must have one. Absent: no TLS. */
  readonly tls?: HttpTls;
  readonly admit: (request: WebSocketRequest) => WebSocketAdmission | Promise<WebSocketAdmission>;
  readonly clock: Clock;
  readonly log: Log;
  readonly pingIntervalMs?: number;
  readonly pongTimeoutMs?: number;
  readonly limits?: Partial<WebSocketServerLimits>;
}

export interface WebSocketServerLimits {
  /** At the same time, in the handshake or standing: from everywhere, and from one address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** From the connection to the end of the handshake, TLS and HTTP together. */
  readonly handshakeMs: number;
  readonly headerBytes: number;
  readonly messageBytes: number;
  readonly unsentLimitBytes: number;
}

const defaults: WebSocketServerLimits = {
  connections: 32,
  connectionsPerAddress: 8,
  handshakeMs: 10_000,
  headerBytes: 8192,
  messageBytes: 5 << 20,
  unsentLimitBytes: 16 << 20,
};

/** For the close frames of the clients when the server ends. */
const partingMs = 1000;

export interface WebSocketListener extends AsyncDisposable {
  readonly port: number;
}

/**
 * A WebSocket server (RFC 6455) for few, known clients. Whoever is too many, too slow or unknown is gone before a WebSocket exists.
 * @throws WebSocketServerError
 */
export async function listenWebSocket(options: WebSocketServerOptions): Promise<WebSocketListener> {
  const limits = { ...defaults, ...options.limits };
  const { clock, log } = options;
  const { WebSocketServer } = await import('ws');
  const sockets = new WebSocketServer({
    noServer: true,
    ...receiving,
    maxPayload: limits.messageBytes,
    clientTracking: true,
    handleProtocols: (offered) => (offered.has(options.protocol) ? options.protocol : false),
  });
  const http = createHttpServer({ maxHeaderSize: limits.headerBytes }, (_, response) => {
    response.writeHead(426, { connection: 'close', upgrade: 'websocket', 'content-length': '0' }).end();
  });
  http.on('clientError', (_, stream) => refuse(stream as Socket, 400));
  /** By the peer's address and port: what TLS makes of a connection is another stream. */
  const open = new Map<
    string,
    { readonly stream: Socket; readonly address: string; deadline: Disposable | undefined }
  >();
  let dropped = 0;
  /** Who is too many is dropped before a byte is read, so that a flood costs an accept and no more. */
  const count = (stream: Socket): boolean => {
    const address = addressOf(stream.remoteAddress);
    const key = keyOf(stream);
    stream.on('error', () => stream.destroy());
    const here = [...open.values()].filter((one) => one.address === address).length;
    if (address === '' || open.size >= limits.connections || here >= limits.connectionsPerAddress) {
      stream.destroy();
      // Told now and then; a line for each would be a flood of its own.
      if (dropped++ % 1000 === 0) log.warn('connections are dropped', { from: address, so_far: dropped });
      return false;
    }
    open.set(key, { stream, address, deadline: clock.timer(limits.handshakeMs, () => stream.destroy()) });
    stream.once('close', () => {
      open.get(key)?.deadline?.[Symbol.dispose]();
      open.delete(key);
    });
    return true;
  };
  http.on('upgrade', (request, stream: Socket, head) => {
    void upgrade(request, stream, head).catch((error) => {
      log.error('a connection could not be taken', { reason: explain(error) });
      stream.destroy();
    });
  });
  const upgrade = async (request: IncomingMessage, stream: Socket, head: Buffer): Promise<void> => {
    const seen = seenOf(request, stream, options.tls !== undefined);
    // R-WS.12a
    if (!protocolsOf(seen).includes(options.protocol)) {
      refuse(stream, 400);
      return;
    }
    const admission = await options.admit(seen);
    if (!admission.admitted) {
      log.warn('a connection was refused', { from: seen.remoteAddress, reason: admission.reason });
      refuse(stream, admission.status);
      return;
    }
    if (stream.destroyed) return;
    extra.set(request, admission.headers ?? {});
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const taken = open.get(keyOf(stream));
      taken?.deadline?.[Symbol.dispose]();
      if (taken) taken.deadline = undefined;
      let events: WebSocketEvents | undefined;
      // Its messages come in later turns: nothing is lost until there is somebody to hear them.
      hearMessages(socket, (bytes) => events?.message(bytes));
      socket.once('close', (code: number, reason: Buffer) => events?.closed(code, reason.toString('utf8')));
      const { pingIntervalMs = 60_000, pongTimeoutMs } = options;
      const keeping = { pingIntervalMs, ...(pongTimeoutMs !== undefined && { pongTimeoutMs }) };
      const { unsentLimitBytes } = limits;
      events = admission.accept(
        linkOf({ socket, stream, headers: request.headers, clock, ...keeping, unsentLimitBytes }),
      );
    });
  };
  const extra = new WeakMap<IncomingMessage, Readonly<Record<string, string>>>();
  sockets.on('headers', (headers, request) => {
    for (const [name, value] of Object.entries(extra.get(request) ?? {})) headers.push(`${name}: ${value}`);
  });
  const secure = options.tls && secureServer(options.tls);
  const server = createServer((stream) => {
    if (count(stream)) (secure ?? http).emit('connection', stream);
  });
  secure?.on('secureConnection', (stream: TLSSocket) => {
    stream.on('error', () => stream.destroy());
    http.emit('connection', stream);
  });
  secure?.on('tlsClientError', (error: Error, stream: TLSSocket) => {
    log.info('a connection was refused', { from: stream.remoteAddress ?? '', reason: `TLS: ${error.message.trim()}` });
    stream.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new WebSocketServerError('WS_LISTEN', `port ${options.port} can not be opened`, { cause: error })),
    );
    server.listen(options.port, options.host, resolve);
  });
  server.on('error', (error) => log.error('the listener has a problem', { reason: explain(error) }));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      http.close();
      // What was said last still goes out.
      for (const socket of sockets.clients) socket.close(1001, 'the agent stops');
      for (const { stream, deadline } of open.values()) if (deadline) stream.destroy();
      const deadline = clock.timer(partingMs, () => {
        for (const { stream } of open.values()) stream.destroy();
      });
      await closed;
      deadline[Symbol.dispose]();
    },
  };
}

/** Mutual TLS, checked in full by Node; there is no way to do without the client's certificate (R-MTP.1). */
function secureServer(tls: HttpTls): Server {
  if (tls.ca === undefined || tls.cert === undefined || tls.key === undefined) {
    throw new WebSocketServerError(
      'WS_TRUST',
      'encryption needs a certificate of the device and an authority to trust',
    );
  }
  return createSecureServer({ ...tlsContext(tls), requestCert: true, rejectUnauthorized: true });
}

/** Without the prefix of an IPv4 address on a listener for IPv6 (RFC 4291 2.5.5.2); '' when the peer has gone already. */
const addressOf = (address: string | undefined): string => (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
const keyOf = (stream: Socket): string => `${stream.remoteAddress} ${stream.remotePort}`;

function seenOf(request: IncomingMessage, stream: Socket, secure: boolean): WebSocketRequest {
  return {
    target: request.url ?? '',
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : `${value}`,
      ]),
    ),
    remoteAddress: addressOf(stream.remoteAddress),
    localAddress: addressOf(stream.localAddress),
    certificateNames: secure ? namesOf((stream as TLSSocket).getPeerCertificate()?.subjectaltname) : undefined,
  };
}

/** Node's text form: `URI:urn:x, DNS:"with, a comma"`. */
function namesOf(text: string | undefined): [string, string][] {
  return [...(text ?? '').matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(
    ([, type = '', value = '']) => [type, value.startsWith('"') ? (JSON.parse(value) as string) : value],
  );
}

const protocolsOf = ({ headers }: WebSocketRequest): string[] =>
  (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());

const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  503: 'Service Unavailable',
};

function refuse(stream: Socket, status: number): void {
  if (!stream.writable) {
    stream.destroy();
    return;
  }
  stream.end(`HTTP/1.1 ${status} ${phrases[status] ?? 'Refused'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  stream.destroySoon();
}
