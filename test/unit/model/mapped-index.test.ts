import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Protocol, Write } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const rules = 'Device.Firewall.Chain.1.Rule.';
const hosts = 'Device.Hosts.Host.';
const mapping = {
  sources: {
    firewall: { uci: 'firewall' },
    network: { uci: 'network' },
    leases: { ubus: ['leases', 'get'], fresh: 10 },
    live: { ubus: ['live', 'get'] },
  },
  'Device.Firewall.Chain.{i}.': {
    rows: 'firewall/defaults',
    let: { skipped: 'skip' },
    'Rule.{i}.': {
      rows: 'firewall/rule[target!=$skipped]',
      add: {},
      Description: 'name',
      DestPort: { at: 'dest_port', default: '-1' },
      Enable: { at: 'enabled', default: '1' },
      SourceInterface: { at: 'src', as: 'ref', to: 'Device.IP.Interface.{i}.' },
    },
  },
  'Device.IP.Interface.{i}.': { rows: 'network/interface', add: {}, Name: '$id' },
  'Device.Hosts.Host.{i}.': { rows: 'leases/*', keep: false, HostName: '$item/name', IPAddress: 'live/$id' },
};

let fixture: ModelFixture;
let clock: HandClock;
let bus: FakeBus;
let leases: Record<string, { name: string }>;
let addresses: Record<string, string>;

beforeEach(async () => {
  clock = new HandClock();
  leases = { a: { name: 'one' }, b: { name: 'two' } };
  addresses = { a: '192.0.2.1', b: '192.0.2.2' };
  bus = new FakeBus({
    'service event': () => ({}),
    'leases get': () => structuredClone(leases),
    'live get': () => structuredClone(addresses),
  });
  fixture = await openModel({
    bus,
    clock,
    unlocked: true,
    packages: {
      firewall: `${defaults('NONE')}${section('web', { name: 'Web', dest_port: '80', src: 'lan' })}${section('', { name: 'Mail' })}`,
      network: "config interface 'lan'\n\nconfig interface 'guest'\n",
    },
    mappings: [{ file: 'index.json', text: JSON.stringify(mapping) }],
  });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const defaults = (skip: string): string => `config defaults\n\toption skip '${skip}'\n`;

function section(name: string, options: Record<string, string>): string {
  const lines = Object.entries(options).map(([option, value]) => `\toption ${option} '${value}'\n`);
  return `\nconfig rule${name && ` '${name}'`}\n${lines.join('')}`;
}

/** As another program does it. */
function edit(pack: string, text: string): void {
  const path = join(fixture.root, 'etc/config', pack);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

async function found(path: string, protocol: Protocol = 'usp'): Promise<string[]> {
  const [reading] = await fixture.model.get({ protocol }, [path], { maxDepth: 1 });
  const { result } = reading!;
  return result.ok ? result.value.map((object) => object.path) : [result.fault.kind];
}

/** The same without looking anything up: all rows are read and compared here. */
async function scanned(table: string, name: string, value: string): Promise<string[]> {
  const [reading] = await fixture.model.get({ protocol: 'usp' }, [`${table}*.`], { maxDepth: 1 });
  if (!reading!.result.ok) return [reading!.result.fault.kind];
  return reading!.result.value
    .filter(({ parameters }) => parameters.some(({ info, value: has }) => info.name === name && has === value))
    .map(({ path }) => path);
}

const write = (...writes: Write[]) =>
  fixture.model.write({ protocol: 'cwmp' }, writes, { origin: { by: 'cwmp' }, partial: false });
const set = (path: string, name: string, value: string): Write => ({
  op: 'set',
  path,
  parameters: [{ name, value, required: true }],
});

describe('rows of a mapped table that are looked up', () => {
  it('are found by Alias, text, number, boolean and reference, whatever way they are written', async () => {
    expect(await found(`${rules}[Alias=="cpe-2"].`)).toEqual([`${rules}2.`]);
    expect(await found(`${rules}[cpe-2].`, 'cwmp')).toEqual([`${rules}2.`]);
    expect(await found(`${rules}[Description=="Web"].`)).toEqual([`${rules}1.`]);
    expect(await found(`${rules}[DestPort==+080].`)).toEqual([`${rules}1.`]);
    expect(await found(`${rules}[Enable==1].`)).toEqual([`${rules}1.`, `${rules}2.`]);
    expect(await found(`${rules}[SourceInterface=="Device.IP.Interface.1."].`)).toEqual([`${rules}1.`]);
    expect(await found(`${rules}[SourceInterface=="Device.IP.Interface.1"&&Description=="Mail"].`)).toEqual([]);
    expect(await found(`${rules}[Description=="nobody"].`)).toEqual([]);
  });

  it('are refused as before where the search is none', async () => {
    expect(await found(`${rules}[Description==Web].`)).toEqual(['path-syntax']);
    expect(await found(`${rules}[DestPort=="80"].`)).toEqual(['path-syntax']);
    expect(await found(`${rules}[nobody].`, 'cwmp')).toEqual(['no-instance']);
  });

  it('follow an Alias that is given and one that goes with its row', async () => {
    expect(await found(`${rules}[mine].`, 'cwmp')).toEqual(['no-instance']);
    expect((await write(set(`${rules}2.`, 'Alias', 'mine'))).committed).toBe(true);
    expect(await found(`${rules}[mine].`, 'cwmp')).toEqual([`${rules}2.`]);
    expect(await found(`${rules}[cpe-2].`, 'cwmp')).toEqual(['no-instance']);
    expect((await write({ op: 'delete', path: `${rules}2.` })).committed).toBe(true);
    expect(await found(`${rules}[mine].`, 'cwmp')).toEqual(['no-instance']);
  });

  it('follow the filter of their table and what stands above them', async () => {
    expect(await found(`${rules}[Description=="Web"].`)).toEqual([`${rules}1.`]);
    edit('firewall', `${defaults('DROP')}${section('web', { name: 'Web', target: 'DROP' })}`);
    expect(await found(`${rules}[Description=="Web"].`)).toEqual([]);
  });

  it('follow the rows that they refer to', async () => {
    const path = `${rules}[SourceInterface=="Device.IP.Interface.1"].`;
    expect(await found(path)).toEqual([`${rules}1.`]);
    edit('network', "config interface 'guest'\n");
    expect(await found(path)).toEqual([]);
  });

  it('are those of the answer that is fresh, and no call is made for them while it is', async () => {
    expect(await found(`${hosts}[HostName=="two"].`)).toEqual([`${hosts}2.`]);
    const calls = bus.invoked.length;
    leases = { a: { name: 'two' } };
    expect(await found(`${hosts}[HostName=="two"].HostName`)).toEqual([`${hosts}2.`]);
    expect(bus.invoked.length).toBe(calls);
    clock.advance(11_000);
    expect(await found(`${hosts}[HostName=="two"].`)).toEqual([`${hosts}1.`]);
  });

  it('are looked at anew where an answer is never fresh', async () => {
    expect(await found(`${hosts}[IPAddress=="192.0.2.2"].`)).toEqual([`${hosts}2.`]);
    addresses = { a: '192.0.2.2', b: '192.0.2.1' };
    expect(await found(`${hosts}[IPAddress=="192.0.2.2"].`)).toEqual([`${hosts}1.`]);
  });

  it('refuse an Alias that another row of the same request has taken, not one that it has given up', async () => {
    const taken = await write(set(`${rules}1.`, 'Alias', 'mine'), set(`${rules}2.`, 'Alias', 'mine'));
    expect(taken.committed).toBe(false);
    expect((await write(set(`${rules}1.`, 'Alias', 'mine'))).committed).toBe(true);
    const passedOn = await write(set(`${rules}1.`, 'Alias', 'other'), set(`${rules}2.`, 'Alias', 'mine'));
    expect(passedOn.committed).toBe(true);
    expect(await found(`${rules}[mine].`, 'cwmp')).toEqual([`${rules}2.`]);
  });
});

it('finds what reading every row finds, whatever has been written and edited before', async () => {
  const name = fc.constantFrom('Web', 'Mail', 'Game', 'a');
  const port = fc.constantFrom('80', '25', '7');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), name, port }),
    fc.record({ kind: fc.constant('set' as const), at: fc.nat(5), name, port }),
    fc.record({ kind: fc.constant('delete' as const), at: fc.nat(5) }),
    fc.record({ kind: fc.constant('alias' as const), at: fc.nat(5), name }),
    fc.record({ kind: fc.constant('edit' as const), names: fc.array(name, { maxLength: 5 }), anonymous: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      for (const one of steps) {
        const rows = await found(`${rules}*.`);
        const row = 'at' in one ? rows[one.at % Math.max(1, rows.length)] : undefined;
        if (one.kind === 'add') {
          const parameters = [
            { name: 'Description', value: one.name, required: true },
            { name: 'DestPort', value: one.port, required: true },
          ];
          await write({ op: 'add', path: rules, parameters });
        } else if (one.kind === 'edit') {
          const sections = one.names.map((text, at) => section(one.anonymous ? '' : `s${at}`, { name: text }));
          edit('firewall', `${defaults('NONE')}${sections.join('')}`);
        } else if (row !== undefined && one.kind === 'set') {
          await write(set(row, 'Description', one.name), set(row, 'DestPort', one.port));
        } else if (row !== undefined && one.kind === 'alias') await write(set(row, 'Alias', one.name));
        else if (row !== undefined) await write({ op: 'delete', path: row });
        for (const value of ['Web', 'Mail', 'Game', 'a', 'cpe-1', 'cpe-2']) {
          expect(await found(`${rules}[Description=="${value}"].`)).toEqual(await scanned(rules, 'Description', value));
          expect(await found(`${rules}[Alias=="${value}"].`)).toEqual(await scanned(rules, 'Alias', value));
        }
        expect(await found(`${rules}[DestPort==80].`)).toEqual(await scanned(rules, 'DestPort', '80'));
      }
    }),
    { numRuns: 25 },
  );
});
