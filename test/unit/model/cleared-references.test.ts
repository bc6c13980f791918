import { afterEach, expect, it } from 'vitest';
import type { Write } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// TR-106 section 3.2.4: what refers to a row that goes. The mappings that ship, on files.
let fixture: ModelFixture | undefined;
afterEach(async () => {
  await fixture?.[Symbol.asyncDispose]();
  fixture = undefined;
});

const network = `config interface 'lan'\n\toption proto 'static'\n\nconfig interface 'guest'\n\toption proto 'static'\n\nconfig globals 'globals'\n\nconfig route 'far'\n\toption interface 'guest'\n\toption target '10.0.0.0'\n\nconfig route 'near'\n\toption interface 'lan'\n\toption target '10.1.0.0'\n`;
const dhcp = `config dhcp 'lan'\n\toption interface 'lan'\n\nconfig dhcp 'guest'\n\toption interface 'guest'\n\toption start '100'\n`;
const firewall = `config zone 'inside'\n\toption name 'lan'\n\tlist network 'lan'\n\tlist network 'guest'\n\tlist network 'gone'\n\nconfig zone 'other'\n\toption name 'guest'\n\toption network 'guest'\n\nconfig defaults\n\nconfig rule 'r'\n\toption src 'guest'\n\toption name 'rule'\n`;

async function open(): Promise<ModelFixture> {
  fixture = await openModel({
    bus: new FakeBus({ 'service event': () => ({}) }),
    packages: { network, dhcp, firewall },
    unlocked: true,
  });
  return fixture;
}

async function write(...writes: Write[]): Promise<boolean> {
  const options = { origin: { by: 'cwmp' }, partial: false } as const;
  return (await fixture!.model.write({ protocol: 'cwmp' }, writes, options)).committed;
}
const value = async (path: string): Promise<string | undefined> => {
  const [reading] = await fixture!.model.get({ protocol: 'cwmp' }, [path]);
  return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
};
const remove = (path: string): Write => ({ op: 'delete', path });

it('takes the name of a row that goes out of options and lists, and leaves what else is in them', async () => {
  const { config } = await open();
  expect(await value('Device.DHCPv4.Server.Pool.2.Interface')).toBe('Device.IP.Interface.2');
  expect(await write(remove('Device.IP.Interface.2.'))).toBe(true);
  expect(config('network')).not.toContain('guest');
  expect(config('dhcp')).toBe(
    "\nconfig dhcp 'lan'\n\toption interface 'lan'\n\nconfig dhcp 'guest'\n\toption start '100'\n\n",
  );
  expect(config('firewall')).toContain("list network 'lan'\n\tlist network 'gone'\n");
  expect(config('firewall')).toContain("config zone 'other'\n\toption name 'guest'\n\nconfig");
  expect(await value('Device.DHCPv4.Server.Pool.2.Interface')).toBe('');
  expect(await value('Device.DHCPv4.Server.Pool.1.Interface')).toBe('Device.IP.Interface.1');
});

it('leaves an option that names what the row is known by, as a rule names a zone', async () => {
  const { config } = await open();
  expect(await write(remove('Device.IP.Interface.2.'))).toBe(true);
  expect(config('firewall')).toContain("config rule 'r'\n\toption src 'guest'\n");
});

it('touches no section that goes in the same request, whichever is deleted first', async () => {
  for (const order of [
    ['Device.IP.Interface.2.', 'Device.Routing.Router.1.IPv4Forwarding.1.'],
    ['Device.Routing.Router.1.IPv4Forwarding.1.', 'Device.IP.Interface.2.'],
  ]) {
    const { config } = await open();
    expect(await write(...order.map(remove))).toBe(true);
    expect(config('network')).not.toMatch(/guest|far/);
    expect(config('network')).toContain("config route 'near'\n\toption interface 'lan'\n");
    await fixture![Symbol.asyncDispose]();
    fixture = undefined;
  }
});

it('clears nothing when the request is refused', async () => {
  const { config } = await open();
  expect(await write(remove('Device.IP.Interface.2.'), remove('Device.IP.Interface.9.'))).toBe(false);
  expect([config('network'), config('dhcp'), config('firewall')]).toEqual([network, dhcp, firewall]);
});

it('tells whoever watches the reference, with who has deleted the row', async () => {
  const { model } = await open();
  const heard: unknown[] = [];
  const watching = await model.watch(
    { protocol: 'usp' },
    { paths: ['Device.DHCPv4.Server.Pool.2.Interface'], kinds: ['value'] },
    (change) => heard.push(change),
  );
  expect(watching.ok).toBe(true);
  expect(await write(remove('Device.IP.Interface.2.'))).toBe(true);
  expect(heard).toEqual([
    {
      kind: 'value',
      path: 'Device.DHCPv4.Server.Pool.2.Interface',
      type: 'string',
      value: '',
      origin: { by: 'cwmp' },
    },
  ]);
});

it('lets a later write of the same request give the reference anew', async () => {
  const { config } = await open();
  const parameters = [{ name: 'Interface', value: 'Device.IP.Interface.1', required: true }];
  const again: Write = { op: 'set', path: 'Device.DHCPv4.Server.Pool.2.', parameters };
  expect(await write(remove('Device.IP.Interface.2.'), again)).toBe(true);
  expect(config('dhcp')).toContain("config dhcp 'guest'\n\toption start '100'\n\toption interface 'lan'\n");
});

it('leaves a weak reference as it is', async () => {
  const mapping = {
    sources: { network: { uci: 'network' }, echo: { uci: 'echo' } },
    'Device.IP.Interface.{i}.': { rows: 'network/interface', add: {}, Name: '$id' },
    'Device.IP.Diagnostics.UDPEchoConfig.': {
      row: 'echo/server',
      Interface: { at: 'interface', as: 'ref', to: 'Device.IP.Interface.{i}.' },
    },
  };
  const echo = "config server\n\toption interface 'guest'\n";
  fixture = await openModel({
    bus: new FakeBus({ 'service event': () => ({}) }),
    packages: { network, echo },
    mappings: [{ file: 'weak.json', text: JSON.stringify(mapping) }],
    unlocked: true,
  });
  expect(await value('Device.IP.Diagnostics.UDPEchoConfig.Interface')).toBe('Device.IP.Interface.2');
  expect(await write(remove('Device.IP.Interface.2.'))).toBe(true);
  expect(fixture.config('echo')).toBe(echo);
});
