import type { ClientRequest, IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import { type Clock, errorCode, TandemError } from '#base';
import { dialTo } from './dial.ts';
import type { HttpTls } from './http-request.ts';
import { inWords } from './in-words.ts';
import { isTlsProblem } from './tls-problem.ts';
import { hearMessages, linkOf, receiving, type WebSocketEvents, type WebSocketLink } from './websocket-link.ts';

/** WS_CONNECT, WS_TLS, WS_REFUSED (HTTP status in the text), WS_PROTOCOL, WS_TIMEOUT, WS_ABORTED */
export class WebSocketError extends TandemError {
  /** Code of the error of Node's, or of OpenSSL's, that the text puts into words. */
  readonly problem: string | undefined;
  constructor(
    code: string,
    message: string,
    options: { readonly cause?: unknown; readonly problem?: string | undefined } = {},
  ) {
    super(code, message, options.cause === undefined ? undefined : { cause: options.cause });
    this.problem = options.problem;
  }
}

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
  /** Of messages that the peer has not taken. Default 16 MiB. */
  readonly unsentLimitBytes?: number;
  /** Ends the attempt to connect; a connection that stands is closed by its link. */
  readonly signal?: AbortSignal;
}

const defaults = {
  connectTimeoutMs: 90_000,
  messageLimitBytes: 5 << 20,
  pingIntervalMs: 60_000,
  unsentLimitBytes: 16 << 20,
};

/**
 * A WebSocket connection as client (RFC 6455), TLS checked in full, binary messages only (a text frame is answered with close 1003).
 * @throws WebSocketError when the connection does not come to stand
 */
export async function openWebSocket(options: WebSocketOptions, events: WebSocketEvents): Promise<WebSocketLink> {
  const limits = { ...defaults, ...options };
  const ws = await import('ws');
  const socket = create(ws.WebSocket, options, limits.messageLimitBytes);
  // Before the connection stands: the first message can come in the same piece as the answer to the handshake.
  hearMessages(socket, events.message);
  let stood = false;
  socket.once('open', () => {
    stood = true;
  });
  socket.once('close', (code: number, reason: Buffer) => {
    if (stood) events.closed(code, reason.toString('utf8'));
  });
  const { headers, socket: stream } = await opened(socket, options.clock, limits.connectTimeoutMs, options.signal);
  return linkOf({ ...limits, socket, stream, headers });
}

/** An address, a header or a certificate that can not be used is told like every other failure. */
function create(Socket: typeof WebSocket, options: WebSocketOptions, maxPayload: number): WebSocket {
  const { url, tls } = options;
  if (options.signal?.aborted) throw stopped(options.signal);
  try {
    return new Socket(url, options.protocol, {
      headers: { ...options.headers },
      ...receiving,
      followRedirects: false,
      maxPayload,
      ...(url.protocol === 'wss:' && { createConnection: dialTo(url, tls ?? {}) }),
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
      settle(
        new WebSocketError('WS_REFUSED', `the server opens no WebSocket at this path: HTTP ${response.statusCode}`),
      ),
    );
  });
}

function stopped(signal: AbortSignal | undefined): WebSocketError {
  return new WebSocketError('WS_ABORTED', 'stopped', { cause: signal?.reason });
}

function wrap(error: unknown): WebSocketError {
  const message = error instanceof Error ? error.message : String(error);
  if (/subprotocol/i.test(message)) {
    return new WebSocketError('WS_PROTOCOL', 'the server does not speak the subprotocol', { cause: error });
  }
  const problem = errorCode(error);
  // The words are all that the cause has to say to people.
  if (isTlsProblem(error)) return new WebSocketError('WS_TLS', `TLS: ${inWords(error)}`, { problem });
  return new WebSocketError('WS_CONNECT', `no connection: ${inWords(error)}`, { problem });
}
