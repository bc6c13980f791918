import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorCode, explain, silentLog } from '#base';
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
  });
  it('never throws anything but its own error', () => {
    fc.assert(
      fc.property(fc.json(), (management) => {
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
