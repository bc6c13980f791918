import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { openHttpStreams, type Staging, StagingDirectory } from '#platform';

const directory = mkdtempSync(join(tmpdir(), 'tandem-streams-'));
const staging: Staging = new StagingDirectory(join(directory, 'staging'));
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(join(directory, 'staging'), { recursive: true, force: true });
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`);
}
const failure = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
};

describe('files over HTTP', () => {
  it('go to the staging area in pieces, for the owner only, and back again', async () => {
    const bytes = Buffer.alloc(3_000_000, 'tandem');
    let uploaded = '';
    const url = await serve((request, response) => {
      if (request.method === 'GET') response.end(bytes);
      else {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          uploaded = Buffer.concat(pieces).toString();
          response.writeHead(201).end();
        });
      }
    });
    using streams = openHttpStreams();
    const limit = staging.freeBytes();
    const head = await streams.exchange(url, {
      method: 'GET',
      headers: {},
      sink: () => staging.sink('a', 0, limit),
    });
    expect(head.status).toBe(200);
    expect(readFileSync(staging.path('a')).equals(bytes)).toBe(true);
    expect(statSync(staging.path('a')).mode & 0o777).toBe(0o600);
    const sent = await streams.exchange(url, { method: 'PUT', headers: {}, body: staging.source('a') });
    expect(sent.status).toBe(201);
    expect(uploaded).toBe(bytes.toString());
  });

  it('keep what came before the connection broke, and go on from there', async () => {
    let broken = true;
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 10 });
      if (broken) response.write('01234', () => response.destroy());
      else response.end('5678901234'.slice(0, 10));
    });
    using streams = openHttpStreams();
    const get = (offset: number) =>
      streams.exchange(url, { method: 'GET', headers: {}, sink: () => staging.sink('a', offset, 100) });
    expect(await failure(get(0))).toBe('HTTP_BROKEN');
    expect(staging.size('a')).toBe(5);
    broken = false;
    await get(5);
    expect(readFileSync(staging.path('a'), 'utf8')).toBe('012345678901234');
  });

  it('end at their limit, and never take an encoding that was not asked for', async () => {
    let encoding: string | undefined;
    const url = await serve((_, response) => {
      if (encoding) response.setHeader('content-encoding', encoding);
      response.end('x'.repeat(100_000));
    });
    using streams = openHttpStreams();
    const get = (limit: number) =>
      streams.exchange(url, { method: 'GET', headers: {}, sink: () => staging.sink('a', 0, limit) });
    expect(await failure(get(99_999))).toBe('STAGING_FULL');
    expect(staging.size('a')).toBeLessThan(100_000);
    expect(await failure(get(100_000))).toBeUndefined();
    encoding = 'gzip';
    expect(await failure(get(100_000))).toBe('HTTP_ENCODING');
  });

  it('do not follow an endless page that nobody wants, and can be stopped', async () => {
    const url = await serve((_, response) => {
      response.writeHead(404);
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(16_384), more);
      };
      more();
    });
    using streams = openHttpStreams();
    expect((await streams.exchange(url, { method: 'GET', headers: {} })).status).toBe(404);
    const stop = new AbortController();
    const endless = streams.exchange(
      url,
      {
        method: 'GET',
        headers: {},
        sink: () => {
          stop.abort();
          return staging.sink('a', 0, 1 << 20);
        },
      },
      stop.signal,
    );
    expect(await failure(endless)).toBe('HTTP_ABORTED');
  });
});

it('refuses names that lead out of the staging area', () => {
  for (const name of ['../a', 'a/b', '.hidden', '', 'a\0']) expect(() => staging.path(name)).toThrow('no name');
});
