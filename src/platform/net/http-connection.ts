import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createGunzip, createInflate } from 'node:zlib';
import { type Secret, TandemError } from '#base';
import { isTlsProblem } from './tls-problem.ts';

/**
 * HTTP_CONNECT, HTTP_TLS, HTTP_TIMEOUT, HTTP_TOO_LARGE, HTTP_BROKEN (cut off or not HTTP), HTTP_ENCODING, HTTP_ABORTED
 */
export class HttpError extends TandemError {}

export interface HttpTls {
  /** PEM; without it the trust anchors that Node was built with. */
  readonly ca?: string;
  /** Client certificate (PEM) and its key. */
  readonly cert?: string;
  readonly key?: Secret;
}

export interface HttpOptions {
  readonly tls?: HttpTls;
  /** Until the connection stands. Default 90 s: links of two seconds' delay that lose every third packet need it. */
  readonly connectTimeoutMs?: number;
  /** Without a byte in either direction. Default 120 s. */
  readonly idleTimeoutMs?: number;
  /** Of an answer's body, after decoding. Default 4 MiB. */
  readonly bodyLimitBytes?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly setCookie: readonly string[];
  readonly wwwAuthenticate: readonly string[];
  readonly body: string;
}

/** One connection's worth of HTTP/1.1: a socket at a time, kept open between requests and opened anew when the peer has closed it. */
export interface HttpConnection extends Disposable {
  /** @throws HttpError */
  send(url: URL, request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
  /** Of the socket that the last request went over: what a peer reaches us by. */
  readonly localAddress: string | undefined;
}

const defaults = { connectTimeoutMs: 90_000, idleTimeoutMs: 120_000, bodyLimitBytes: 4 << 20 };
const headerLimitBytes = 32 * 1024;

/**
 * Server certificates are checked by Node in full (chain, host name, dates), TLS 1.2 at least. There is no way to turn that off.
 */
export function openHttp(options: HttpOptions = {}): HttpConnection {
  const limits = { ...defaults, ...options };
  const { ca, cert, key } = options.tls ?? {};
  const kept = { keepAlive: true, maxSockets: 1 };
  const plain = new HttpAgent(kept);
  const secure = new HttpsAgent({
    ...kept,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: key.reveal() }),
  });
  let localAddress: string | undefined;
  return {
    get localAddress() {
      return localAddress;
    },
    async send(url, request, signal) {
      const body = Buffer.from(request.body);
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const isSecure = url.protocol === 'https:';
        const outgoing = (isSecure ? httpsRequest : httpRequest)(url, {
          agent: isSecure ? secure : plain,
          method: request.method,
          headers: { ...request.headers, 'content-length': String(body.length) },
          maxHeaderSize: headerLimitBytes,
          ...(signal && { signal }),
        });
        let phase: 'connecting' | 'waiting' = 'connecting';
        outgoing.setTimeout(limits.connectTimeoutMs);
        outgoing.on('socket', (socket) => {
          const connected = (): void => {
            phase = 'waiting';
            localAddress = socket.localAddress;
            outgoing.setTimeout(limits.idleTimeoutMs);
          };
          if (outgoing.reusedSocket) connected();
          else socket.once(isSecure ? 'secureConnect' : 'connect', connected);
        });
        outgoing.on('timeout', () => outgoing.destroy(new HttpError('HTTP_TIMEOUT', `no answer while ${phase}`)));
        outgoing.on('error', (error) => reject(wrap(error, phase)));
        outgoing.on('response', resolve);
        outgoing.end(body);
      });
      return {
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(', ') : (value ?? ''),
          ]),
        ),
        setCookie: response.headers['set-cookie'] ?? [],
        wwwAuthenticate:
          response.headers['www-authenticate'] === undefined ? [] : [response.headers['www-authenticate']],
        body: await readBody(response, limits.bodyLimitBytes, limits.idleTimeoutMs),
      };
    },
    [Symbol.dispose]() {
      plain.destroy();
      secure.destroy();
    },
  };
}

/** Bounded after decoding, so that a small body can not become a large one. */
async function readBody(response: IncomingMessage, limitBytes: number, idleTimeoutMs: number): Promise<string> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
  response.setTimeout(idleTimeoutMs, () =>
    response.destroy(new HttpError('HTTP_TIMEOUT', 'the answer stopped coming')),
  );
  if (!['identity', 'gzip', 'x-gzip', 'deflate'].includes(encoding)) {
    response.destroy();
    throw new HttpError('HTTP_ENCODING', 'the answer is in an encoding that was not asked for');
  }
  const decoded =
    encoding === 'identity'
      ? response
      : response
          .on('error', (error) => decoder.destroy(error))
          .pipe(encoding === 'deflate' ? createInflate() : createGunzip());
  const decoder = decoded as ReturnType<typeof createGunzip>;
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of decoded as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > limitBytes) throw new HttpError('HTTP_TOO_LARGE', `the answer is larger than ${limitBytes} bytes`);
      pieces.push(piece);
    }
  } catch (error) {
    response.destroy();
    throw wrap(error, 'waiting');
  }
  return Buffer.concat(pieces).toString('utf8');
}

function wrap(error: unknown, phase: 'connecting' | 'waiting'): HttpError {
  if (error instanceof HttpError) return error;
  const { code = '', name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError') return new HttpError('HTTP_ABORTED', 'stopped', { cause: error });
  if (isTlsProblem(error)) return new HttpError('HTTP_TLS', `TLS: ${message}`, { cause: error });
  return phase === 'connecting'
    ? new HttpError('HTTP_CONNECT', `no connection (${code || message})`, { cause: error })
    : new HttpError('HTTP_BROKEN', `the connection broke (${code || message})`, { cause: error });
}
