import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Protocol, Write } from '#model';
import { itemCodes } from '../../../src/model/mapping/dhcp-items.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const dnsmasq = itemCodes.dnsmasq!;
const udhcpc = itemCodes.udhcpc!;
const hex = (text: string): string => Buffer.from(text).toString('hex').toUpperCase();

describe('an item of dhcp_option', () => {
  it.each([
    ['6,192.0.2.1,192.0.2.2', '6:C0000201C0000202'],
    ['option:dns-server,192.0.2.1', '6:C0000201'],
    ['15,example.org', `15:${hex('example.org')}`],
    ['12,5', '12:35'],
    ['43,01:02:3', '43:010203'],
    ['252,http://wpad/proxy', `252:${hex('http://wpad/proxy')}`],
    ['26,1400', '26:0578'],
    ['26,9b', '26:09'],
    ['200,300', '200:012C'],
    ['200,70000', '200:00011170'],
    ['200,5i', '200:00000005'],
    ['58,2h', '58:00001C20'],
    ['121,10.0.0.0/8,192.0.2.1,0.0.0.0/0,192.0.2.2', '121:080AC000020100C0000202'],
    ['120,192.0.2.1', '120:01C0000201'],
    ['120,a.b', '120:000161016200'],
    ['119,eng.example.org,example.org', '119:03656E67076578616D706C65036F726700C004'],
  ])('%s is read as %s', (item, text) => {
    expect(dnsmasq.read(item)).toBe(text);
  });

  // Some are said of some clients only, some depend on the device, some keep dnsmasq from starting.
  it.each([
    'tag:guest,6,192.0.2.1',
    'vi-encap:3561,4,30:30',
    'encap:175,190,user',
    'option6:dns-server,[2001:db8::1]',
    'option:no-such,1',
    '6,0.0.0.0',
    '6,192.0.2.300',
    '6,192.0.2.1/24',
    '3',
    '3,',
    '15,two words',
    '15,5b',
    '15,"quoted"',
    '200,1,2',
    '200,1:2:333',
    '200,5-6',
    '200,99999999999',
    '255,192.0.2.1',
    '0,1',
    '',
  ])('%s is left alone', (item) => {
    expect(dnsmasq.read(item)).toBeUndefined();
  });

  it('is written in a way that is read as the same bytes, or refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ minLength: 1, maxLength: 255 }), (tag, bytes) => {
        const text = `${tag}:${Buffer.from(bytes).toString('hex').toUpperCase()}`;
        const item = dnsmasq.write(text);
        if (item === undefined) return;
        expect(item).toMatch(/^[0-9]+,[!-~]+$/);
        expect(dnsmasq.read(item)).toBe(text);
      }),
    );
  });

  it.each([
    ['6:C0000201', '6,192.0.2.1'],
    ['6:C00002', undefined],
    ['6:00000000', undefined],
    [`66:${hex('tftp.example')}`, '66,tftp.example'],
    ['66:FF', undefined],
    ['43:41', '43,65b'],
    ['43:4142', '43,41:42'],
    ['58:00000E10', '58,3600'],
    ['58:0E10', undefined],
    ['119:03656E67076578616D706C65036F726700C004', '119,eng.example.org,example.org'],
    ['119:C000', undefined],
    ['53:02', undefined],
    ['43:', ''],
    [':01', ''],
  ])('%s becomes %s', (text, item) => {
    expect(dnsmasq.write(text)).toBe(item);
  });

  it('is never taken for what it is not, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (item) => /^[0-9]+:/.test(dnsmasq.read(item) ?? '0:')));
    const pieces = fc.constantFrom(
      '6',
      '119',
      '120',
      'option:router',
      ',',
      ':',
      '.',
      '/',
      '1',
      'f',
      'b',
      '-',
      '192.0.2.1',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = dnsmasq.read(parts.join(''));
        const again = text === undefined ? undefined : dnsmasq.write(text);
        if (again !== undefined) expect(dnsmasq.read(again)).toBe(text);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const item = dnsmasq.write(`119:${Buffer.from(bytes).toString('hex').toUpperCase()}`);
        expect(item ?? '119,').toMatch(/^(119,.*)?$/);
      }),
    );
  });
});

describe('an item of sendopts', () => {
  it.each([
    ['124:00000de9', '124:00000DE9'],
    ['0x3c:4142', '60:4142'],
    ['hostname:box', undefined],
    ['14:"file"', undefined],
    ['60:4', undefined],
  ])('%s is read as %s', (item, text) => {
    expect(udhcpc.read(item)).toBe(text);
  });
  it('is written as a number and digits; what is sent anyway is refused', () => {
    expect(udhcpc.write('60:4142')).toBe('60:4142');
    expect(udhcpc.write('61:01')).toBeUndefined();
    expect(udhcpc.write('60:')).toBe('');
  });
});

const pool = 'Device.DHCPv4.Server.Pool.1.Option.';
const client = 'Device.DHCPv4.Client.1.';
let fixture: ModelFixture | undefined;
afterEach(async () => {
  await fixture?.[Symbol.asyncDispose]();
  fixture = undefined;
});

async function open(items: readonly string[], forced: readonly string[] = [], root?: string): Promise<void> {
  const list = (name: string, all: readonly string[]): string =>
    all.map((item) => `\tlist ${name} '${item}'\n`).join('');
  const dhcp = `config dhcp 'lan'\n\toption interface 'lan'\n${list('dhcp_option', items)}${list('dhcp_option_force', forced)}`;
  const network = `config interface 'wan'\n\toption device 'eth0'\n\toption proto 'dhcp'\n\toption reqopts '43 ntpsrv'\n`;
  fixture = await openModel({
    bus: new FakeBus({ 'service event': () => ({}), 'network.interface dump': () => ({ interface: [] }) }),
    packages: root === undefined ? { dhcp, network } : {},
    unlocked: true,
    ...(root !== undefined && { root }),
  });
}

/** `1: on 43=0102` for each row. */
async function rows(table = pool): Promise<string[]> {
  const [reading] = await fixture!.model.get({ protocol: 'usp' }, [`${table}*.`]);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value.map(({ path, parameters }) => {
    const value = (name: string): string => parameters.find(({ info }) => info.name === name)?.value ?? '';
    const enabled = value('Enable') === 'true' ? 'on' : 'off';
    return `${path.slice(table.length, -1)}: ${enabled} ${value('Tag')}=${value('Value')}`;
  });
}

const listed = (option: string, pack = 'dhcp'): string[] =>
  [...fixture!.config(pack).matchAll(new RegExp(`(?:list|option) ${option} '(.*)'`, 'g'))].map(([, item]) => item!);
const parameters = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
const add = (values: Record<string, string>, path = pool): Write => ({
  op: 'add',
  path,
  parameters: parameters(values),
});
const set = (row: number, values: Record<string, string>, table = pool): Write => ({
  op: 'set',
  path: `${table}${row}.`,
  parameters: parameters(values),
});
async function write(protocol: Protocol, ...writes: Write[]): Promise<string> {
  const answer = await fixture!.model.write({ protocol }, writes, { origin: { by: protocol }, partial: false });
  const said = answer.outcomes.map(({ result }) => {
    if (result.ok) return 'ok';
    const refusal = result.fault.refusals[0];
    return `${refusal?.fault.kind ?? result.fault.fault.kind} ${refusal?.path.split('.').at(-1)}`;
  });
  return said.join();
}

describe('DHCPv4.Server.Pool.{i}.Option.{i}.', () => {
  const foreign = ['tag:guest,6,192.0.2.9', '6,192.0.2.1', 'vi-encap:3561,4,30:30', 'option:ntp-server,192.0.2.2', '3'];

  it('has a row for each item that stands for bytes, and those that are forced read only', async () => {
    await open(foreign, ['43,01:02', '6,192.0.2.7']);
    expect(await rows()).toEqual(['1: on 6=C0000201', '2: on 42=C0000202', '3: on 43=0102']);
    expect(await write('usp', set(3, { Value: '01' }))).toBe('not-writable Value');
    expect(await write('usp', { op: 'delete', path: `${pool}3.` })).toBe('not-deletable ');
  });

  it('adds, changes and deletes rows, and leaves what is of others as it is and where it is', async () => {
    await open(foreign);
    expect(await write('usp', add({ Enable: 'true', Tag: '43', Value: '0104ffff' }))).toBe('ok');
    expect(await write('usp', set(2, { Value: 'C0000203' }))).toBe('ok');
    expect(await write('usp', set(1, { Value: 'c0000201' }))).toBe('ok');
    const changed = [...foreign.slice(0, 3), '42,192.0.2.3', '3'];
    expect(listed('dhcp_option')).toEqual([...changed, '43,01:04:ff:ff']);
    expect(await rows()).toEqual(['1: on 6=C0000201', '2: on 42=C0000203', '3: on 43=0104FFFF']);
    expect(await write('usp', { op: 'delete', path: `${pool}3.` })).toBe('ok');
    expect(listed('dhcp_option')).toEqual(changed);
  });

  it('adds a row first and fills it in later, as an ACS does; a row that is off is in no list, also after a restart', async () => {
    await open(['6,192.0.2.1']);
    expect(await write('cwmp', add({}))).toBe('ok');
    expect(await rows()).toEqual(['1: on 6=C0000201', '2: off 0=']);
    expect(await write('cwmp', set(2, { Tag: '66', Value: hex('tftp') }))).toBe('ok');
    expect(listed('dhcp_option')).toEqual(['6,192.0.2.1']);
    expect(await write('cwmp', set(2, { Enable: '1' }), set(1, { Enable: '0', Alias: 'dns' }))).toBe('ok,ok');
    expect(listed('dhcp_option')).toEqual(['66,tftp']);
    await fixture!.model[Symbol.asyncDispose]();
    await open([], [], fixture!.root);
    expect(await rows()).toEqual(['1: off 6=C0000201', `2: on 66=${hex('tftp')}`]);
    expect(await write('cwmp', set(1, { Enable: '1' }))).toBe('ok');
    expect(listed('dhcp_option')).toEqual(['66,tftp', '6,192.0.2.1']);
  });

  it('refuses what dnsmasq could not send, and nothing is half applied', async () => {
    await open(['6,192.0.2.1']);
    const before = fixture!.config('dhcp');
    expect(await write('usp', set(1, { Value: 'C00002' }))).toBe('invalid-value Value');
    expect(await write('usp', add({ Enable: 'true', Tag: '53', Value: '02' }))).toBe('invalid-value Value');
    expect(await write('usp', add({ Tag: '67', Value: '00' }))).toBe('invalid-value Value');
    expect(await write('usp', set(1, { Tag: '67' }))).toBe('invalid-value Tag');
    expect(await write('usp', add({ Enable: 'true', Tag: '6', Value: 'C0000202' }))).toBe('duplicate-key ');
    expect(await write('usp', add({ Tag: '255', Value: '01' }))).toBe('invalid-value Tag');
    expect(fixture!.config('dhcp')).toBe(before);
    expect(await rows()).toEqual(['1: on 6=C0000201']);
  });

  it('lets a row that is off have the tag of one that is on', async () => {
    await open(['6,192.0.2.1']);
    expect(await write('usp', add({ Tag: '6', Value: 'C0000202' }))).toBe('ok');
    expect(await write('usp', set(2, { Enable: 'true' }))).toBe('duplicate-key ');
    expect(await write('usp', set(1, { Enable: 'false' }), set(2, { Enable: 'true' }))).toBe('ok,ok');
    expect(listed('dhcp_option')).toEqual(['6,192.0.2.2']);
    expect(await rows()).toEqual(['1: off 6=C0000201', '2: on 6=C0000202']);
  });

  it('is not what a domain could make of the configuration file of dnsmasq', async () => {
    await open([]);
    const domain = (DomainName: string): Write => ({
      op: 'set',
      path: 'Device.DHCPv4.Server.Pool.1.',
      parameters: parameters({ DomainName }),
    });
    expect(await write('usp', domain('a\ndhcp-script=/tmp/x'))).toBe('invalid-value DomainName');
    expect(await write('usp', domain('example.org'))).toBe('ok');
    expect(listed('dhcp_option')).toEqual(['15,example.org']);
  });

  it('keeps its Alias when a parameter of the pool changes its item in the same request', async () => {
    await open(['6,192.0.2.1']);
    const servers = {
      op: 'set',
      path: 'Device.DHCPv4.Server.Pool.1.',
      parameters: parameters({ DNSServers: '192.0.2.5' }),
    };
    expect(await write('cwmp', servers as Write, set(1, { Alias: 'dns' }))).toBe('ok,ok');
    const [reading] = await fixture!.model.get({ protocol: 'cwmp' }, [`${pool}1.Alias`, `${pool}1.Value`]);
    expect(JSON.stringify(reading)).toContain('"dns"');
    expect(listed('dhcp_option')).toEqual(['6,192.0.2.5']);
  });

  it('and DNSServers are two views of the same item', async () => {
    await open(['6,192.0.2.1']);
    const servers = {
      op: 'set',
      path: 'Device.DHCPv4.Server.Pool.1.',
      parameters: parameters({ DNSServers: '192.0.2.5' }),
    };
    expect(await write('usp', servers as Write)).toBe('ok');
    expect(await rows()).toEqual(['1: on 6=C0000205']);
  });
});

describe('DHCPv4.Client.{i}.', () => {
  it('SentOption rows are items of sendopts', async () => {
    await open([]);
    const table = `${client}SentOption.`;
    expect(await write('usp', add({ Enable: 'true', Tag: '60', Value: '4142' }, table))).toBe('ok');
    expect(listed('sendopts', 'network')).toEqual(['60:4142']);
    expect(await write('usp', set(1, { Enable: 'false' }, table))).toBe('ok');
    expect(fixture!.config('network')).not.toContain('sendopts');
    expect(await rows(table)).toEqual(['1: off 60=4142']);
  });

  it('ReqOption rows are the numbers among reqopts, and its names stay', async () => {
    await open([]);
    const table = `${client}ReqOption.`;
    expect(await rows(table)).toEqual(['1: on 43=']);
    expect(await write('cwmp', add({}, table))).toBe('ok');
    expect(await write('cwmp', set(2, { Tag: '125', Enable: 'true' }, table))).toBe('ok');
    expect(listed('reqopts', 'network')).toEqual(['43 ntpsrv 125']);
    expect(await write('cwmp', { op: 'delete', path: `${table}1.` })).toBe('ok');
    expect(listed('reqopts', 'network')).toEqual(['ntpsrv 125']);
  });
});
