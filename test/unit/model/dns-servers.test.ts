import { afterEach, describe, expect, it } from 'vitest';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';
import { added, changed, itemsOf, removed, rowsOf, written } from '../../support/table-writes.ts';

const clients = 'Device.DNS.Client.Server.';
const forwarders = 'Device.DNS.Relay.Forwarding.';
let fixture: ModelFixture;
afterEach(() => fixture[Symbol.asyncDispose]());

/** The device takes over what is written, as netifd does: its servers and, from the DHCP server, one more. */
async function open(lan: readonly string[], server: readonly string[] = []): Promise<void> {
  const list = (name: string, all: readonly string[]): string =>
    all.map((item) => `\tlist ${name} '${item}'\n`).join('');
  const given = { interface: 'wan', proto: 'dhcp', up: true, 'dns-server': ['203.0.113.1'] };
  fixture = await openModel({
    bus: new FakeBus({
      'service event': () => ({}),
      'network.interface dump': () => ({
        interface: [
          { interface: 'lan', proto: 'static', up: true, 'dns-server': itemsOf(fixture, 'network', 'dns') },
          given,
        ],
      }),
    }),
    packages: {
      network: `config interface 'lan'\n\toption device 'br-lan'\n\toption proto 'static'\n${list('dns', lan)}\nconfig interface 'wan'\n\toption device 'eth0'\n\toption proto 'dhcp'\n`,
      dhcp: `config dnsmasq\n\toption domain 'lan'\n${list('server', server)}`,
    },
    unlocked: true,
  });
}
const servers = (): Promise<string[]> => rowsOf(fixture, clients, 'Enable', 'Status', 'DNSServer', 'Interface', 'Type');
const [lan, wan] = ['Device.IP.Interface.1', 'Device.IP.Interface.2'];

describe('DNS.Client.Server.{i}.', () => {
  it('are the servers of the configuration, and those that the device was given', async () => {
    await open(['192.0.2.53']);
    expect(await servers()).toEqual([
      `1: true Enabled 192.0.2.53 ${lan} Static`,
      `2: true Enabled 203.0.113.1 ${wan} DHCPv4`,
    ]);
    expect(await written(fixture, 'usp', changed(`${clients}2.`, { DNSServer: '192.0.2.1' }))).toBe(
      'not-writable DNSServer',
    );
    expect(await written(fixture, 'usp', changed(`${clients}2.`, { Enable: 'false' }))).toBe('not-writable Enable');
    expect(await written(fixture, 'usp', removed(`${clients}2.`))).toBe('not-deletable');
  });

  it('adds one as an ACS does, moves it to another interface, switches it off and takes it away', async () => {
    await open([]);
    expect(await written(fixture, 'cwmp', added(clients))).toBe('ok');
    expect((await servers())[1]).toBe('2: false Disabled - - Static');
    const values = { DNSServer: '2001:db8::53', Interface: lan!, Enable: '1' };
    expect(await written(fixture, 'cwmp', changed(`${clients}2.`, values))).toBe('ok');
    expect(itemsOf(fixture, 'network', 'dns')).toEqual(['2001:db8::53']);
    expect((await servers())[1]).toBe(`2: true Enabled 2001:db8::53 ${lan} Static`);
    expect(await written(fixture, 'cwmp', changed(`${clients}2.`, { Interface: wan! }))).toBe('ok');
    expect(fixture.config('network')).toMatch(/interface 'wan'\n.*\n.*\n\tlist dns '2001:db8::53'\n/);
    expect(await written(fixture, 'cwmp', changed(`${clients}2.`, { Enable: '0' }))).toBe('ok');
    expect(fixture.config('network')).not.toContain('dns');
    expect((await servers())[1]).toBe(`2: false Disabled 2001:db8::53 ${wan} Static`);
    expect(await written(fixture, 'cwmp', changed(`${clients}2.`, { Enable: '1' }))).toBe('ok');
    expect(await written(fixture, 'cwmp', removed(`${clients}2.`))).toBe('ok');
    expect(fixture.config('network')).not.toContain('dns');
  });

  it('has no further row for a server that the device has not let go of yet', async () => {
    await open([]);
    // As the wan interface is told to have it.
    const values = { DNSServer: '203.0.113.1', Interface: wan!, Enable: 'true' };
    expect(await written(fixture, 'usp', added(clients, { ...values, Enable: 'false' }))).toBe('ok');
    const off = [`2: false Disabled 203.0.113.1 ${wan} Static`];
    expect(await servers()).toEqual(off);
    expect(await written(fixture, 'usp', changed(`${clients}2.`, { Enable: 'true' }))).toBe('ok');
    expect(await servers()).toEqual([`2: true Enabled 203.0.113.1 ${wan} Static`]);
    expect(await written(fixture, 'usp', changed(`${clients}2.`, { Enable: 'false' }))).toBe('ok');
    expect(await servers()).toEqual(off);
  });

  it('refuses what is no address, a server that is there, and an interface that is not', async () => {
    await open(['192.0.2.53']);
    const before = fixture.config('network');
    const row = (DNSServer: string, Interface: string) => added(clients, { DNSServer, Interface, Enable: 'true' });
    expect(await written(fixture, 'usp', row('dns.example', lan!))).toBe('invalid-value DNSServer');
    expect(await written(fixture, 'usp', row('192.0.2.53', lan!))).toBe('duplicate-key');
    expect(await written(fixture, 'usp', row('192.0.2.54', 'Device.IP.Interface.9'))).toMatch(/^invalid-value/);
    expect(fixture.config('network')).toBe(before);
  });
});

describe('DNS.Relay.Forwarding.{i}.', () => {
  it('are the plain servers of dnsmasq; those of a domain, a port or a device stay as they are', async () => {
    const others = ['/corp.example/10.0.0.1', '192.0.2.9#5353', '192.0.2.8@eth1'];
    await open([], [others[0]!, '192.0.2.1', ...others.slice(1)]);
    const values = { DNSServer: '192.0.2.2', Enable: 'true' };
    expect(await written(fixture, 'usp', added(forwarders, values))).toBe('ok');
    expect(await written(fixture, 'usp', changed(`${forwarders}1.`, { Enable: 'false' }))).toBe('ok');
    expect(itemsOf(fixture, 'dhcp', 'server')).toEqual([...others, '192.0.2.2']);
    expect(await rowsOf(fixture, forwarders, 'Enable', 'Status', 'DNSServer', 'Type')).toEqual([
      '1: false Disabled 192.0.2.1 Static',
      '2: true Enabled 192.0.2.2 Static',
    ]);
    expect(await written(fixture, 'usp', removed(`${forwarders}2.`))).toBe('ok');
    expect(itemsOf(fixture, 'dhcp', 'server')).toEqual(others);
    expect(await written(fixture, 'usp', added(forwarders, { DNSServer: '192.0.2.3#53' }))).toBe(
      'invalid-value DNSServer',
    );
  });
});
