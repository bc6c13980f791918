import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCode, silentLog } from '#base';
import { listenUnixSocket, openUnixSocket, type UnixListener, type UnixStream } from '#platform';

let directory: string;
let path: string;
const listeners: UnixListener[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-unix-'));
  path = join(directory, 'below/socket');
});
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(): Promise<{ streams: UnixStream[]; heard: string[]; closed: string[] }> {
  const seen = { streams: [] as UnixStream[], heard: [] as string[], closed: [] as string[] };
  const take = (stream: UnixStream) => {
    seen.streams.push(stream);
    return {
      data: (piece: Uint8Array) => void seen.heard.push(Buffer.from(piece).toString()),
      closed: (error: unknown) => void seen.closed.push(errorCode(error) ?? ''),
    };
  };
  listeners.push(await listenUnixSocket(path, take, silentLog));
  return seen;
}

describe('a UNIX domain socket', () => {
  it("is its owner's, carries bytes both ways, and tells the end once", async () => {
    const served = await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'below')).mode & 0o777).toBe(0o700);
    const heard: string[] = [];
    const closed: (string | undefined)[] = [];
    await openUnixSocket(path, (stream) => {
      stream.send(Buffer.from('in'));
      return {
        data: (piece) => void heard.push(Buffer.from(piece).toString()),
        closed: (error) => void closed.push(errorCode(error)),
      };
    });
    await expect.poll(() => served.heard).toEqual(['in']);
    served.streams[0]!.send(Buffer.from('out'));
    served.streams[0]!.end();
    await expect.poll(() => closed).toEqual(['UNIX_BROKEN']);
    expect(heard).toEqual(['out']);
  });

  it('takes the place of one that was left behind, not of one that is in use, nor of a file', async () => {
    await serve();
    expect(await serve().catch(errorCode)).toBe('UNIX_LISTEN');
    await listeners.pop()![Symbol.asyncDispose]();
    const { createServer } = await import('node:net');
    const abandoned = createServer().listen(path);
    await new Promise((resolve) => abandoned.once('listening', resolve));
    // Node removes the file when it closes; a process that is killed does not.
    const { renameSync } = await import('node:fs');
    renameSync(path, `${path}.kept`);
    await new Promise((resolve) => abandoned.close(resolve));
    renameSync(`${path}.kept`, path);
    await serve();
    await listeners.pop()![Symbol.asyncDispose]();
    writeFileSync(path, 'mine');
    expect(await serve().catch(errorCode)).toBe('UNIX_LISTEN');
  });

  it('says why there is no connection', async () => {
    const opening = openUnixSocket(path, () => ({ data: () => {}, closed: () => {} }));
    expect(await opening.catch(errorCode)).toBe('UNIX_CONNECT');
  });

  it('takes 64 connections and no more, and lets go of who does not read', async () => {
    const served = await serve();
    const clients = Array.from({ length: 70 }, () => connect(path));
    for (const client of clients) client.on('error', () => {});
    await expect.poll(() => clients.filter(({ closed }) => closed).length).toBe(6);
    for (let n = 0; n < 32; n++) served.streams[0]!.send(Buffer.alloc(1 << 20));
    await expect.poll(() => served.closed.length).toBe(1);
    for (const client of clients) client.destroy();
  });
});
