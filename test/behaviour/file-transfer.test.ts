import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret, silentLog } from '#base';
import { createPki, FileShelf } from '#lab';
import { type Files, openHttpStreams, type Scripts, type Staging, StagingDirectory, type Uci } from '#platform';
import { createTransfers, type TransferEngine } from '#services';
import { FakeBus } from '../support/fake-bus.ts';
import { MemoryState } from '../support/memory-state.ts';

const pki = createPki('Operator');
const directory = mkdtempSync(join(tmpdir(), 'tandem-files-'));
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(join(directory, 'staging'), { recursive: true, force: true });
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
async function serve(answer: Answer, secure = true, authority = pki): Promise<string> {
  const { certPem: cert, keyPem: key } = authority.issue({ commonName: 'files', ip: ['127.0.0.1'], usage: 'server' });
  const server = secure ? createSecureServer({ cert, key }, answer) : createServer(answer);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Bench {
  readonly engine: TransferEngine;
  readonly staging: Staging;
  readonly restored: Map<string, string>[];
}
/** @param free what the staging area says that it has */
function bench({
  free,
  plain = false,
  scripts,
  state = new MemoryState(),
  pins = [],
  credentialHosts = [],
}: {
  pins?: readonly string[];
  credentialHosts?: readonly string[];
  free?: number;
  plain?: boolean;
  scripts?: Scripts;
  state?: MemoryState;
} = {}): Bench {
  const staging = new StagingDirectory(join(directory, 'staging'));
  if (free !== undefined) staging.freeBytes = () => free;
  const restored: Map<string, string>[] = [];
  const texts: Record<string, string> = { network: "config interface 'lan'\n", tandem: "config agent 'agent'\n" };
  const engine = createTransfers({
    model: {
      restore: async (packages, _, states = []) => {
        restored.push(new Map(packages));
        // One transaction in the model.
        for (const { name, text } of states) await state.write(name, text!);
      },
    },
    bus: new FakeBus({ 'log read': () => ({ log: [{ msg: 'hello', time: 0, priority: 30 }] }) }),
    uci: { packages: () => Object.keys(texts), text: (name: string) => texts[name] } as unknown as Uci,
    state,
    files: { exists: (path: string) => path.startsWith('/etc/tandem/transfer.d/X_') } as unknown as Files,
    scripts: scripts ?? { run: async () => ({}) },
    staging,
    openStreams: () => openHttpStreams({ tls: { ca: pki.caPem, pins } }),
    randomHex: (count) => 'ab'.repeat(count),
    allowPlain: plain,
    credentialHosts,
    log: silentLog,
  });
  return { engine, staging, restored };
}
const remote = (url: string, username = '', password = '') => ({ url, username, password: new Secret(password) });
const signal = new AbortController().signal;
async function get(
  engine: TransferEngine,
  url: string,
  { username = '', password = '', bytes = 0 } = {},
): Promise<string> {
  const result = await engine.download('t1', remote(url, username, password), 'configuration', bytes, signal);
  return result.ok ? 'here' : `${result.fault.kind}${result.fault.retryable ? ' again' : ''}`;
}
const shelf =
  (files: FileShelf): Answer =>
  (request, response) =>
    void files.serve(request, response);

describe('the server', () => {
  it('is told by its certificate, and no other one is trusted', async () => {
    const { engine, staging } = bench();
    const url = await serve((_, response) => response.end('good'));
    expect(await get(engine, `${url}/f`)).toBe('here');
    expect(readFileSync(staging.path('t1'), 'utf8')).toBe('good');
    const other = await serve((_, response) => response.end('bad'), true, createPki('Somebody'));
    expect(await get(engine, `${other}/f`)).toBe('authentication');
    const name = (await serve((_, response) => response.end('bad'))).replace('127.0.0.1', 'localhost');
    expect(await get(engine, `${name}/f`)).toBe('authentication');
  });

  it('has a key that is pinned, where keys are', async () => {
    const url = await serve((_, response) => response.end('good'));
    const pin = (pem: string): string =>
      createHash('sha256')
        .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
        .digest('base64');
    expect(await get(bench({ pins: [pin(pki.caPem)] }).engine, `${url}/f`)).toBe('here');
    expect(await get(bench({ pins: [pin(createPki('Somebody').caPem)] }).engine, `${url}/f`)).toBe('authentication');
  });

  it('is not spoken to in the clear, unless in the lab', async () => {
    const url = await serve((_, response) => response.end('clear'), false);
    expect(await get(bench().engine, `${url}/f`)).toBe('unsupported-protocol');
    expect(await get(bench({ plain: true }).engine, `${url}/f`)).toBe('here');
  });

  it('that is not there, busy, or has no such file', async () => {
    const { engine } = bench();
    const url = await serve((request, response) => response.writeHead(Number(request.url!.slice(1))).end());
    expect(await get(engine, `${url}/404`)).toBe('access');
    expect(await get(engine, `${url}/403`)).toBe('access');
    expect(await get(engine, `${url}/503`)).toBe('access again');
    expect(await get(engine, `${url}/429`)).toBe('access again');
    open.splice(0)[0]!.close();
    open.length = 0;
    expect(await get(engine, 'https://127.0.0.1:1/f')).toBe('contact again');
  });
});

describe('credentials', () => {
  it.each(['digest', 'basic'] as const)('%s: given when asked, and told apart from wrong ones', async (scheme) => {
    const files = new FileShelf({ scheme, username: 'u', password: 'p' });
    files.put('f', 'secret file');
    const { engine } = bench();
    const url = `${await serve(shelf(files))}/files/f`;
    expect(await get(engine, url, { username: 'u', password: 'p' })).toBe('here');
    expect(await get(engine, url, { username: 'u', password: 'wrong' })).toBe('authentication');
    expect(await get(engine, url)).toBe('authentication');
  });

  it('are not given in the clear by Basic, nor to a server that was redirected to, nor taken from the URL', async () => {
    const seen: string[] = [];
    const basic: Answer = (request, response) => {
      seen.push(request.headers.authorization ?? '');
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    };
    const plain = await serve(basic, false);
    expect(await get(bench({ plain: true }).engine, `${plain}/f`, { username: 'u', password: 'p' })).toBe(
      'authentication',
    );
    const elsewhere = await serve(basic);
    const from = await serve((_, response) => response.writeHead(302, { location: `${elsewhere}/f` }).end());
    expect(await get(bench().engine, `${from}/f`, { username: 'u', password: 'p' })).toBe('authentication');
    expect(seen.every((header) => header === '')).toBe(true);
    expect(await get(bench().engine, 'https://u:p@127.0.0.1/f')).toBe('unsupported-protocol');
  });

  it('are for the servers that are listed, where some are', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.headers.authorization) response.end('here');
      else response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    });
    const asked = (credentialHosts: readonly string[]) =>
      get(bench({ credentialHosts }).engine, `${url}/f`, { username: 'u', password: 'p' });
    expect(await asked(['files.example', '*.0.0.1'])).toBe('here');
    expect(await asked(['files.example'])).toBe('authentication');
    expect(seen.map(Boolean)).toEqual([false, true, false]);
  });

  it('are not tried for ever', async () => {
    let asked = 0;
    const url = await serve((_, response) => {
      const challenge = `Digest realm="r", qop="auth", nonce="n${++asked}", stale=true`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    });
    expect(await get(bench().engine, `${url}/f`, { username: 'u', password: 'p' })).toBe('authentication');
    expect(asked).toBeLessThan(6);
  });
});

describe('redirects', () => {
  it('are followed five times, and never away from TLS', async () => {
    let hops = 5;
    const url = await serve((request, response) => {
      const left = Number(request.url!.slice(1));
      if (left > 0) response.writeHead(307, { location: `/${left - 1}` }).end();
      else response.end('there');
    });
    const { engine } = bench({ plain: true });
    expect(await get(engine, `${url}/${hops}`)).toBe('here');
    expect(await get(engine, `${url}/${++hops}`)).toBe('access');
    const plain = await serve((_, response) => response.end('clear'), false);
    const down = await serve((_, response) => response.writeHead(302, { location: `${plain}/f` }).end());
    expect(await get(engine, `${down}/f`)).toBe('access');
    const odd = await serve((_, response) => response.writeHead(302, { location: 'ftp://x/f' }).end());
    expect(await get(engine, `${odd}/f`)).toBe('unsupported-protocol');
  });
});

describe('size', () => {
  it('that differs from what was announced: longer, shorter, and without a length', async () => {
    let chunked = false;
    const url = await serve((_, response) => {
      if (!chunked) response.setHeader('content-length', 10);
      response.write('01234');
      response.end('56789');
    });
    const { engine, staging } = bench();
    for (chunked of [false, true]) {
      expect(await get(engine, `${url}/f`, { bytes: 10 })).toBe('here');
      expect(await get(engine, `${url}/f`, { bytes: 9 })).toBe('corrupted');
      engine.forget('t1');
      expect(await get(engine, `${url}/f`, { bytes: 11 })).toBe('corrupted');
      expect(staging.size('t1')).toBeUndefined();
    }
  });

  it('beyond the room that there is', async () => {
    const url = await serve((_, response) => response.end('x'.repeat(2000)));
    const { engine } = bench({ free: 1000 });
    expect(await get(engine, `${url}/f`)).toBe('space');
    expect(await get(engine, `${url}/f`, { bytes: 2000 })).toBe('space');
    expect(await get(bench({ free: 2000 }).engine, `${url}/f`)).toBe('here');
  });
});

describe('a broken connection', () => {
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, n) => n % 251));
  const digest = createHash('sha256').update(content).digest('hex');
  const here = (staging: Staging): string =>
    createHash('sha256')
      .update(readFileSync(staging.path('t1')))
      .digest('hex');
  async function broken(): Promise<{ files: FileShelf; url: string } & Bench> {
    const files = new FileShelf();
    files.put('f', content);
    files.trouble('f', { kind: 'cut', afterBytes: 20_000 });
    const made = bench();
    const url = `${await serve(shelf(files))}/files/f`;
    expect(await get(made.engine, url)).toBe('incomplete again');
    return { ...made, files, url };
  }

  it('is gone on from where it broke', async () => {
    const { engine, files, url, staging } = await broken();
    expect(await get(engine, url)).toBe('here');
    expect(files.get('f')!.seen).toEqual(['GET 200', expect.stringMatching(/^GET 206 from \d+$/)]);
    expect(here(staging)).toBe(digest);
    // It was complete when the power went: nothing more has to come.
    expect(await get(engine, url)).toBe('here');
    expect(files.get('f')!.seen.at(-1)).toBe('GET 416');
    expect(here(staging)).toBe(digest);
  });

  it('begins anew with a file that is another one now', async () => {
    const { engine, files, url, staging } = await broken();
    files.put('f', content.subarray(0, 30_000));
    expect(await get(engine, url)).toBe('here');
    expect(staging.size('t1')).toBe(30_000);
    expect(files.get('f')!.seen.at(-1)).toBe('GET 200');
  });

  it('begins anew at another URL, and where the server does not name the version', async () => {
    const { engine, files, staging } = await broken();
    files.put('g', content);
    expect(await get(engine, `${await serve(shelf(files))}/files/g`)).toBe('here');
    expect(files.get('g')!.seen).toEqual(['GET 200']);
    engine.forget('t1');
    const ranges: unknown[] = [];
    const weak = await serve((request, response) => {
      ranges.push(request.headers.range);
      response.setHeader('etag', 'W/"1"');
      if (ranges.length === 1) response.writeHead(200, { 'content-length': 4 }).write('ab', () => response.destroy());
      else response.end('abcd');
    });
    expect(await get(engine, `${weak}/f`)).toBe('incomplete again');
    expect(await get(engine, `${weak}/f`)).toBe('here');
    expect(ranges).toEqual([undefined, undefined]);
    expect(readFileSync(staging.path('t1'), 'utf8')).toBe('abcd');
  });

  it('is not mended with a range that was not asked for', async () => {
    const { engine, staging } = bench();
    let asked = 0;
    const url = await serve((request, response) => {
      asked++;
      response.setHeader('etag', '"1"');
      if (asked === 1) response.writeHead(200, { 'content-length': 6 }).write('abc', () => response.destroy());
      else if (request.headers.range) response.writeHead(206, { 'content-range': 'bytes 0-5/6' }).end('abcdef');
      else response.end('abcdef');
    });
    expect(await get(engine, `${url}/f`)).toBe('incomplete again');
    expect(await get(engine, `${url}/f`)).toBe('here');
    expect(readFileSync(staging.path('t1'), 'utf8')).toBe('abcdef');
  });
});

describe('uploads', () => {
  it('are put whole, again after a challenge', async () => {
    const files = new FileShelf({ scheme: 'digest', username: 'u', password: 'p' });
    const { engine, staging } = bench();
    const url = `${await serve(shelf(files))}/files/up`;
    expect((await engine.upload('t1', remote(url, 'u', 'p'), 'log', signal)).ok).toBe(true);
    expect(files.get('up')!.bytes.toString()).toBe('1970-01-01T00:00:00.000Z daemon.info hello\n');
    expect((await engine.upload('t1', remote(url, 'u', 'p'), 'configuration', signal)).ok).toBe(true);
    expect(files.get('up')!.bytes.toString()).toBe("package network\n\nconfig interface 'lan'\n\n");
    expect(staging.names()).toEqual([]);
    const refused = await engine.upload('t1', remote(url, 'u', 'no'), 'log', signal);
    expect(refused).toMatchObject({ ok: false, fault: { kind: 'authentication' } });
  });
});

describe('what is installed', () => {
  it('is the configuration: never our own package, and nothing of what is no configuration', async () => {
    const { engine, staging, restored } = bench();
    const origin = { by: 'cwmp' } as const;
    let orders = 0;
    const install = async (text: string) => {
      const id = `t${++orders}`;
      staging.writeText(id, text);
      return engine.install(id, 'configuration', '', origin, signal);
    };
    expect(
      (await install("package system\nconfig system\n\toption hostname 'a'\npackage tandem\nconfig agent\n")).ok,
    ).toBe(true);
    expect(restored).toEqual([new Map([['system', "\nconfig system\n\toption hostname 'a'\n\n"]])]);
    for (const text of [
      '',
      'package tandem\nconfig agent\n',
      'config x\n',
      'package a\npackage a\n',
      '\x7fELF',
      'package a\n\toption b c\n',
    ]) {
      expect(await install(text)).toMatchObject({ ok: false, fault: { kind: 'corrupted' } });
    }
    expect(restored).toHaveLength(1);
    expect(staging.names()).toEqual([]);
  });

  it('is not installed twice when the power went before its end was noted, and not even fetched', async () => {
    const files = new FileShelf();
    files.put('f', Buffer.from('package system\nconfig system\n'));
    let asked = 0;
    const url = await serve((request, response) => {
      asked++;
      shelf(files)(request, response);
    });
    const state = new MemoryState();
    const order = async (id: string): Promise<number> => {
      const { engine, restored } = bench({ state });
      expect((await engine.download(id, remote(`${url}/files/f`), 'configuration', 0, signal)).ok).toBe(true);
      expect((await engine.install(id, 'configuration', '', { by: 'cwmp' }, signal)).ok).toBe(true);
      return restored.length;
    };
    expect(await order('t1')).toBe(1);
    expect(await order('t1')).toBe(0);
    expect(asked).toBe(1);
    expect(await order('t2')).toBe(1);
  });

  it("is a vendor's own by his program, and what it prints is what is told", async () => {
    const runs: unknown[] = [];
    let printed: unknown = {};
    const scripts: Scripts = {
      run: async (path, _, __, args) => {
        runs.push([path, args?.[0], args?.[2]]);
        if (printed instanceof Error) throw printed;
        return printed;
      },
    };
    const { engine, staging } = bench({ scripts });
    expect(engine.problemOf('download', 'X 00D09E Splash!', 'https://f/a')).toBeUndefined();
    expect(engine.problemOf('download', 'firmware', 'https://f/a')).toMatchObject({ kind: 'unsupported-type' });
    const install = async () => {
      staging.writeText('t1', 'x');
      const result = await engine.install('t1', 'X 00D09E Splash!', 'target', { by: 'cwmp' }, signal);
      return result.ok ? 'good' : result.fault.kind;
    };
    expect(await install()).toBe('good');
    expect(runs).toEqual([['/etc/tandem/transfer.d/X_00D09E_Splash_', 'install', 'target']]);
    printed = { fault: 'corrupted', message: 'no image' };
    expect(await install()).toBe('corrupted');
    for (printed of [{ fault: 'contact' }, new Error('it failed')]) expect(await install()).toBe('failed');
  });
});

it('keeps of the staging area only what belongs to a transfer', () => {
  const { engine, staging } = bench();
  for (const name of ['t1', 't1.origin', 't2', 't2.origin', 'other']) staging.writeText(name, 'x');
  engine.keepOnly(['t2']);
  expect(staging.names()).toEqual(['t2', 't2.origin']);
});
