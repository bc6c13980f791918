import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DataModel, Write } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const bus = (): FakeBus => new FakeBus({ 'service event': () => ({}) });
const mapping = {
  file: 'test.json',
  text: JSON.stringify({
    sources: { firewall: { uci: 'firewall' }, wireless: { uci: 'wireless' } },
    'Device.NAT.PortMapping.{i}.': {
      rows: 'firewall/redirect',
      add: { target: 'DNAT' },
      Description: 'name',
      ExternalPort: 'src_dport',
    },
    'Device.WiFi.SSID.{i}.': { rows: 'wireless/wifi-iface', add: { mode: 'ap' }, SSID: 'ssid' },
    'Device.WiFi.AccessPoint.{i}.': {
      rows: 'wireless/wifi-iface',
      add: { mode: 'ap' },
      IsolationEnable: { at: 'isolate', default: '0' },
      SSIDReference: { at: '$id', as: 'ref', to: 'Device.WiFi.SSID.{i}.' },
    },
  }),
};
const redirect = (name: string, more = ''): string =>
  `config redirect\n\toption target 'DNAT'\n\toption name '${name}'\n${more}\n`;
const open = (firewall: string, wireless = '', root?: string): Promise<ModelFixture> =>
  openModel({
    bus: bus(),
    mappings: [mapping],
    packages: root ? {} : { firewall, wireless },
    ...(root !== undefined && { root }),
  });
const edit = ({ root }: ModelFixture, pack: string, text: string): void =>
  writeFileSync(join(root, 'etc/config', pack), text);

/** Instance numbers by a parameter's value. */
async function numbers(model: DataModel, table = 'Device.NAT.PortMapping.', by = 'Description') {
  const [read] = await model.get({ protocol: 'cwmp' }, [table]);
  const objects = read!.result.ok ? read!.result.value : [];
  return Object.fromEntries(
    objects.map(({ path, parameters }) => [
      parameters.find(({ info }) => info.name === by)!.value,
      Number(/([0-9]+)\.$/.exec(path)![1]),
    ]),
  );
}
const write = (model: DataModel, ...writes: Write[]) =>
  model.write({ protocol: 'cwmp' }, writes, { origin: { by: 'cwmp' }, partial: false });
const set = (path: string, name: string, value: string): Write => ({
  op: 'set',
  path,
  parameters: [{ name, value, required: true }],
});

describe('rows without a name of their own', () => {
  it('keep their numbers when somebody moves them, puts one in, takes one out, or edits one', async () => {
    await using fixture = await open(redirect('a') + redirect('b') + redirect('c'));
    const { model } = fixture;
    expect(await numbers(model)).toEqual({ a: 1, b: 2, c: 3 });
    edit(fixture, 'firewall', redirect('c') + redirect('a') + redirect('b'));
    expect(await numbers(model)).toEqual({ a: 1, b: 2, c: 3 });
    edit(fixture, 'firewall', redirect('new') + redirect('c') + redirect('a') + redirect('b'));
    expect(await numbers(model)).toEqual({ new: 4, a: 1, b: 2, c: 3 });
    edit(fixture, 'firewall', redirect('new') + redirect('c') + redirect('b'));
    expect(await numbers(model)).toEqual({ new: 4, b: 2, c: 3 });
    edit(fixture, 'firewall', redirect('new') + redirect('edited') + redirect('b'));
    expect(await numbers(model)).toEqual({ new: 4, b: 2, edited: 3 });
    // One is gone and another edited: likeness says which.
    edit(fixture, 'firewall', redirect('new') + redirect('b', "\toption src_dport '80'\n"));
    expect(await numbers(model)).toEqual({ new: 4, b: 2 });
  });

  it('are new when they can not be told from what was there', async () => {
    await using fixture = await open(redirect('a') + redirect('b'));
    expect(await numbers(fixture.model)).toEqual({ a: 1, b: 2 });
    edit(fixture, 'firewall', "config redirect\n\toption name 'x'\n\toption target 'SNAT'\n\toption src_dport '1'\n");
    expect(await numbers(fixture.model)).toEqual({ x: 3 });
  });

  it('keep them over a restart, whatever was edited meanwhile', async () => {
    const first = await open(redirect('a') + redirect('b') + redirect('c'));
    try {
      expect(await numbers(first.model)).toEqual({ a: 1, b: 2, c: 3 });
      // The power goes: nothing is closed.
      edit(first, 'firewall', redirect('c') + redirect('a') + redirect('new'));
      const again = await open('', '', first.root);
      expect(await numbers(again.model)).toEqual({ a: 1, c: 3, new: 4 });
      await again.model[Symbol.asyncDispose]();
    } finally {
      rmSync(first.root, { recursive: true, force: true });
    }
  });

  it('get a name with the first write, and keep their number in every table that stands for them', async () => {
    const wireless = "config wifi-iface\n\toption ssid 'a'\n\nconfig wifi-iface\n\toption ssid 'b'\n";
    await using fixture = await open('', wireless);
    const { model } = fixture;
    const names = () => numbers(model, 'Device.WiFi.SSID.', 'SSID');
    const references = () => numbers(model, 'Device.WiFi.AccessPoint.', 'SSIDReference');
    expect(await names()).toEqual({ a: 1, b: 2 });
    expect(await references()).toEqual({ 'Device.WiFi.SSID.1': 1, 'Device.WiFi.SSID.2': 2 });
    expect((await write(model, set('Device.WiFi.SSID.2.', 'SSID', 'c'))).committed).toBe(true);
    expect(fixture.config('wireless')).toContain("config wifi-iface 'wifi_iface_t1'");
    expect(await names()).toEqual({ a: 1, c: 2 });
    expect(await references()).toEqual({ 'Device.WiFi.SSID.1': 1, 'Device.WiFi.SSID.2': 2 });
    expect((await write(model, { op: 'delete', path: 'Device.WiFi.SSID.1.' })).committed).toBe(true);
    expect(await names()).toEqual({ c: 2 });
    expect(await references()).toEqual({ 'Device.WiFi.SSID.2': 2 });
  });

  it('always keep the number of a row that nobody touched', async () => {
    const content = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 6 }), async (versions) => {
        await using fixture = await open('');
        let before: Record<string, number> = {};
        const given = new Map<number, string>();
        for (const version of versions) {
          edit(fixture, 'firewall', version.map((port) => redirect(`r${port}`)).join(''));
          const now = await numbers(fixture.model);
          for (const [name, number] of Object.entries(now)) {
            if (before[name] !== undefined) expect(number).toBe(before[name]);
          }
          expect(new Set(Object.values(now)).size).toBe(version.length);
          for (const [name, number] of Object.entries(now)) given.set(number, name);
          before = now;
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('instance numbers', () => {
  it('are not used again after a row has gone, also over a restart', async () => {
    const first = await open('');
    const table = 'Device.NAT.PortMapping.';
    const add: Write = { op: 'add', path: table, parameters: [] };
    try {
      for (const wanted of [1, 2, 3]) {
        const answer = await write(first.model, add);
        const [outcome] = answer.outcomes;
        expect(outcome!.result.ok && outcome!.result.value[0]!.path).toBe(`${table}${wanted}.`);
        await write(first.model, { op: 'delete', path: `${table}${wanted}.` });
      }
      const again = await open('', '', first.root);
      const answer = await write(again.model, add);
      const [outcome] = answer.outcomes;
      expect(outcome!.result.ok && outcome!.result.value[0]!.path).toBe(`${table}4.`);
      await again.model[Symbol.asyncDispose]();
    } finally {
      rmSync(first.root, { recursive: true, force: true });
    }
  });

  it('are on flash before anybody is told them', async () => {
    const first = await open(redirect('a') + redirect('b'));
    try {
      edit(first, 'firewall', redirect('b') + redirect('a'));
      expect(await numbers(first.model)).toEqual({ b: 1, a: 2 });
      edit(first, 'firewall', redirect('a') + redirect('b'));
      const again = await open('', '', first.root);
      expect(await numbers(again.model)).toEqual({ b: 1, a: 2 });
      await again.model[Symbol.asyncDispose]();
    } finally {
      rmSync(first.root, { recursive: true, force: true });
    }
  });

  it('of a refused row are given to nobody', async () => {
    await using fixture = await open('');
    const table = 'Device.NAT.PortMapping.';
    const bad: Write = { op: 'add', path: table, parameters: [{ name: 'ExternalPort', value: 'x', required: true }] };
    const partly = await fixture.model.write({ protocol: 'usp' }, [bad, { ...bad, parameters: [] }], {
      origin: { by: 'usp' },
      partial: true,
    });
    expect(partly.outcomes.map(({ result }) => result.ok)).toEqual([false, true]);
    expect(Object.values(await numbers(fixture.model))).toHaveLength(1);
  });
});

describe('an Alias', () => {
  const first = "config wifi-iface 'home'\n\toption ssid 'a'\n\nconfig wifi-iface\n\toption ssid 'b'\n";
  const alias = async (model: DataModel, protocol: 'cwmp' | 'usp', row: string) => {
    const [read] = await model.get({ protocol }, [`${row}Alias`]);
    return read!.result.ok ? read!.result.value[0]?.parameters[0]?.value : undefined;
  };

  it('is made by the agent, changed by CWMP, kept over a restart, and a way to the row', async () => {
    const fixture = await open('', first);
    try {
      const { model } = fixture;
      expect(await alias(model, 'cwmp', 'Device.WiFi.SSID.2.')).toBe('cpe-2');
      expect((await write(model, set('Device.WiFi.SSID.2.', 'Alias', 'guest'))).committed).toBe(true);
      const again = await open('', '', fixture.root);
      expect(await alias(again.model, 'cwmp', 'Device.WiFi.SSID.[guest].')).toBe('guest');
      expect(await alias(again.model, 'usp', 'Device.WiFi.SSID.[Alias=="guest"].')).toBe('guest');
      await again.model[Symbol.asyncDispose]();
    } finally {
      rmSync(fixture.root, { recursive: true, force: true });
    }
  });

  it('is unique in its table, and written once through USP', async () => {
    await using fixture = await open('', first);
    const { model } = fixture;
    await write(model, set('Device.WiFi.SSID.2.', 'Alias', 'guest'));
    const taken = await write(model, set('Device.WiFi.SSID.1.', 'Alias', 'guest'));
    expect(taken.committed).toBe(false);
    const usp = (value: string, path = 'Device.WiFi.SSID.1.') =>
      model.write({ protocol: 'usp' }, [set(path, 'Alias', value)], { origin: { by: 'usp' }, partial: false });
    expect((await usp('other')).committed).toBe(false);
    const added = await model.write(
      { protocol: 'usp' },
      [{ op: 'add', path: 'Device.WiFi.SSID.', parameters: [{ name: 'Alias', value: 'third', required: true }] }],
      { origin: { by: 'usp' }, partial: false },
    );
    expect(added.committed).toBe(true);
    expect(await alias(model, 'usp', 'Device.WiFi.SSID.3.')).toBe('third');
  });
});
