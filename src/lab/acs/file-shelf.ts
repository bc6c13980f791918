import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AcsAuthentication, Gatekeeper } from './authentication.ts';

export interface ShelvedFile {
  readonly bytes: Buffer;
  /** Each request for it, as it was answered: `GET 200`, `PUT 201`, `GET 206 from 500`. */
  readonly seen: string[];
}

/** What goes wrong with the next requests for a file, one after the other. */
export type FileTrouble =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Nothing more comes after so many bytes, and the connection stays. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  | { readonly kind: 'redirect'; readonly to: string };

const fileLimitBytes = 64 << 20;

/** Files beside the ACS, at `/files/NAME`: given with ranges and validators, taken by PUT. */
export class FileShelf {
  readonly #files = new Map<string, ShelvedFile>();
  readonly #troubles = new Map<string, FileTrouble[]>();
  readonly #gatekeeper: Gatekeeper | undefined;

  /** @param authentication of the files alone; the ACS has its own */
  constructor(authentication?: AcsAuthentication) {
    this.#gatekeeper = authentication && new Gatekeeper(authentication);
  }

  put(name: string, content: string | Buffer): void {
    this.#files.set(name, { bytes: Buffer.from(content), seen: this.#files.get(name)?.seen ?? [] });
  }

  get(name: string): ShelvedFile | undefined {
    return this.#files.get(name);
  }

  names(): string[] {
    return [...this.#files.keys()];
  }

  trouble(name: string, ...troubles: readonly FileTrouble[]): void {
    this.#troubles.set(name, [...troubles]);
  }

  /** @returns false: this is none of its requests */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { method = '', url = '', headers, socket } = request;
    const name = /^\/files\/([^/?]+)/.exec(url)?.[1];
    if (name === undefined) return false;
    const body = await readAll(request);
    const verdict = this.#gatekeeper?.judge(socket, headers.authorization, method, url);
    if (verdict && !verdict.accepted) {
      response.writeHead(401, { 'www-authenticate': verdict.challenge }).end();
      return true;
    }
    const file = this.#files.get(decodeURIComponent(name));
    const trouble = this.#troubles.get(name)?.shift();
    const note = (text: string): void => {
      file?.seen.push(`${method} ${text}`);
    };
    if (trouble?.kind === 'status' || trouble?.kind === 'redirect') {
      const status = trouble.kind === 'status' ? trouble.status : 302;
      note(String(status));
      response.writeHead(status, trouble.kind === 'redirect' ? { location: trouble.to } : {}).end();
    } else if (method === 'PUT') {
      this.put(decodeURIComponent(name), body);
      this.#files.get(decodeURIComponent(name))!.seen.push('PUT 201');
      response.writeHead(201).end();
    } else if (method !== 'GET' || !file) response.writeHead(file ? 405 : 404).end();
    else give(file, headers, response, trouble, note);
    return true;
  }
}

function give(
  { bytes }: ShelvedFile,
  headers: IncomingMessage['headers'],
  response: ServerResponse,
  trouble: FileTrouble | undefined,
  note: (text: string) => void,
): void {
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
  const asked = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
  const same = headers['if-range'] === undefined || headers['if-range'] === etag;
  const from = asked === undefined || !same ? 0 : Number(asked);
  if (from >= bytes.length && from > 0) {
    note('416');
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    return;
  }
  const rest = bytes.subarray(from);
  note(from > 0 ? `206 from ${from}` : '200');
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    'content-length': rest.length,
    ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  const limit = trouble?.kind === 'cut' || trouble?.kind === 'stall' ? trouble.afterBytes : undefined;
  if (limit === undefined) response.end(rest);
  else
    response.write(rest.subarray(0, limit), () => {
      if (trouble?.kind === 'cut') response.destroy();
    });
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > fileLimitBytes) throw new Error('the file is too large for the lab');
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
