import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket as Stream } from 'node:net';
import type { WebSocket } from 'ws';
import { type Clock, errorCode, TandemError } from '#base';
import type { HttpTls } from './http-request.ts';
import { isTlsProblem } from './tls-problem.ts';

/** WS_CONNECT, WS_TLS, WS_REFUSED (HTTP status in the text), WS_PROTOCOL, WS_TIMEOUT, WS_ABORTED */
export class WebSocketError extends TandemError {}

export interface WebSocketOptions {
  readonly url: URL;
  /** Subprotocol; the server must take it. */
  readonly protocol: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: HttpTls;
  readonly clock: Clock;
  /** Until the connection stands, in all. Default 90 s. */
  readonly connectTimeoutMs?: number;
  /** Default 5 MiB. */
  readonly messageLimitBytes?: number;
  /** Between pings. Default 60 s. */
  readonly pingIntervalMs?: number;
  /** How long nothing at all may move after a ping. Default: as long as between two. */
  readonly pongTimeoutMs?: number;
  /** Ends the attempt to connect; a connection that stands is closed by its link. */
  readonly signal?: AbortSignal;
}

export interface WebSocketEvents {
  /** Can be called before `openWebSocket` has resolved; never after the connection was closed from here. */
  readonly message: (bytes: Uint8Array) => void;
  /** Once, after a connection that stood. */
  readonly closed: (code: number, reason: string) => void;
}

export interface WebSocketLink extends Disposable {
  send(bytes: Uint8Array): void;
  /** @param reason what of it fits a close frame is sent */
  close(code: number, reason: string): void;
  readonly bufferedBytes: number;
  /** What the peer reaches us by. */
  readonly localAddress: string | undefined;
  /** Of the answer to the handshake; names in lower case, repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

const defaults = { connectTimeoutMs: 90_000, messageLimitBytes: 5 << 20, pingIntervalMs: 60_000 };
/** Bytes of a reason: a control frame's 125 without the code (RFC 6455 5.5). */
const reasonLimit = 123;

/**
 * A WebSocket connection as client (RFC 6455), TLS checked in full, binary messages only (a text frame is answered with close 1003).
 * @throws WebSocketError when the connection does not come to stand
 */
export async function openWebSocket(options: WebSocketOptions, events: WebSocketEvents): Promise<WebSocketLink> {
  const limits = { ...defaults, ...options };
  const ws = await import('ws');
  const socket = create(ws.WebSocket, options, limits.messageLimitBytes);
  // Before the connection stands: the first message can come in the same piece as the answer to the handshake.
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return;
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
  const { headers, socket: stream } = await opened(socket, options.clock, limits.connectTimeoutMs, options.signal);
  const { localAddress } = stream;
  if (socket.readyState === socket.OPEN) {
    watchdog = keepAlive(socket, stream, options.clock, limits.pingIntervalMs, limits.pongTimeoutMs);
  }
  return {
    localAddress,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    ),
    send: (bytes) => socket.send(bytes),
    close: (code, reason) => socket.close(code, fitting(reason)),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    [Symbol.dispose]() {
      watchdog?.[Symbol.dispose]();
      socket.terminate();
    },
  };
}

/** An address, a header or a certificate that can not be used is told like every other failure. */
function create(Socket: typeof WebSocket, options: WebSocketOptions, maxPayload: number): WebSocket {
  const { ca, cert, key } = options.tls ?? {};
  if (options.signal?.aborted) throw stopped(options.signal);
  try {
    return new Socket(options.url, options.protocol, {
      headers: { ...options.headers },
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload,
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key: key.reveal() }),
    });
  } catch (error) {
    throw wrap(error);
  }
}

/** @returns the answer to the handshake */
function opened(
  socket: WebSocket,
  clock: Clock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let answer: IncomingMessage;
    const settle = (error?: WebSocketError): void => {
      // Of the whole attempt: the time limit that `ws` has starts anew with every byte.
      deadline[Symbol.dispose]();
      signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      if (!error) {
        resolve(answer);
        return;
      }
      reject(error);
      socket.terminate();
    };
    const failed = (error: Error): void => settle(wrap(error));
    const abort = (): void => settle(stopped(signal));
    const deadline = clock.timer(timeoutMs, () => settle(new WebSocketError('WS_TIMEOUT', 'no answer in time')));
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', failed);
    socket.once('upgrade', (response) => {
      answer = response;
    });
    socket.once('open', () => settle());
    socket.once('unexpected-response', (_: ClientRequest, response: IncomingMessage) =>
      settle(new WebSocketError('WS_REFUSED', `the server answered ${response.statusCode}`)),
    );
  });
}

function stopped(signal: AbortSignal | undefined): WebSocketError {
  return new WebSocketError('WS_ABORTED', 'stopped', { cause: signal?.reason });
}

function wrap(error: unknown): WebSocketError {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error) ?? '';
  if (/subprotocol/i.test(message)) {
    return new WebSocketError('WS_PROTOCOL', 'the server does not speak the subprotocol', { cause: error });
  }
  if (isTlsProblem(error)) {
    return new WebSocketError('WS_TLS', `TLS: ${message.trim()}`, { cause: error });
  }
  return new WebSocketError('WS_CONNECT', `no connection (${code || message})`, { cause: error });
}

/** Whole characters only. */
function fitting(reason: string): string {
  return new TextDecoder().decode(Buffer.from(reason).subarray(0, reasonLimit), { stream: true });
}

/**
 * A ping now and then; a peer is gone when after one not a byte came, nor went of what waits. Bytes and not messages: a pong can not
 * overtake a large message, and over a slow line that takes its time, in either direction.
 */
function keepAlive(
  socket: WebSocket,
  stream: Stream,
  clock: Clock,
  intervalMs: number,
  timeoutMs = intervalMs,
): Disposable {
  let next: Disposable | undefined;
  let deadline: Disposable | undefined;
  const arm = (): void => {
    next = clock.timer(intervalMs, () => {
      const read = stream.bytesRead;
      const waiting = socket.bufferedAmount;
      socket.ping();
      deadline ??= clock.timer(timeoutMs, () => {
        deadline = undefined;
        if (stream.bytesRead === read && socket.bufferedAmount >= waiting) socket.terminate();
      });
      arm();
    });
  };
  arm();
  return {
    [Symbol.dispose]() {
      next?.[Symbol.dispose]();
      deadline?.[Symbol.dispose]();
    },
  };
}
