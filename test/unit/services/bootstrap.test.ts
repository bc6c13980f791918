import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCode, explain, silentLog } from '#base';
import { createPki } from '#lab';
import { type Factory, type Files, readFactory, UciFiles } from '#platform';
import { bootRecord, bootstrap, readSettings } from '#services';
import { MemoryState } from '../../support/memory-state.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-bootstrap-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const run = (factory: Factory): Promise<boolean> => {
  let bytes = 0;
  return bootstrap({
    uci: new UciFiles(directory),
    factory,
    log: silentLog,
    randomHex: (count) => `${++bytes}`.padStart(count * 2, '0'),
  });
};
const config = (): string => readFileSync(join(directory, 'tandem'), 'utf8');
const factory: Factory = {
  acs: { url: 'https://acs.example/', username: 'u', password: 'p' },
  controllers: [
    {
      endpointId: 'proto::c',
      role: 'full',
      webSocket: { host: 'c.example', port: 443, path: '/usp', encryption: true },
      mqtt: {
        broker: 'b.example',
        port: 8883,
        encryption: true,
        username: 'm',
        password: 'n',
        topic: 't',
        responseTopic: 'r',
      },
    },
  ],
  tls: {},
};

describe('bootstrap', () => {
  it('takes everything over at the first start, and nothing at the second', async () => {
    expect(await run(factory)).toBe(true);
    const made = config();
    for (const line of [
      "option url 'https://acs.example/'",
      "option endpoint_id 'proto::c'",
      "option host 'c.example'",
      "option address 'b.example'",
      "option transport 'TLS'",
      "option bootstrapped '1'",
    ]) {
      expect(made).toContain(line);
    }
    expect(made).toMatch(/connection_request_password '0*2'/);
    expect(await run({ controllers: [], tls: {} })).toBe(false);
    expect(config()).toBe(made);
  });

  it('takes controllers of every transport over, with one socket for those that share it', async () => {
    const uds = { path: '/var/run/usp/agent', mode: 'Listen' } as const;
    await run({
      controllers: [
        {
          endpointId: 'proto::a',
          role: 'full',
          stomp: {
            broker: 'b.example',
            port: 61_613,
            encryption: true,
            username: 'u',
            password: 'p',
            virtualHost: '/v',
            destination: '/queue/c',
            agentDestination: '/queue/a',
          },
          uds,
        },
        { endpointId: 'proto::b', role: 'full', uds },
      ],
      webSocketServer: { port: 8443, path: '/usp', encryption: true, interfaces: ['lan', 'guest'] },
      tls: {},
    });
    const sections = new UciFiles(directory).load('tandem')!.sections;
    const of = (type: string) =>
      sections
        .filter((section) => section.type === type)
        .map(({ name, options }) => ({ name, ...Object.fromEntries(options) }));
    expect(of('stomp')).toMatchObject([{ name: 'controller_1_stomp_broker', host: 'b.example', virtual_host: '/v' }]);
    expect(of('unix_socket')).toEqual([{ name: 'controller_1_socket', ...uds }]);
    expect(of('mtp')).toMatchObject([
      { name: 'websocket_server', protocol: 'WebSocket', port: '8443', interface: ['lan', 'guest'] },
      { protocol: 'STOMP', connection: 'controller_1_stomp_broker', destination: '/queue/a' },
      { protocol: 'UDS', socket: 'controller_1_socket' },
    ]);
    expect(of('controller_mtp')).toMatchObject([
      { controller: 'controller_1', order: '1', protocol: 'STOMP', destination: '/queue/c' },
      { controller: 'controller_1', order: '2', protocol: 'UDS' },
      { controller: 'controller_2', order: '1', protocol: 'UDS', socket: 'controller_1_socket' },
    ]);
  });

  it('leaves what the image or the operator has set', async () => {
    writeFileSync(
      join(directory, 'tandem'),
      "config cwmp 'cwmp'\n\toption url 'https://mine.example/'\n\toption connection_request_username 'x'\n\nconfig controller 'c'\n\toption endpoint_id 'proto::mine'\n",
    );
    await run(factory);
    expect(config()).toContain("option url 'https://mine.example/'");
    expect(config()).not.toContain("option username 'u'");
    expect(config()).toContain("option connection_request_username 'x'");
    expect(config()).not.toContain('proto::c');
  });

  it('does not give a factory URL back to an operator who has taken it away', async () => {
    await run(factory);
    writeFileSync(join(directory, 'tandem'), config().replace(/\toption url .*\n/, ''));
    expect(await run(factory)).toBe(false);
    expect(config()).not.toContain('option url');
  });
});

/** Anything, and what looks like factory data. */
const managements = fc.oneof(
  fc.json(),
  fc
    .record(
      {
        websocket_server: fc.oneof(fc.jsonValue(), fc.record({ interfaces: fc.jsonValue() })),
        controllers: fc.array(
          fc.dictionary(
            fc.constantFrom('endpoint_id', 'websocket', 'mqtt', 'stomp', 'uds'),
            fc.oneof(
              fc.jsonValue(),
              fc.dictionary(fc.constantFrom('host', 'broker', 'port', 'path', 'mode', 'destination'), fc.jsonValue()),
            ),
          ),
        ),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

describe('factory data', () => {
  const files = (contents: Record<string, string>): Files => ({
    readText: (path) => contents[path.slice('/f/'.length)],
    list: () => [],
    exists: () => false,
  });
  it('may be absent', () => {
    expect(readFactory(files({}), '/f')).toEqual({ controllers: [], tls: {} });
  });
  it('says what is wrong without a word of what it holds', () => {
    for (const management of [
      'not json secret-word',
      '[]',
      '{"acs":{"url":7,"password":"secret-word"}}',
      '{"acs":{"url":"https://a","password":"secret-word\\n"}}',
      '{"controllers":[{"endpoint_id":"x"}]}',
      '{"controllers":[{"endpoint_id":"x","websocket":{"host":"h","port":70000}}]}',
      '{"controllers":[{"endpoint_id":"x","stomp":{"broker":"h","password":"secret-word"}}]}',
      '{"controllers":[{"endpoint_id":"x","uds":{"path":"relative"}}]}',
      '{"controllers":[{"endpoint_id":"x","uds":{"path":"/p","mode":"secret-word"}}]}',
      '{"websocket_server":{"port":0}}',
      '{"websocket_server":{"interfaces":"lan"}}',
      '{"websocket_server":{"interfaces":[["lan"]]}}',
      '{"websocket_server":[],"controllers":[{"endpoint_id":"x"}]}',
    ]) {
      let problem: unknown;
      try {
        readFactory(files({ 'management.json': management }), '/f');
      } catch (error) {
        problem = error;
      }
      expect(errorCode(problem), management).toBe('FACTORY_INVALID');
      expect(explain(problem)).not.toContain('secret-word');
    }
    expect(() => readFactory(files({ 'client.pem': '-----BEGIN CERTIFICATE-----' }), '/f')).toThrow('come together');
    expect(() => readFactory(files({ 'ca.pem': 'x' }), '/f')).toThrow('not PEM');
    const pem = (what: string): string => `-----BEGIN ${what}-----\nAAAA\n-----END ${what}-----\n`;
    expect(() => readFactory(files({ 'ca.pem': pem('CERTIFICATE') }), '/f')).toThrow('ca.pem can not be used');
    const pki = createPki('Maker');
    const [one, other] = ['a', 'b'].map((commonName) => pki.issue({ commonName, usage: 'client' }));
    const client = (cert: string, key: string) => () =>
      readFactory(files({ 'client.pem': cert, 'client-key.pem': key }), '/f');
    expect(client(one!.certPem, one!.keyPem)).not.toThrow();
    expect(client(one!.certPem, other!.keyPem)).toThrow('client-key.pem is not the key of client.pem');
    expect(client(one!.certPem, pem('PRIVATE KEY'))).toThrow('client-key.pem can not be used');
  });
  it('names the device by two facts that have to be good: a broken file is not another device', () => {
    const identity = (text: string) => () => readFactory(files({ 'device.json': text }), '/f');
    expect(identity('{"ManufacturerOUI":"00D09E","SerialNumber":"1"}')).not.toThrow();
    expect(identity('{"ManufacturerOUI":"00D09E",')).toThrow('device.json is not JSON');
    expect(identity('null')).toThrow('device.json is no table');
    expect(identity('{"ManufacturerOUI":"00d09e","SerialNumber":"1"}')).toThrow('device.json ManufacturerOUI');
    for (const serial of ['', 'a\nb', 'x'.repeat(65)])
      expect(identity(JSON.stringify({ ManufacturerOUI: '00D09E', SerialNumber: serial }))).toThrow('SerialNumber');
  });
  it('of a controller needs no way to it where it can come by itself', () => {
    const management = '{"websocket_server":{},"controllers":[{"endpoint_id":"x"}]}';
    expect(readFactory(files({ 'management.json': management }), '/f')).toMatchObject({
      controllers: [{ endpointId: 'x', role: 'full' }],
      webSocketServer: { port: 8443, path: '/usp', encryption: true, interfaces: [] },
    });
  });
  it('never throws anything but its own error', () => {
    fc.assert(
      fc.property(managements, (management) => {
        try {
          readFactory(files({ 'management.json': management }), '/f');
        } catch (error) {
          expect(errorCode(error)).toBe('FACTORY_INVALID');
        }
      }),
    );
  });
});

describe('settings', () => {
  it('have defaults for what is absent or unusable', () => {
    writeFileSync(
      join(directory, 'tandem'),
      "config agent 'agent'\n\toption log_level 'loud'\n\nconfig cwmp 'cwmp'\n\toption connection_request_port '99999'\n\toption allow_plain_http 'yes'\n",
    );
    expect(readSettings(new UciFiles(directory))).toMatchObject({
      logLevel: 'info',
      connectionRequest: { address: '::', port: 7547, udpPort: 7547, allow: [], fromLan: false },
      confirm: { settleSeconds: 10, timeoutSeconds: 180 },
      allowPlainHttp: false,
    });
  });

  it('take a list of sources, the ports of UDP and TCP each', () => {
    writeFileSync(
      join(directory, 'tandem'),
      "config cwmp 'cwmp'\n\toption connection_request_udp_port '0'\n\tlist connection_request_allow '192.0.2.0/24'\n\tlist connection_request_allow '2001:db8::1'\n",
    );
    const { connectionRequest } = readSettings(new UciFiles(directory));
    expect(connectionRequest).toMatchObject({ port: 7547, udpPort: 0, allow: ['192.0.2.0/24', '2001:db8::1'] });
  });
});

describe('the cause of a boot', () => {
  it('is the same for every start in a boot, with those who have still to hear it, and a reset at the very first', async () => {
    const state = new MemoryState();
    const runtime = new MemoryState();
    const first = await bootRecord(state, runtime, true, silentLog);
    expect(first).toMatchObject({ args: { Cause: 'LocalFactoryReset' }, owed: undefined });
    const crashed = await bootRecord(state, runtime, false, silentLog);
    expect(crashed).toMatchObject({ args: first.args, owed: undefined });
    await crashed.keep(['Device.LocalAgent.Subscription.2.']);
    const again = await bootRecord(state, runtime, false, silentLog);
    expect(again).toMatchObject({ args: first.args, owed: ['Device.LocalAgent.Subscription.2.'] });
    expect(await bootRecord(state, new MemoryState(), false, silentLog)).toMatchObject({
      args: { Cause: 'LocalReboot' },
      owed: undefined,
    });
  });
  it('is told although what was remembered is damaged', async () => {
    const state = new MemoryState();
    state.entries.set('boot', '{');
    expect(await bootRecord(state, new MemoryState(), false, silentLog)).toMatchObject({
      args: { Cause: 'LocalReboot' },
    });
    expect(state.entries.has('boot')).toBe(false);
  });
});
