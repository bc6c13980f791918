import { Readable, type Writable } from 'node:stream';
import {
  HttpError,
  type HttpHead,
  type HttpLimits,
  HttpRequests,
  type HttpTls,
  headOf,
  httpError,
} from './http-request.ts';

/** Bytes that are sent, asked for anew for each try. */
export interface ByteSource {
  readonly length: number;
  read(): AsyncIterable<Uint8Array>;
}

/** Where the bytes of an answer go, one piece after the other; a piece is kept when `write` resolves. */
export interface ByteSink {
  write(piece: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface StreamRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ByteSource;
  /** Decides by the head of the answer where its body goes; `undefined`: nobody wants it, and the connection is given up if it is long. */
  readonly sink?: (head: HttpHead) => ByteSink | undefined;
}

/** HTTP/1.1 for files: bodies of any length pass through in pieces. */
export interface HttpStreams extends Disposable {
  /**
   * @returns when the body is where it belongs, as it came: an encoding is refused
   * @throws HttpError; whatever the source or the sink throws. What the sink was given before stays with it.
   */
  exchange(url: URL, request: StreamRequest, signal?: AbortSignal): Promise<HttpHead>;
}

/** Of an error page and the like. */
const unwantedLimitBytes = 64 * 1024;

export function openHttpStreams(options: HttpLimits & { readonly tls?: HttpTls } = {}): HttpStreams {
  const requests = new HttpRequests(options.tls, options);
  return {
    async exchange(url, { method, headers, body, sink }, signal) {
      const length = body ? { 'content-length': String(body.length) } : {};
      const given = { method, headers: { ...headers, 'accept-encoding': 'identity', ...length } };
      let unsent: unknown;
      const write = (outgoing: Writable): void => {
        if (!body) {
          outgoing.end();
          return;
        }
        Readable.from(body.read())
          .on('error', (error) => {
            unsent = error;
            outgoing.destroy(error);
          })
          .pipe(outgoing);
      };
      let response: Awaited<ReturnType<typeof requests.send>>;
      try {
        response = await requests.send(url, given, write, signal);
      } catch (error) {
        throw unsent ?? error;
      }
      const head = headOf(response);
      const target = sink?.(head);
      if (target && (head.headers['content-encoding'] ?? 'identity') !== 'identity') {
        response.destroy();
        throw new HttpError('HTTP_ENCODING', 'the file comes in an encoding that was not asked for');
      }
      let unwanted = 0;
      try {
        for await (const piece of response as AsyncIterable<Buffer>) {
          unwanted += target ? 0 : piece.length;
          if (target) await target.write(piece);
          else if (unwanted > unwantedLimitBytes) break;
        }
      } catch (error) {
        response.destroy();
        // A sink's own refusal is not the network's.
        if (signal?.aborted) throw new HttpError('HTTP_ABORTED', 'stopped', { cause: error });
        throw response.errored === error ? httpError(error, 'waiting') : error;
      } finally {
        await target?.close();
      }
      return head;
    },
    [Symbol.dispose]: () => requests[Symbol.dispose](),
  };
}
