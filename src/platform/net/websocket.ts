import type { ClientRequest, IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { type Clock, errorCode, TandemError } from '#base';
import type { HttpTls } from './http-connection.ts';
import { isTlsProblem } from './tls-problem.ts';

/** WS_CONNECT, WS_TLS, WS_REFUSED (HTTP status in the text), WS_PROTOCOL, WS_TIMEOUT */
export class WebSocketError extends TandemError {}

export interface WebSocketOptions {
  readonly url: URL;
  /** Subprotocol; the server must take it. */
  readonly protocol: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: HttpTls;
  readonly clock: Clock;
  /** Default 90 s. */
  readonly connectTimeoutMs?: number;
  /** Default 5 MiB. */
  readonly messageLimitBytes?: number;
  /** Between pings, and how long the peer may be silent after one. Default 60 s. */
  readonly pingIntervalMs?: number;
}

export interface WebSocketEvents {
  /** Can be called before `openWebSocket` has resolved. */
  readonly message: (bytes: Uint8Array) => void;
  /** Once, after a connection that stood. */
  readonly closed: (code: number, reason: string) => void;
}

export interface WebSocketLink extends Disposable {
  send(bytes: Uint8Array): void;
  close(code: number, reason: string): void;
  readonly bufferedBytes: number;
}

const defaults = { connectTimeoutMs: 90_000, messageLimitBytes: 5 << 20, pingIntervalMs: 60_000 };
/** Of a reason (RFC 6455 5.5). */
const reasonLimit = 120;

/**
 * A WebSocket connection as client (RFC 6455), TLS checked in full, binary messages only (a text frame is answered with close 1003).
 * @throws WebSocketError when the connection does not come to stand
 */
export async function openWebSocket(options: WebSocketOptions, events: WebSocketEvents): Promise<WebSocketLink> {
  const limits = { ...defaults, ...options };
  const { WebSocket: Socket } = await import('ws');
  const { ca, cert, key } = options.tls ?? {};
  const socket = new Socket(options.url, options.protocol, {
    headers: { ...options.headers },
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: limits.connectTimeoutMs,
    maxPayload: limits.messageLimitBytes,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: key.reveal() }),
  });
  // Before the connection stands: the first message can come in the same piece as the answer to the handshake.
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) events.message(data);
    else socket.close(1003, 'binary messages only');
  });
  let stood = false;
  let watchdog: Disposable | undefined;
  socket.once('open', () => {
    stood = true;
  });
  socket.once('close', (code: number, reason: Buffer) => {
    watchdog?.[Symbol.dispose]();
    if (stood) events.closed(code, reason.toString('utf8'));
  });
  socket.on('error', () => {
    // A close follows, and says why; without a listener the process would end.
  });
  await opened(socket);
  if (socket.readyState === Socket.OPEN) watchdog = keepAlive(socket, options.clock, limits.pingIntervalMs);
  return {
    send: (bytes) => socket.send(bytes),
    close: (code, reason) => socket.close(code, reason.slice(0, reasonLimit)),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    [Symbol.dispose]() {
      watchdog?.[Symbol.dispose]();
      socket.terminate();
    },
  };
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.off('error', failed);
      resolve();
    });
    const failed = (error: Error): void => reject(wrap(error));
    socket.once('error', failed);
    socket.once('unexpected-response', (request: ClientRequest, response: IncomingMessage) => {
      request.destroy();
      reject(new WebSocketError('WS_REFUSED', `the server answered ${response.statusCode}`));
    });
  });
}

function wrap(error: Error): WebSocketError {
  if (/subprotocol/i.test(error.message)) {
    return new WebSocketError('WS_PROTOCOL', 'the server does not speak the subprotocol', { cause: error });
  }
  if (/handshake has timed out/i.test(error.message)) return new WebSocketError('WS_TIMEOUT', 'no answer in time');
  if (isTlsProblem(error)) return new WebSocketError('WS_TLS', `TLS: ${error.message}`, { cause: error });
  const code = errorCode(error);
  return new WebSocketError('WS_CONNECT', `no connection (${code || error.message})`, { cause: error });
}

/** A ping now and then; a peer that has said nothing since the one before is gone. */
function keepAlive(socket: WebSocket, clock: Clock, intervalMs: number): Disposable {
  let heard = true;
  let timer: Disposable;
  const sign = (): void => {
    heard = true;
  };
  socket.on('pong', sign);
  socket.on('ping', sign);
  socket.on('message', sign);
  const arm = (): void => {
    timer = clock.timer(intervalMs, () => {
      if (!heard) {
        socket.terminate();
        return;
      }
      heard = false;
      socket.ping();
      arm();
    });
  };
  arm();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
