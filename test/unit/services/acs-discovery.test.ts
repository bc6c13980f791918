import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, formatRecord } from '#base';
import { RootedFiles } from '#platform';
import { AcsDiscovery } from '../../../src/services/discovery/acs-discovery.ts';
import { type Codes, opt43 } from '../../support/dhcp-options.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { MemoryState } from '../../support/memory-state.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const management = 'Device.ManagementServer.';
const dhcpUrl = 'https://dhcp.example/';
const otherUrl = 'https://other.example/';
let fixture: ModelFixture;
let bus: FakeBus;
let clock: HandClock;
let state: MemoryState;
let lines: string[];
let discovery: AcsDiscovery;
let contacted: boolean;

beforeEach(async () => {
  bus = new FakeBus({ 'service event': () => ({}), 'network.interface.wan renew': () => ({}) });
  const tandem =
    "config agent 'agent'\n\nconfig device 'device'\n\nconfig usp 'usp'\n\nconfig cwmp 'cwmp'\n\toption url ''\n";
  fixture = await openModel({ bus, packages: { tandem }, unlocked: true });
  clock = new HandClock();
  state = new MemoryState();
  lines = [];
  contacted = false;
  start();
});
afterEach(() => fixture[Symbol.asyncDispose]());

function start(options: { readonly trusted?: boolean; readonly factoryUrl?: string } = {}): void {
  discovery = new AcsDiscovery({
    model: fixture.model,
    bus,
    files: new RootedFiles(fixture.root),
    state,
    clock,
    log: createLog(
      (record) => lines.push(formatRecord(record)),
      () => 'debug',
    ),
    trusted: true,
    allowPlain: false,
    factoryUrl: '',
    contacted: () => contacted,
    ...options,
  });
}

const file = (name: string): string => join(fixture.root, 'var/run/tandem/dhcp', name);
async function lease(codes: Codes, name = 'wan'): Promise<void> {
  mkdirSync(join(fixture.root, 'var/run/tandem/dhcp'), { recursive: true });
  writeFileSync(file(name), `opt43 ${opt43(codes)}\n`);
  await discovery.look();
}
async function get(name: string, object = management): Promise<string> {
  const [reading] = await fixture.model.get({ protocol: 'cwmp' }, [`${object}${name}`]);
  return reading?.result.ok ? reading.result.value[0]!.parameters[0]!.value : '';
}
async function set(URL: string): Promise<void> {
  const write = { op: 'set', path: management, parameters: [{ name: 'URL', value: URL, required: true }] } as const;
  const answer = await fixture.model.write({ protocol: 'cwmp' }, [write], { origin: { by: 'cwmp' }, partial: false });
  expect(answer.committed).toBe(true);
}
async function lost(): Promise<void> {
  await discovery.failed('HTTP_CONNECT');
  clock.advance(300_000);
  await discovery.failed('HTTP_CONNECT');
}

describe('the ACS that DHCP names', () => {
  it('is taken over with all that is said of it where there is no URL', async () => {
    await lease([
      [1, dhcpUrl],
      [2, 'town-7'],
      [3, '7'],
      [4, '3000'],
    ]);
    expect(await get('URL')).toBe(dhcpUrl);
    expect(await get('CWMPRetryMinimumWaitInterval')).toBe('7');
    expect(await get('CWMPRetryIntervalMultiplier')).toBe('3000');
    expect(await get('ProvisioningCode', 'Device.DeviceInfo.')).toBe('town-7');
    expect(discovery.status()).toEqual({ dhcp_offers: dhcpUrl, dhcp_taken: dhcpUrl });
    const { writes } = state;
    await discovery.look();
    expect(state.writes).toBe(writes);
  });

  it('is another one when DHCP says so', async () => {
    await lease([[1, dhcpUrl]]);
    contacted = true;
    await discovery.reached(new URL(dhcpUrl));
    await lease([[1, 'https://moved.example/']]);
    expect(await get('URL')).toBe('https://moved.example/');
  });

  it('stays when DHCP says nothing more', async () => {
    await lease([[1, dhcpUrl]]);
    rmSync(file('wan'));
    await discovery.look();
    expect(await get('URL')).toBe(dhcpUrl);
  });

  it('comes before the default of the factory, until an ACS has been contacted', async () => {
    start({ factoryUrl: otherUrl });
    await set(otherUrl);
    contacted = true;
    await lease([[1, dhcpUrl]]);
    expect(await get('URL')).toBe(otherUrl);
    contacted = false;
    await discovery.look();
    expect(await get('URL')).toBe(dhcpUrl);
  });

  it('does not count before what an operator has set', async () => {
    await set(otherUrl);
    await lease([[1, dhcpUrl]]);
    await discovery.reached(new URL(otherUrl));
    await lost();
    expect(await get('URL')).toBe(otherUrl);
    expect(bus.invoked).not.toContain('network.interface.wan renew');
  });

  it('does not count before what the ACS has set, as long as that is reached', async () => {
    await lease([[1, dhcpUrl]]);
    await discovery.reached(new URL(dhcpUrl));
    await set(otherUrl);
    await lease([[1, 'https://moved.example/']]);
    expect(await get('URL')).toBe(otherUrl);
  });

  it('is gone back to when the ACS that was set later is lost for five minutes', async () => {
    await lease([[1, dhcpUrl]]);
    // It sets another URL in the first session.
    await set(otherUrl);
    await discovery.reached(new URL(dhcpUrl));
    await discovery.failed('HTTP_CONNECT');
    clock.advance(299_999);
    await discovery.failed('HTTP_CONNECT');
    expect(await get('URL')).toBe(otherUrl);
    clock.advance(1);
    await discovery.failed('HTTP_TLS');
    expect(await get('URL')).toBe(dhcpUrl);
    expect(bus.invoked.filter((call) => call === 'network.interface.wan renew')).toHaveLength(1);
  });

  it('is not gone back to because of an ACS that answers, or that is reached in between', async () => {
    await lease([[1, dhcpUrl]]);
    await discovery.reached(new URL(dhcpUrl));
    await set(otherUrl);
    await discovery.failed('CWMP_BUSY');
    clock.advance(400_000);
    await discovery.failed('CWMP_BUSY');
    await discovery.failed('HTTP_CONNECT');
    clock.advance(200_000);
    await discovery.reached(new URL(otherUrl));
    clock.advance(200_000);
    await discovery.failed('HTTP_CONNECT');
    expect(await get('URL')).toBe(otherUrl);
  });

  it('is asked for again while the one that it named is lost', async () => {
    await lease([[1, dhcpUrl]]);
    await discovery.reached(new URL(dhcpUrl));
    await lost();
    expect(bus.invoked.filter((call) => call === 'network.interface.wan renew')).toHaveLength(1);
    await lost();
    expect(bus.invoked.filter((call) => call === 'network.interface.wan renew')).toHaveLength(2);
  });

  it('is not fallen back to when the first session was with another one', async () => {
    await lease([[1, dhcpUrl]]);
    await set(otherUrl);
    await discovery.reached(new URL(otherUrl));
    await lost();
    expect(await get('URL')).toBe(otherUrl);
  });

  it('is remembered over a restart', async () => {
    await lease([[1, dhcpUrl]]);
    await discovery.reached(new URL(dhcpUrl));
    await set(otherUrl);
    start();
    contacted = true;
    await discovery.look();
    expect(await get('URL')).toBe(otherUrl);
    await lost();
    expect(await get('URL')).toBe(dhcpUrl);
  });

  it('is known again after a power cut between the URL and the note of it', async () => {
    await lease([[1, dhcpUrl]]);
    state.entries.clear();
    start();
    await discovery.look();
    await discovery.reached(new URL(dhcpUrl));
    expect(JSON.parse(state.entries.get('discovery')!)).toEqual({ taken: { url: dhcpUrl }, by: 'dhcp' });
  });

  it('leaves alone what the ACS has changed since, unless DHCP says something new of it', async () => {
    await lease([
      [1, dhcpUrl],
      [2, 'town-7'],
      [3, '7'],
    ]);
    const write = {
      op: 'set',
      path: 'Device.DeviceInfo.',
      parameters: [{ name: 'ProvisioningCode', value: 'by the ACS', required: true }],
    } as const;
    await fixture.model.write({ protocol: 'cwmp' }, [write], { origin: { by: 'cwmp' }, partial: false });
    await lease([
      [1, dhcpUrl],
      [2, 'town-7'],
      [3, '9'],
    ]);
    expect(await get('CWMPRetryMinimumWaitInterval')).toBe('9');
    expect(await get('ProvisioningCode', 'Device.DeviceInfo.')).toBe('by the ACS');
    await lease([
      [1, dhcpUrl],
      [2, 'town-8'],
      [3, '9'],
    ]);
    expect(await get('ProvisioningCode', 'Device.DeviceInfo.')).toBe('town-8');
  });

  it('is that of one interface, and not of each in turn', async () => {
    await lease([[1, dhcpUrl]], 'wwan');
    await lease([[1, otherUrl]], 'wan');
    expect(await get('URL')).toBe(dhcpUrl);
    rmSync(file('wwan'));
    await discovery.look();
    expect(await get('URL')).toBe(otherUrl);
  });

  it('is not followed where nothing could tell it from any other server', async () => {
    start({ trusted: false });
    await lease([[1, dhcpUrl]]);
    expect(await get('URL')).toBe('');
    expect(lines.join('\n')).toContain('neither ca.pem nor pin');
    expect(discovery.status()).toMatchObject({ dhcp_offers: dhcpUrl, dhcp_taken: 'nothing' });
  });

  it('is not looked for in files that are none of the hook, however many', async () => {
    for (let count = 0; count < 40; count++) await lease([[1, otherUrl]], `.wan${count}`);
    expect(await get('URL')).toBe('');
  });
});
