import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Writable } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type Secret, TandemError } from '#base';
import { addressAttemptMs, lookupInTurn, type Resolve } from './addresses.ts';
import { inWords } from './in-words.ts';
import { isTlsProblem } from './tls-problem.ts';
import { tlsTrust } from './tls-trust.ts';

/**
 * HTTP_CONNECT, HTTP_TLS, HTTP_TIMEOUT, HTTP_TOO_LARGE, HTTP_BROKEN (cut off or not HTTP), HTTP_ENCODING, HTTP_ABORTED
 */
export class HttpError extends TandemError {}

/** A kept connection broke before anything of an answer came. */
class StaleConnection extends HttpError {}

export interface HttpTls {
  /** PEM; without it the device's list, or the one that Node was built with (authorities.ts). */
  readonly ca?: string;
  /** Client certificate (PEM) and its key. */
  readonly cert?: string;
  readonly key?: Secret;
  /** SHA-256 of public keys, base64: one of the chain's has to be among them. */
  readonly pins?: readonly string[];
  /** PEM, of every authority between a peer and its anchor: what they have revoked, or a list that is too old, ends the attempt. */
  readonly crl?: readonly string[];
  /** PEM: a certificate that is taken as it is, whoever issued it and whatever host it names. */
  readonly known?: string;
  /** Told of the peer's certificate (DER) before it is judged. */
  readonly shown?: (certificate: Uint8Array) => void;
  /** Whether, just now, validity dates can not be judged and need not be. With anchors of our own only. */
  readonly withoutDates?: () => boolean;
}

export interface HttpLimits {
  /** Until the connection stands. Default 90 s: links of two seconds' delay that lose every third packet need it. */
  readonly connectTimeoutMs?: number;
  /** Without a byte in either direction. Default 120 s. */
  readonly idleTimeoutMs?: number;
  /** Default: the system's resolver. */
  readonly resolve?: Resolve;
}

export const httpDefaults = { connectTimeoutMs: 90_000, idleTimeoutMs: 120_000 };
const headerLimitBytes = 32 * 1024;

/** What is before the body of an answer. */
export interface HttpHead {
  readonly status: number;
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly wwwAuthenticate: readonly string[];
}

/**
 * One socket at a time, kept open between requests and opened anew when the peer has closed it. Server certificates are checked by Node in full (chain,
 * host name, dates), TLS 1.2 at least. There is no way to turn that off.
 */
export class HttpRequests implements Disposable {
  readonly #plain: HttpAgent;
  readonly #secure: HttpsAgent;
  readonly #limits: Required<Omit<HttpLimits, 'resolve'>>;
  readonly #checked: ((socket: TLSSocket, host: string) => void) | undefined;
  /** Of the socket that the last request went over. */
  localAddress: string | undefined;

  constructor(tls: HttpTls = {}, limits: HttpLimits = {}) {
    const { checked, ...trust } = tlsTrust(tls);
    this.#checked = checked;
    const kept = {
      keepAlive: true,
      maxSockets: 1,
      lookup: lookupInTurn(limits.resolve),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressAttemptMs,
    };
    this.#limits = { ...httpDefaults, ...limits };
    this.#plain = new HttpAgent(kept);
    this.#secure = new HttpsAgent({
      ...kept,
      ...trust,
      // A resumed session shows no certificates to check.
      ...(checked && { maxCachedSessions: 0 }),
    });
  }

  /**
   * @param write sends the body and ends it
   * @returns as soon as the head of the answer is there; its body has yet to be read
   * @throws HttpError
   */
  async send(
    url: URL,
    request: { readonly method: string; readonly headers: OutgoingHttpHeaders },
    write: (outgoing: Writable) => void,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    try {
      return await this.#attempt(url, request, write, signal);
    } catch (error) {
      // The peer had closed a connection that we took for open: nothing was asked yet, and a new one is (RFC 9112 9.3.1).
      if (!(error instanceof StaleConnection) || signal?.aborted) throw error;
      return await this.#attempt(url, request, write, signal);
    }
  }

  #attempt(
    url: URL,
    request: { readonly method: string; readonly headers: OutgoingHttpHeaders },
    write: (outgoing: Writable) => void,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const isSecure = url.protocol === 'https:';
      const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
        agent: isSecure ? this.#secure : this.#plain,
        method: request.method,
        headers: request.headers,
        maxHeaderSize: headerLimitBytes,
        ...(signal && { signal }),
      });
      let phase: HttpPhase = 'connecting';
      outgoing.setTimeout(this.#limits.connectTimeoutMs);
      outgoing.on('socket', (socket) => {
        const connected = (): void => {
          phase = 'waiting';
          this.localAddress = socket.localAddress;
          outgoing.setTimeout(this.#limits.idleTimeoutMs);
        };
        if (outgoing.reusedSocket) connected();
        else {
          // Before anything of the request goes out: it waits for the handshake.
          const checked = this.#checked;
          if (isSecure && checked) socket.once('secureConnect', () => checked(socket as TLSSocket, hostOf(url)));
          socket.once(isSecure ? 'secureConnect' : 'connect', connected);
        }
      });
      outgoing.on('timeout', () => outgoing.destroy(new HttpError('HTTP_TIMEOUT', `no answer while ${phase}`)));
      outgoing.on('error', (error) => {
        const failure = httpError(error, phase);
        const stale = outgoing.reusedSocket && /^(ECONNRESET|EPIPE)$/.test((error as NodeJS.ErrnoException).code ?? '');
        reject(stale ? new StaleConnection(failure.code, failure.message, { cause: error }) : failure);
      });
      outgoing.on('response', (response) => {
        response.setTimeout(this.#limits.idleTimeoutMs, () =>
          response.destroy(new HttpError('HTTP_TIMEOUT', 'the answer stopped coming')),
        );
        resolve(response);
      });
      write(outgoing);
    });
  }

  [Symbol.dispose](): void {
    this.#plain.destroy();
    this.#secure.destroy();
  }
}

/** As certificates name it: an IPv6 address without brackets. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

export function headOf(response: IncomingMessage): HttpHead {
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(response.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : (value ?? ''),
      ]),
    ),
    wwwAuthenticate: response.headers['www-authenticate'] === undefined ? [] : [response.headers['www-authenticate']],
  };
}

export type HttpPhase = 'connecting' | 'waiting';

export function httpError(error: unknown, phase: HttpPhase): HttpError {
  if (error instanceof HttpError) return error;
  if ((error as Error).name === 'AbortError') return new HttpError('HTTP_ABORTED', 'stopped', { cause: error });
  // The words are all that the cause has to say to people.
  const words = inWords(error);
  if (isTlsProblem(error)) return new HttpError('HTTP_TLS', `TLS: ${words}`);
  return phase === 'connecting'
    ? new HttpError('HTTP_CONNECT', `no connection: ${words}`)
    : new HttpError('HTTP_BROKEN', `the connection broke: ${words}`);
}
