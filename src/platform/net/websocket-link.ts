import type { Socket as Stream } from 'node:net';
import type { WebSocket } from 'ws';
import type { Clock } from '#base';
import { type Peer, peerOf } from './peer.ts';

export interface WebSocketEvents {
  /** Can be called before the opening has resolved; never after the connection was closed from here. */
  readonly message: (bytes: Uint8Array) => void;
  /** Once, after a connection that stood. */
  readonly closed: (code: number, reason: string) => void;
}

export interface WebSocketLink extends Disposable {
  /** A peer that does not read what it is sent is let go before it costs more than the limit of what waits. */
  send(bytes: Uint8Array): void;
  /** @param reason what of it fits a close frame is sent. A peer that does not answer it is cut off after a while. */
  close(code: number, reason: string): void;
  readonly bufferedBytes: number;
  /** What the peer reaches us by. */
  readonly localAddress: string | undefined;
  readonly peer: Peer;
  /** Of the peer's part of the handshake; names in lower case, repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface LinkParts {
  readonly socket: WebSocket;
  readonly stream: Stream;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly clock: Clock;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs?: number;
  readonly unsentLimitBytes: number;
}

/** Bytes of a reason: a control frame's 125 without the code (RFC 6455 5.5). */
const reasonLimit = 123;
/** For the peer's close frame. */
const partingMs = 2000;

/** Of a message: what ends the connection when it comes as text, in too many pieces, or too large is said here once for both roles. */
export const receiving = { perMessageDeflate: false, skipUTF8Validation: true, maxFragments: 4096 } as const;

/** Binary messages only (R-WS.16): a text frame is answered with close 1003. */
export function hearMessages(socket: WebSocket, message: (bytes: Uint8Array) => void): void {
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return;
    if (isBinary) message(data);
    else socket.close(1003, 'binary messages only');
  });
  // A close follows, and says why; without a listener the process would end.
  socket.on('error', () => {});
}

/** A connection that stands. */
export function linkOf(parts: LinkParts): WebSocketLink {
  const { socket, stream, headers, clock, unsentLimitBytes } = parts;
  const watchdog = socket.readyState === socket.OPEN ? keepAlive(parts) : undefined;
  let parting: Disposable | undefined;
  const { localAddress } = stream;
  const peer = peerOf(stream);
  socket.once('close', () => {
    watchdog?.[Symbol.dispose]();
    parting?.[Symbol.dispose]();
  });
  // Answers to requests that came together go together: one write to the kernel for all of a turn.
  let gathering = false;
  const gather = (): void => {
    if (gathering) return;
    gathering = true;
    stream.cork();
    setImmediate(() => {
      gathering = false;
      stream.uncork();
    });
  };
  return {
    localAddress,
    peer,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    ),
    send: (bytes) => {
      if (socket.readyState === socket.OPEN && socket.bufferedAmount > unsentLimitBytes) socket.terminate();
      else {
        gather();
        socket.send(bytes, () => {});
      }
    },
    close: (code, reason) => {
      socket.close(code, fitting(reason));
      parting ??= clock.timer(partingMs, () => socket.terminate());
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    [Symbol.dispose]() {
      watchdog?.[Symbol.dispose]();
      parting?.[Symbol.dispose]();
      socket.terminate();
    },
  };
}

/** Whole characters only. */
function fitting(reason: string): string {
  return new TextDecoder().decode(Buffer.from(reason).subarray(0, reasonLimit), { stream: true });
}

/**
 * A ping now and then; a peer is gone when after one not a byte came, nor went of what waits. Bytes and not messages: a pong can not
 * overtake a large message, and over a slow line that takes its time, in either direction.
 */
function keepAlive({ socket, stream, clock, pingIntervalMs, pongTimeoutMs = pingIntervalMs }: LinkParts): Disposable {
  let next: Disposable | undefined;
  let deadline: Disposable | undefined;
  const arm = (): void => {
    next = clock.timer(pingIntervalMs, () => {
      const read = stream.bytesRead;
      const waiting = socket.bufferedAmount;
      socket.ping();
      deadline ??= clock.timer(pongTimeoutMs, () => {
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
