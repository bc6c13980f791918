import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, Secret, silentLog } from '#base';
import { createVerbs, type HttpTransportParts, httpTransport, runSession } from '#cwmp';
import { type HttpOptions, openHttp } from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { openModel } from '../../support/model-fixture.ts';

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;
let server: Server | undefined;
const opened: Disposable[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one[Symbol.dispose]();
  server?.closeAllConnections();
  server?.close();
});

const serve = (handler: Handler): Promise<URL> =>
  serveBytes((request, bytes, response) => handler(request, String(bytes), response));

async function serveBytes(
  handler: (request: IncomingMessage, body: Buffer, response: ServerResponse) => void,
): Promise<URL> {
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => handler(request, Buffer.concat(pieces), response));
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/acs`);
}

interface TransportOptions
  extends Pick<Partial<HttpTransportParts>, 'allowPlain' | 'compression' | 'deadline' | 'redirectHosts'> {
  readonly http?: HttpOptions;
}
function transport(url: URL, options: TransportOptions = {}) {
  const http = openHttp(options.http);
  opened.push(http);
  let nonces = 0;
  return httpTransport({
    http,
    url,
    credentials: { username: 'cpe', password: new Secret('pass') },
    clientNonce: () => String(++nonces),
    allowPlain: options.allowPlain ?? true,
    compression: options.compression,
    ...(options.deadline && { deadline: options.deadline }),
    ...(options.redirectHosts && { redirectHosts: options.redirectHosts }),
    signal: new AbortController().signal,
  });
}
const failure = async (posting: Promise<unknown>): Promise<string | undefined> => {
  try {
    await posting;
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
};
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** Checks a Digest answer by itself, without the agent's code. */
function accepted(request: IncomingMessage, nonce: string): boolean {
  const header = request.headers.authorization ?? '';
  const field = (name: string): string => new RegExp(`${name}="?([^",]+)`).exec(header)?.[1] ?? '';
  const a1 = md5('cpe:acs:pass');
  const a2 = md5(`POST:${request.url}`);
  return field('response') === md5(`${a1}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${a2}`);
}

const envelope = (body: string, id: string): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

describe('a session over HTTP', () => {
  it('authenticates, keeps its cookie, serves a read and a write, and ends', async () => {
    const bus = new FakeBus({
      'service event': () => ({}),
      'network.wireless status': () => ({}),
      'network.device status': () => ({}),
    });
    await using fixture = await openModel({
      bus,
      packages: {
        wireless: "config wifi-iface 'home'\n\toption mode 'ap'\n\toption ssid 'Old'\n",
        network: '',
        system: '',
      },
    });
    const requests = [
      '<c:GetParameterValues><ParameterNames><string>Device.WiFi.SSID.1.SSID</string></ParameterNames></c:GetParameterValues>',
      '<c:SetParameterValues><ParameterList><P><Name>Device.WiFi.SSID.1.SSID</Name><Value>New</Value></P></ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>',
    ];
    const seen: string[] = [];
    const url = await serve((request, body, response) => {
      if (!accepted(request, 'n0')) {
        response.writeHead(401, { 'WWW-Authenticate': 'Digest realm="acs", qop="auth", nonce="n0"' }).end();
        return;
      }
      const method = /<cwmp:(\w+)>/.exec(body)?.[1] ?? '';
      const informed = request.headers.cookie === 'session=s1';
      seen.push(`${method || 'empty'}${informed ? ' with cookie' : ''} ${request.headers['content-type'] ?? '-'}`);
      if (method === 'Inform') {
        const id = /cwmp:ID[^>]*>([^<]+)</.exec(body)![1]!;
        response.writeHead(200, { 'Set-Cookie': 'session=s1', 'Content-Encoding': 'gzip' });
        response.end(gzipSync(envelope('<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>', id)));
        return;
      }
      const next = requests.shift();
      if (next) response.end(envelope(next, 'acs1'));
      else response.writeHead(204, { Connection: 'close' }).end();
    });
    let key = '';
    const outcome = await runSession({
      transport: transport(url),
      inform: {
        deviceId: { manufacturer: 'M', oui: '00D09E', productClass: 'P', serialNumber: 'S' },
        events: [{ code: '0 BOOTSTRAP', commandKey: '' }],
        now: 0,
        retryCount: 0,
        parameters: [],
      },
      ownRequests: [],
      verbs: createVerbs(() => {}),
      context: {
        model: fixture.model,
        acs: url.hostname,
        storeParameterKey: async (stored) => {
          key = stored;
        },
        attributes: { notificationOf: () => 0, set: async () => {}, forget: async () => {} },
        schedule: async () => true,
        signal: new AbortController().signal,
      },
      log: silentLog,
      nextId: () => '42',
    });
    expect(outcome.served).toEqual(['GetParameterValues', 'SetParameterValues']);
    expect(seen).toEqual([
      'Inform text/xml; charset="utf-8"',
      'empty with cookie -',
      'GetParameterValuesResponse with cookie text/xml; charset="utf-8"',
      'SetParameterValuesResponse with cookie text/xml; charset="utf-8"',
    ]);
    expect(key).toBe('k');
    expect(fixture.config('wireless')).toContain("option ssid 'New'");
  });
});

describe('the transport', () => {
  it('follows redirects with the body and stays where it was sent', async () => {
    const seen: string[] = [];
    const url = await serve((request, body, response) => {
      seen.push(`${request.url} ${body}`);
      if (request.url === '/acs') response.writeHead(307, { Location: '/elsewhere' }).end();
      else response.end('ok');
    });
    const acs = transport(url);
    expect(await acs.post('a')).toBe('ok');
    expect(await acs.post('b')).toBe('ok');
    expect(seen).toEqual(['/acs a', '/elsewhere a', '/elsewhere b']);
  });

  it('follows redirects to the hosts that are listed only, where some are', async () => {
    const seen: string[] = [];
    const url = await serve((request, _, response) => {
      seen.push(`${request.headers.host?.split(':')[0]}${request.url}`);
      const location = request.url === '/acs' ? `http://localhost:${url.port}/other` : '/here';
      if (request.url === '/here') response.end('ok');
      else response.writeHead(307, { Location: location }).end();
    });
    const lists = [undefined, [], ['x.example', 'LOCALHOST.'], ['*.localhost', '127.0.0.1']];
    const outcomes = await Promise.all(
      lists.map(async (redirectHosts) => {
        const acs = transport(url, redirectHosts && { redirectHosts });
        return acs.post('a').catch((error) => errorCode(error));
      }),
    );
    expect(outcomes).toEqual(['ok', 'ok', 'ok', 'CWMP_REDIRECTS']);
    expect(seen.filter((one) => one === 'localhost/other')).toHaveLength(3);
    // The host that the session began at is always one.
    expect(await transport(new URL('/begin', url), { redirectHosts: ['x.example'] }).post('a')).toBe('ok');
  });

  it('opens the connection anew when the peer closed it', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, _, response) => {
      ports.add(request.socket.remotePort);
      response.setHeader('Connection', 'close');
      response.end('ok');
    });
    const acs = transport(url);
    await acs.post('a');
    await acs.post('b');
    expect(ports.size).toBe(2);
  });

  const answering = (status: number, headers: Record<string, string> = {}, body: string | Buffer = ''): Handler => {
    return (_request, _body, response) => response.writeHead(status, headers).end(body);
  };
  it.each<[string, Handler, string]>([
    ['endless 401', answering(401, { 'WWW-Authenticate': 'Digest realm="r", qop="auth", nonce="n"' }), 'CWMP_AUTH'],
    ['endless stale', answering(401, { 'WWW-Authenticate': 'Digest realm="r", nonce="n", stale=true' }), 'CWMP_AUTH'],
    ['Basic over plain HTTP', answering(401, { 'WWW-Authenticate': 'Basic realm="r"' }), 'CWMP_AUTH'],
    ['401 without a challenge', answering(401), 'CWMP_AUTH'],
    ['endless redirects', answering(302, { Location: '/acs' }), 'CWMP_REDIRECTS'],
    ['a redirect to elsewhere than HTTP', answering(302, { Location: 'file:///etc/passwd' }), 'CWMP_PLAIN_HTTP'],
    ['503', answering(503, { 'Retry-After': '60' }), 'CWMP_BUSY'],
    ['500', answering(500), 'CWMP_STATUS'],
    ['a body too large', answering(200, {}, 'x'.repeat(200_000)), 'HTTP_TOO_LARGE'],
    ['a bomb', answering(200, { 'Content-Encoding': 'gzip' }, gzipSync('x'.repeat(5_000_000))), 'HTTP_TOO_LARGE'],
    ['a broken gzip', answering(200, { 'Content-Encoding': 'gzip' }, 'not gzip'), 'HTTP_BROKEN'],
    ['an unknown encoding', answering(200, { 'Content-Encoding': 'br' }, 'x'), 'HTTP_ENCODING'],
    ['a broken connection', (request) => request.socket.destroy(), 'HTTP_BROKEN'],
    ['silence', () => {}, 'HTTP_TIMEOUT'],
  ])('fails on %s', async (_, handler, code) => {
    const url = await serve(handler);
    const acs = transport(url, { http: { bodyLimitBytes: 100_000, idleTimeoutMs: 300 } });
    expect(await failure(acs.post('a'))).toBe(code);
  });

  it('opens the connection anew when the peer had closed it without our seeing it', async () => {
    const seen: string[] = [];
    const url = await serve((request, body, response) => {
      seen.push(body);
      response.end('ok', () => {
        // Closed after the answer, without having said so: the next request finds a dead connection.
        if (seen.length === 1) request.socket.resetAndDestroy();
      });
    });
    const acs = transport(url);
    expect(await acs.post('a')).toBe('ok');
    expect(await acs.post('b')).toBe('ok');
    expect(seen).toEqual(['a', 'b']);
  });

  it('sends a message once more on a new connection when the kept one broke before an answer, and no more than once', async () => {
    const ports: (number | undefined)[] = [];
    const url = await serve((request, body, response) => {
      ports.push(request.socket.remotePort);
      if (body === 'a') response.end('ok');
      else request.socket.resetAndDestroy();
    });
    const acs = transport(url);
    await acs.post('a');
    expect(await failure(acs.post('b'))).toBe('HTTP_BROKEN');
    expect(ports).toHaveLength(3);
    expect(new Set(ports).size).toBe(2);
  });

  it('tries the next address of the ACS in the same attempt when one does not answer', async () => {
    const url = await serve((_request, _body, response) => response.end('ok'));
    url.hostname = 'acs.example';
    const asked: string[] = [];
    const resolve = async (host: string) => {
      asked.push(host);
      // Nobody listens at the first two.
      return [
        { address: '127.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ] as const;
    };
    const acs = transport(url, { http: { resolve } });
    expect(await acs.post('a')).toBe('ok');
    expect(asked).toEqual(['acs.example']);
    const nowhere = transport(url, { http: { resolve: async () => [] } });
    expect(await failure(nowhere.post('a'))).toBe('HTTP_CONNECT');
  });

  it.each([
    ['GZIP', 'gzip', gunzipSync],
    ['Deflate', 'deflate', inflateSync],
  ] as const)('compresses with %s what is worth it', async (compression, coding, unpack) => {
    const seen: [string | undefined, string][] = [];
    const url = await serveBytes((request, bytes, response) => {
      const named = request.headers['content-encoding'];
      seen.push([named, String(named ? unpack(bytes) : bytes)]);
      response.end('ok');
    });
    const acs = transport(url, { compression });
    const large = [Buffer.alloc(70_000, 'a'), Buffer.alloc(70_000, 'b')];
    await acs.post('short');
    await acs.post('x'.repeat(5000));
    await acs.post(large);
    expect(seen).toEqual([
      [undefined, 'short'],
      [coding, 'x'.repeat(5000)],
      [coding, String(Buffer.concat(large))],
    ]);
  });

  it('sends it again as it is when the ACS answers 415, and compresses no more', async () => {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, _body, response) => {
      seen.push(request.headers['content-encoding']);
      response.writeHead(seen.at(-1) === undefined ? 200 : 415).end();
    });
    const acs = transport(url, { compression: 'GZIP' });
    await acs.post('x'.repeat(5000));
    await acs.post('y'.repeat(5000));
    expect(seen).toEqual(['gzip', undefined, undefined]);
  });

  it('does not go round in circles with an ACS that answers 415 to everything', async () => {
    const url = await serve((_request, _body, response) => response.writeHead(415).end());
    expect(await failure(transport(url, { compression: 'GZIP' }).post('x'.repeat(5000)))).toBe('CWMP_STATUS');
  });

  it('gives an answer that drips up at its deadline, by the clock it was given', async () => {
    const clock = new HandClock();
    let dripping = 0;
    const url = await serve((_request, _body, response) => {
      response.write('<');
      dripping++;
    });
    const acs = transport(url, { deadline: (expired) => clock.timer(300_000, expired) });
    const failing = failure(acs.post('a'));
    await expect.poll(() => dripping).toBe(1);
    clock.advance(299_000);
    clock.advance(1000);
    expect(await failing).toBe('CWMP_SLOW');
    expect(clock.nextMs).toBeUndefined();
  });

  it('refuses plain HTTP unless the lab allows it, before anything is sent', async () => {
    let asked = 0;
    const url = await serve((_request, _body, response) => {
      asked++;
      response.end();
    });
    expect(await failure(transport(url, { allowPlain: false }).post('a'))).toBe('CWMP_PLAIN_HTTP');
    expect(asked).toBe(0);
  });

  it('says that nobody is there', async () => {
    const url = await serve(() => {});
    server!.close();
    expect(await failure(transport(url).post('a'))).toBe('HTTP_CONNECT');
  });
});
