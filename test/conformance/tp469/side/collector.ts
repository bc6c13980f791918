import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { At, KeyPair } from './link.ts';
import type { Time } from './time.ts';

export interface Report {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
}

/** A bulk data collector: takes reports, or refuses them. */
export class Collector implements AsyncDisposable {
  readonly reports: At<Report>[] = [];
  /** What reports are answered with. */
  status = 200;
  readonly #server: Server;
  readonly #scheme: string;
  readonly #host: string;

  constructor(time: Time, host: string, tls?: KeyPair) {
    this.#scheme = tls ? 'https' : 'http';
    this.#host = host;
    this.#server = tls ? createSecureServer(tls) : createServer();
    this.#server.on('request', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const raw = Buffer.concat(pieces);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        this.reports.push({
          at: time.now(),
          what: {
            method: request.method ?? '',
            url: new URL(request.url ?? '/', this.url),
            contentType: request.headers['content-type'] ?? '',
            body: body.toString('utf8'),
          },
        });
        response.writeHead(this.status).end();
      });
    });
  }

  async start(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.#host, resolve);
    });
  }
  get url(): string {
    return `${this.#scheme}://${this.#host}:${(this.#server.address() as AddressInfo).port}/bulk`;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
