import { afterEach, describe, expect, it } from 'vitest';
import { createLog, formatRecord, Secret } from '#base';
import { XmppConnection, type XmppConnectionConfig } from '../../../src/cwmp/xmpp/connection.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { pass, settled } from '../../support/settle.ts';
import {
  bind,
  bound,
  features,
  mechanisms,
  proceed,
  ScriptedServer,
  secureWelcome,
  starttls,
  success,
  welcome,
} from '../../support/xmpp-script.ts';

let clock: HandClock;
let lines: string[];
let asked: string[];
let connection: XmppConnection | undefined;
let server: ScriptedServer;
afterEach(async () => {
  await connection?.[Symbol.asyncDispose]();
  connection = undefined;
  expect(server.open).toBe(0);
  expect(clock.nextMs).toBeUndefined();
});

interface More {
  readonly config?: Partial<XmppConnectionConfig>;
  readonly useTls?: boolean;
  readonly allowPlain?: boolean;
  readonly records?: readonly { host: string; port: number; priority: number; weight: number }[];
}
function start(
  script: readonly string[],
  { config = {}, useTls = true, allowPlain = false, records = [] }: More = {},
): XmppConnection {
  clock = new HandClock();
  lines = [];
  asked = [];
  server = new ScriptedServer(script);
  connection = new XmppConnection({
    openStream: server.openStream,
    resolveService: async () => records,
    allowPlain,
    config: {
      account: { username: 'cpe', password: new Secret('xmpp-secret'), domain: 'd.test', resource: 'r', useTls },
      servers: { algorithm: 'DNS-SRV', domain: 'd.test', table: [] },
      keepAliveSeconds: -1,
      retry: { attempts: 4, initialSeconds: 60, multiplier: 2000, maximumSeconds: 300 },
      ...config,
    },
    clock,
    log: createLog(
      (record) => lines.push(formatRecord(record)),
      () => 'debug',
    ),
    random: () => 0.5,
    randomHex: (count) => 'ab'.repeat(count),
    asked: (iq, from) => {
      asked.push(`${iq.children[0]?.local} ${from}`);
      return iq.children[0]?.local === 'good' ? undefined : 'service-unavailable';
    },
    changed: () => {},
  });
  return connection;
}

describe('a connection', () => {
  it('is secured with the name of the domain before anything else, and the password goes through TLS only', async () => {
    const one = start(secureWelcome);
    await settled();
    expect(one).toMatchObject({ status: 'Enabled', jabberId: 'cpe@d/r', secure: true });
    expect(server.dialled).toEqual(['d.test:5222']);
    expect(server.names).toEqual(['d.test']);
    expect(server.said.map((text) => /<(\w+(:\w+)?)[ />]/.exec(text.replace(/^<\?.*?\?>/, ''))![1])).toEqual([
      ...['stream:stream', 'starttls', 'stream:stream', 'auth', 'stream:stream', 'iq'],
    ]);
    expect(server.said[3]).toContain(Buffer.from('\0cpe\0xmpp-secret').toString('base64'));
    expect(lines.join('\n')).not.toContain('xmpp-secret');
  });

  it.each([
    ['offers no TLS', [features(mechanisms('PLAIN', 'SCRAM-SHA-1'))], 'Error_Misconfigured'],
    ['refuses TLS', [features(starttls), '<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>'], 'Error_Misconfigured'],
    [
      'offers no mechanism that will do',
      [features(starttls), proceed, features(mechanisms('DIGEST-MD5'))],
      'Error_Misconfigured',
    ],
    [
      'refuses the password',
      [...secureWelcome.slice(0, 3), '<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><not-authorized/></failure>'],
      'Error_AuthenticationFailure',
    ],
    ['binds no resource', [...secureWelcome.slice(0, 4), features('')], 'Error_Misconfigured'],
    ['refuses the resource', [...secureWelcome.slice(0, 5), '<iq type="error" id="bind"/>'], 'Error_Misconfigured'],
    ['names no JabberID', [...secureWelcome.slice(0, 5), bound('')], 'Error_Misconfigured'],
    [
      'ends the stream with an error',
      [
        '<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams"><stream:error><host-unknown/></stream:error>',
      ],
      'Error',
    ],
    ['is no XMPP server', ['HTTP/1.1 400 Bad Request\r\n\r\n'], 'Error'],
    ['talks without end', [`${features(starttls)}${'<message/>'.repeat(40)}`], 'Error_Misconfigured'],
  ] as const)('does not stand when the server %s, and is tried again later', async (_, script, status) => {
    const one = start(script);
    await settled();
    expect(one.status).toBe(status);
    expect(server.open).toBe(0);
    expect(clock.nextMs).toBe(30_000);
    expect(server.said.join('')).not.toContain(Buffer.from('xmpp-secret').toString('base64').slice(0, 8));
  });

  it('is given up when the server falls silent at any step', async () => {
    for (let step = 0; step < secureWelcome.length; step++) {
      const one = start(secureWelcome.slice(0, step));
      await pass(clock, 29_999);
      expect(one.status).toBe('Connecting');
      expect(server.open).toBe(1);
      await pass(clock, 1);
      expect(one.status).toBe('Error');
      expect(server.open).toBe(0);
      await one[Symbol.asyncDispose]();
    }
  });

  it('takes nothing for encrypted that came in the clear behind the word for it', async () => {
    const injected = `${proceed}${features(mechanisms('PLAIN'))}${success}`;
    const one = start([features(starttls), injected, ...welcome]);
    await settled();
    expect(one.status).toBe('Enabled');
    // The password went out once only, after the features that TLS carried.
    expect(server.said.filter((text) => text.startsWith('<auth')).length).toBe(1);
    expect(server.said.indexOf(server.said.find((text) => text.startsWith('<auth'))!)).toBe(3);
  });

  it('goes without TLS in a lab only, where it is not asked for', async () => {
    const scram = features(mechanisms('PLAIN'));
    for (const [allowPlain, useTls] of [
      [true, true],
      [false, false],
    ] as const) {
      const one = start(welcome, { allowPlain, useTls });
      await settled();
      expect(one.status).toBe('Error_Misconfigured');
      await one[Symbol.asyncDispose]();
    }
    const one = start([scram], { allowPlain: true, useTls: false });
    await settled();
    // And even there no password goes out in the clear.
    expect(one.status).toBe('Error_Misconfigured');
    expect(server.said).toHaveLength(1);
  });
});

describe('an established connection', () => {
  it('answers what it is asked, and nothing else', async () => {
    const one = start(secureWelcome);
    await settled();
    const before = server.said.length;
    server.say('<iq type="get" id="1" from="a@b"><good xmlns="urn:x"/></iq>');
    server.say('<iq type="set" id="2" from="a@b"><bad xmlns="urn:x"/></iq>');
    server.say('<iq type="get" id="3" from="a@b"><ping xmlns="urn:xmpp:ping"/></iq>');
    server.say(
      '<message from="a@b"><body>hello</body></message><presence from="a@b"/><iq type="result" id="4"/><iq type="get"><good xmlns="urn:x"/></iq>',
    );
    expect(server.said.slice(before).map((text) => /type="(\w+)" id="(\w+)"/.exec(text)!.slice(1, 3))).toEqual([
      ['result', '1'],
      ['error', '2'],
      ['result', '3'],
    ]);
    expect(asked).toEqual(['good a@b', 'bad a@b']);
    expect(one.counters).toEqual({ received: 7, transmitted: 3, receivedErrors: 0, transmittedErrors: 1 });
  });

  it('is asked for a sign of life when nothing comes, and made anew when there is none', async () => {
    const one = start(secureWelcome, { config: { keepAliveSeconds: 100 } });
    await settled();
    await pass(clock, 100_000);
    expect(server.said.at(-1)).toBe('<iq type="get" id="ping1" to="d.test"><ping xmlns="urn:xmpp:ping"/></iq>');
    server.say('<iq type="result" id="ping1"/>');
    await pass(clock, 130_000);
    expect(server.said.at(-1)).toContain('ping2');
    expect(one.status).toBe('Enabled');
    await pass(clock, 30_000);
    expect(one.status).toBe('Connecting');
    expect(server.open).toBe(0);
    await pass(clock, 30_000);
    expect(one.status).toBe('Enabled');
    expect(server.dialled).toHaveLength(2);
  });

  it('is never asked with a KeepAliveInterval of 0', async () => {
    start(secureWelcome, { config: { keepAliveSeconds: 0 } });
    await settled();
    const before = server.said.length;
    await pass(clock, 86_400_000);
    expect(server.said.length).toBe(before);
  });

  it('is looked after when the network has changed', async () => {
    const one = start(secureWelcome);
    await settled();
    one.refresh();
    await settled();
    expect(server.said.at(-1)).toContain('ping1');
    await pass(clock, 30_000);
    expect(one.status).toBe('Connecting');
  });

  it.each([
    ['a stanza without end', () => server.say(`<message><body>${'x'.repeat(70_000)}`)],
    ['what is not well-formed', () => server.say('</iq>')],
    ['a document type', () => server.say('<!DOCTYPE a>')],
    [
      'a stream error',
      () => server.say('<stream:error xmlns:stream="http://etherx.jabber.org/streams"><conflict/></stream:error>'),
    ],
    ['the end of the stream', () => server.say('</stream:stream>')],
    ['the end of the connection', () => server.hangUp()],
  ])('ends with %s', async (_, trouble) => {
    const one = start(secureWelcome);
    await settled();
    trouble();
    await settled();
    expect(one).toMatchObject({ status: 'Connecting', jabberId: '', secure: false });
    expect(server.open).toBe(0);
    await pass(clock, 30_000);
    expect(one.status).toBe('Enabled');
  });
});

describe('the tries', () => {
  it('wait at random up to a bound that grows, and stays', async () => {
    const one = start([]);
    server.refusing = true;
    const waits: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      await settled();
      waits.push(clock.nextMs!);
      clock.advance(clock.nextMs!);
    }
    expect(waits).toEqual([30_000, 60_000, 120_000, 150_000, 150_000, 150_000]);
    expect(one.status).toBe('ServerNotPresent');
    expect(lines.filter((line) => line.includes('no connection to the XMPP server'))).toHaveLength(1);
  });

  it('give every server its turn', async () => {
    start([], {
      records: [
        { host: 'second', port: 5223, priority: 20, weight: 0 },
        { host: 'first', port: 5222, priority: 10, weight: 0 },
      ],
    });
    server.refusing = true;
    await settled();
    expect(server.dialled).toEqual(['first:5222', 'second:5223']);
    await pass(clock, 30_000);
    expect(server.dialled).toHaveLength(4);
  });

  it('do not wait for their time when the network has changed', async () => {
    const one = start(secureWelcome);
    server.refusing = true;
    await settled();
    server.refusing = false;
    one.refresh();
    await settled();
    expect(one.status).toBe('Enabled');
  });
});

it('asks an old server for the session that it wants', async () => {
  const wanted = `${bind}<session xmlns="urn:ietf:params:xml:ns:xmpp-session"/>`;
  const one = start([
    ...secureWelcome.slice(0, 4),
    features(wanted),
    bound('cpe@d/r'),
    '<iq type="result" id="session"/>',
  ]);
  await settled();
  expect(server.said.at(-1)).toContain('xmpp-session');
  expect(one.status).toBe('Enabled');
});
