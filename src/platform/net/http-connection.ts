import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip, createInflate } from 'node:zlib';
import { bodyLength, bodyPieces, type HttpBody } from './http-body.ts';
import {
  HttpError,
  type HttpHead,
  type HttpLimits,
  HttpRequests,
  type HttpTls,
  headOf,
  httpError,
} from './http-request.ts';

export interface HttpOptions extends HttpLimits {
  readonly tls?: HttpTls;
  /** Of an answer's body, after decoding. Default 2 MiB. */
  readonly bodyLimitBytes?: number;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A large body, in the place of `body`. */
  readonly pieces?: readonly Uint8Array[];
}

export interface HttpResponse extends HttpHead {
  readonly setCookie: readonly string[];
  readonly body: string;
}

/** One connection's worth of HTTP/1.1: a socket at a time, kept open between requests and opened anew when the peer has closed it. */
export interface HttpConnection extends Disposable {
  /** @throws HttpError */
  send(url: URL, request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>;
  /** Of the socket that the last request went over: what a peer reaches us by. */
  readonly localAddress: string | undefined;
}

const defaultBodyLimitBytes = 2 << 20;

/** Messages of bounded size as text, in both directions. */
export function openHttp(options: HttpOptions = {}): HttpConnection {
  const requests = new HttpRequests(options.tls, options);
  return {
    get localAddress() {
      return requests.localAddress;
    },
    async send(url, { method, headers, body: text, pieces }, signal) {
      const body: HttpBody = pieces ?? text;
      const given = { method, headers: { ...headers, 'content-length': String(bodyLength(body)) } };
      const response = await requests.send(url, given, (outgoing) => pour(outgoing, bodyPieces(body)), signal);
      return {
        ...headOf(response),
        setCookie: response.headers['set-cookie'] ?? [],
        body: await readBody(response, options.bodyLimitBytes ?? defaultBodyLimitBytes),
      };
    },
    [Symbol.dispose]: () => requests[Symbol.dispose](),
  };
}

/** As fast as it is taken: what is encrypted and has yet to go stands in memory beside what it was made from. */
function pour(outgoing: Writable, pieces: readonly (string | Uint8Array)[]): void {
  let next = 0;
  const more = (): void => {
    while (next < pieces.length) {
      if (outgoing.write(pieces[next++])) continue;
      outgoing.once('drain', more);
      return;
    }
    outgoing.end();
  };
  more();
}

/** Bounded after decoding, so that a small body can not become a large one. */
async function readBody(response: IncomingMessage, limitBytes: number): Promise<string> {
  const encoding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
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
  const text = new StringDecoder('utf8');
  let body = '';
  let bytes = 0;
  try {
    for await (const piece of decoded as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > limitBytes) throw new HttpError('HTTP_TOO_LARGE', `the answer is larger than ${limitBytes} bytes`);
      body += text.write(piece);
    }
  } catch (error) {
    response.destroy();
    throw httpError(error, 'waiting');
  }
  return body + text.end();
}
