import { connect as connectPlain, type Socket } from 'node:net';
import { type Clock, systemClock, TandemError } from '#base';
import { secured } from './dial.ts';
import type { HttpTls } from './http-request.ts';
import { isTlsProblem } from './tls-problem.ts';

/** STREAM_CONNECT, STREAM_TLS, STREAM_TIMEOUT, STREAM_BROKEN, STREAM_ABORTED */
export class StreamError extends TandemError {}

export interface StreamOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: HttpTls;
  /** Until the connection stands, and again for the handshake of TLS. Default 90 s. */
  readonly connectTimeoutMs?: number;
  /** Ends the attempt to connect; a connection that stands is closed by its link. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface StreamEvents {
  readonly data: (piece: Uint8Array) => void;
  /** Once, with the reason; not when the link was disposed of. */
  readonly closed: (error: StreamError | undefined) => void;
}

export interface StreamLink extends Disposable {
  readonly secure: boolean;
  /** What the peer has not taken yet is kept up to 1 MiB; then the connection is given up. */
  write(data: string | Uint8Array): void;
  /**
   * From here on everything is encrypted. The certificate is checked in full: chain, dates, and that it is `serverName`'s.
   * @throws StreamError STREAM_TLS, STREAM_TIMEOUT, STREAM_BROKEN
   */
  startTls(serverName: string): Promise<void>;
}

const defaultTimeoutMs = 90_000;
const unsentLimit = 1 << 20;

/**
 * A TCP connection that can go over to TLS while it stands (STARTTLS). One attempt; when to try again is the caller's to say.
 * @throws StreamError
 */
export async function openStream(options: StreamOptions, events: StreamEvents): Promise<StreamLink> {
  const { host, port, tls = {}, clock = systemClock, connectTimeoutMs = defaultTimeoutMs, signal } = options;
  if (signal?.aborted) throw new StreamError('STREAM_ABORTED', 'given up', { cause: signal.reason });
  let socket: Socket = connectPlain({ host: host.replace(/^\[|\]$/g, ''), port });
  let over = false;
  let secure = false;
  const end = (error: StreamError | undefined): void => {
    if (over) return;
    over = true;
    socket.destroy();
    events.closed(error);
  };
  await new Promise<void>((resolve, reject) => {
    const timer = clock.timer(connectTimeoutMs, () => fail(new StreamError('STREAM_TIMEOUT', 'no connection in time')));
    const fail = (error: StreamError): void => {
      settle();
      socket.destroy();
      // A late error of an attempt that is given up is nobody's.
      socket.on('error', () => {});
      reject(error);
    };
    const failed = (error: Error): void => fail(new StreamError('STREAM_CONNECT', 'no connection', { cause: error }));
    const stop = (): void => fail(new StreamError('STREAM_ABORTED', 'given up', { cause: signal?.reason }));
    const settle = (): void => {
      timer[Symbol.dispose]();
      socket.off('error', failed);
      signal?.removeEventListener('abort', stop);
    };
    socket.once('error', failed);
    signal?.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => {
      settle();
      resolve();
    });
  });
  const listen = (): void => {
    const own = socket;
    own.on('data', events.data);
    own.on('error', (error) => {
      if (own === socket) end(new StreamError('STREAM_BROKEN', 'the connection broke', { cause: error }));
    });
    own.on('close', () => {
      if (own === socket) end(new StreamError('STREAM_BROKEN', 'the peer has closed the connection'));
    });
  };
  socket.setNoDelay(true);
  listen();
  return {
    get secure() {
      return secure;
    },
    write(data) {
      if (over || !socket.writable) return;
      socket.write(data);
      if (socket.writableLength > unsentLimit) end(new StreamError('STREAM_BROKEN', 'the peer takes nothing any more'));
    },
    async startTls(serverName) {
      if (over) throw new StreamError('STREAM_BROKEN', 'the connection is closed');
      const plain = socket;
      plain.removeAllListeners('data');
      // The identity that is checked is the name's, whatever address it was found at.
      const encrypted = secured(serverName.replace(/^\[|\]$/g, ''), { socket: plain }, tls);
      socket = encrypted;
      await new Promise<void>((resolve, reject) => {
        const fail = (error: StreamError): void => {
          over = true;
          timer[Symbol.dispose]();
          encrypted.destroy();
          plain.destroy();
          reject(error);
        };
        const timer = clock.timer(connectTimeoutMs, () => fail(new StreamError('STREAM_TIMEOUT', 'no TLS in time')));
        encrypted.once('error', (error) => {
          if (secure) return;
          const code = isTlsProblem(error) ? 'STREAM_TLS' : 'STREAM_BROKEN';
          fail(new StreamError(code, 'the connection could not be secured', { cause: error }));
        });
        encrypted.once('close', () => {
          if (!secure) fail(new StreamError('STREAM_BROKEN', 'the peer has closed the connection'));
        });
        encrypted.once('secureConnect', () => {
          // The peer was turned down at the last moment, which an error is about to say.
          if (encrypted.destroyed) return;
          timer[Symbol.dispose]();
          secure = true;
          listen();
          resolve();
        });
      });
    },
    [Symbol.dispose]() {
      if (over) return;
      over = true;
      // What was written last still goes out; a peer that does not take it is not waited for.
      socket.end();
      const own = socket;
      const timer = clock.timer(1000, () => own.destroy());
      own.once('close', () => timer[Symbol.dispose]());
      own.on('error', () => {});
    },
  };
}
