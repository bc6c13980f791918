import { afterEach, expect, it } from 'vitest';
import type { Protocol, Write } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// VLANPort rows are items of `list ports` of bridge-vlan sections: the mapping that ships, on files.
const bridge = 'Device.Bridging.Bridge.1.';
const ports = `${bridge}VLANPort.`;
const network = (vlans: string): string =>
  `config device 'br'\n\toption name 'br-lan'\n\toption type 'bridge'\n\tlist ports 'lan1'\n\tlist ports 'lan2'\n\tlist ports 'lan3'\n\nconfig device 'other'\n\toption name 'br-other'\n\toption type 'bridge'\n\tlist ports 'eth9'\n${vlans}`;
const vlan = (name: string, id: string, items: readonly string[]): string =>
  `\nconfig bridge-vlan${name && ` '${name}'`}\n\toption device 'br-lan'\n\toption vlan '${id}'\n${items.map((item) => `\tlist ports '${item}'\n`).join('')}`;

let fixture: ModelFixture | undefined;
afterEach(async () => {
  await fixture?.[Symbol.asyncDispose]();
  fixture = undefined;
});

async function open(vlans: string, root?: string): Promise<void> {
  fixture = await openModel({
    bus: new FakeBus({ 'service event': () => ({}) }),
    packages: root === undefined ? { network: network(vlans) } : {},
    unlocked: true,
    ...(root !== undefined && { root }),
  });
}

/** `1: VLAN.1 Port.2 tagged` for each row. */
async function rows(): Promise<string[]> {
  const [reading] = await fixture!.model.get({ protocol: 'usp' }, [`${ports}*.`]);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value.map(({ path, parameters }) => {
    const value = (name: string): string => parameters.find(({ info }) => info.name === name)!.value;
    const tail = (text: string): string => text.slice(bridge.length) || '-';
    const tagged = value('Untagged') === 'true' ? 'untagged' : 'tagged';
    return `${path.slice(ports.length, -1)}: ${tail(value('VLAN'))} ${tail(value('Port'))} ${tagged} ${value('Alias')}`;
  });
}

const items = (): string[] =>
  fixture!
    .config('network')
    .split('\n')
    .filter((line) => /^config bridge-vlan|list ports '(lan|wlan)/.test(line.trim()))
    .slice(3)
    .map((line) => line.trim().replace(/^(config bridge-vlan|list ports) ?/, ''));

const set = (row: number, values: Record<string, string>): Write => ({
  op: 'set',
  path: `${ports}${row}.`,
  parameters: Object.entries(values).map(([name, value]) => ({ name, value, required: true })),
});
const add = (values: Record<string, string>): Write => ({
  op: 'add',
  path: ports,
  parameters: Object.entries({ Enable: 'true', ...values }).map(([name, value]) => ({ name, value, required: true })),
});
async function write(protocol: Protocol, ...writes: Write[]): Promise<string> {
  const answer = await fixture!.model.write({ protocol }, writes, { origin: { by: protocol }, partial: false });
  const said = answer.outcomes.map(({ result }) =>
    result.ok ? 'ok' : (result.fault.refusals[0]?.fault.kind ?? result.fault.fault.kind),
  );
  return `${answer.committed} ${said.join()}`;
}

const two = vlan('v10', '10', ['lan1:u*', 'lan2:t']) + vlan('v20', '20', ['lan3']);

it('reads port and tagging of each item', async () => {
  await open(two);
  expect(await rows()).toEqual([
    '1: VLAN.1 Port.1 untagged cpe-1',
    '2: VLAN.1 Port.2 tagged cpe-2',
    '3: VLAN.2 Port.3 untagged cpe-3',
  ]);
});

it('writes one part of an item and leaves the others, and the order of the list', async () => {
  await open(two);
  expect(await write('usp', set(1, { Untagged: 'false' }))).toBe('true ok');
  expect(items()).toEqual(["'v10'", "'lan1:t'", "'lan2:t'", "'v20'", "'lan3'"]);
  expect(await write('usp', set(3, { Untagged: 'true' }))).toBe('true ok');
  expect(items()).toEqual(["'v10'", "'lan1:t'", "'lan2:t'", "'v20'", "'lan3'"]);
  expect(await write('usp', set(1, { Port: `${bridge}Port.3` }))).toBe('true ok');
  expect(items()).toEqual(["'v10'", "'lan3:t'", "'lan2:t'", "'v20'", "'lan3'"]);
  expect(await rows()).toEqual([
    '1: VLAN.1 Port.3 tagged cpe-1',
    '2: VLAN.1 Port.2 tagged cpe-2',
    '3: VLAN.2 Port.3 untagged cpe-3',
  ]);
});

it('moves an item to another section, and the row keeps its number and Alias', async () => {
  await open(two);
  expect(await write('cwmp', set(2, { Alias: 'trunk' }))).toBe('true ok');
  expect(await write('cwmp', set(2, { VLAN: `${bridge}VLAN.2` }))).toBe('true ok');
  expect(items()).toEqual(["'v10'", "'lan1:u*'", "'v20'", "'lan3'", "'lan2:t'"]);
  expect((await rows())[1]).toBe('2: VLAN.2 Port.2 tagged trunk');
});

it('adds a row with its values at once, and deletes it', async () => {
  await open(two);
  const added = add({ VLAN: `${bridge}VLAN.2`, Port: `${bridge}Port.1`, Untagged: 'false', Alias: 'uplink' });
  expect(await write('usp', added)).toBe('true ok');
  expect(items()).toEqual(["'v10'", "'lan1:u*'", "'lan2:t'", "'v20'", "'lan3'", "'lan1:t'"]);
  expect((await rows())[3]).toBe('4: VLAN.2 Port.1 tagged uplink');
  expect(await write('usp', { op: 'delete', path: `${ports}4.` })).toBe('true ok');
  expect(await write('usp', { op: 'delete', path: `${ports}3.` })).toBe('true ok');
  expect(items()).toEqual(["'v10'", "'lan1:u*'", "'lan2:t'", "'v20'"]);
  expect(await write('usp', added)).toBe('true ok');
  expect((await rows()).map((row) => row.split(':')[0])).toEqual(['1', '2', '5']);
});

it('adds a row first and fills it in later, as an ACS does; until then it is in no file', async () => {
  await open(two);
  const before = fixture!.config('network');
  expect(await write('cwmp', add({}))).toBe('true ok');
  expect((await rows())[3]).toBe('4: - - untagged cpe-4');
  expect(await write('cwmp', set(4, { Port: `${bridge}Port.2`, Untagged: 'false' }))).toBe('true ok');
  expect((await rows())[3]).toBe('4: - Port.2 tagged cpe-4');
  expect(fixture!.config('network')).toBe(before);
  await fixture!.model[Symbol.asyncDispose]();
  await open('', fixture!.root);
  expect((await rows())[3]).toBe('4: - Port.2 tagged cpe-4');
  expect(await write('cwmp', set(4, { VLAN: `${bridge}VLAN.2` }))).toBe('true ok');
  expect((await rows())[3]).toBe('4: VLAN.2 Port.2 tagged cpe-4');
  expect(items()).toEqual(["'v10'", "'lan1:u*'", "'lan2:t'", "'v20'", "'lan3'", "'lan2:t'"]);
});

it('takes an item out when its port or VLAN is taken away, and deletes what is left', async () => {
  await open(two);
  expect(await write('cwmp', set(1, { VLAN: '' }))).toBe('true ok');
  expect((await rows())[0]).toBe('1: - Port.1 untagged cpe-1');
  expect(await write('cwmp', set(2, { Port: '' }))).toBe('true ok');
  expect((await rows())[1]).toBe('2: VLAN.1 - tagged cpe-2');
  expect(items()).toEqual(["'v10'", "'v20'", "'lan3'"]);
  expect(await write('cwmp', { op: 'delete', path: `${ports}1.` }, { op: 'delete', path: `${ports}2.` })).toBe(
    'true ok,ok',
  );
  expect(await rows()).toEqual(['3: VLAN.2 Port.3 untagged cpe-3']);
});

it('leaves the ports of a VLAN that is deleted without one, as TR-106 has it, and they can get another', async () => {
  await open(two);
  expect(await write('cwmp', set(2, { Alias: 'trunk' }))).toBe('true ok');
  const gone: Write = { op: 'delete', path: `${bridge}VLAN.1.` };
  expect(await write('cwmp', gone, { op: 'delete', path: `${ports}1.` })).toBe('true ok,ok');
  expect(items()).toEqual(["'v20'", "'lan3'"]);
  expect(await rows()).toEqual(['2: - Port.2 tagged trunk', '3: VLAN.2 Port.3 untagged cpe-3']);
  expect(await write('cwmp', set(2, { VLAN: `${bridge}VLAN.2` }))).toBe('true ok');
  expect(items()).toEqual(["'v20'", "'lan3'", "'lan2:t'"]);
  expect((await rows())[0]).toBe('2: VLAN.2 Port.2 tagged trunk');
});

it('takes a port that is disabled out of its VLAN, and back when it is enabled; a new one begins disabled', async () => {
  await open(two);
  expect(await write('usp', set(2, { Enable: 'false' }))).toBe('true ok');
  expect(await write('usp', add({ VLAN: `${bridge}VLAN.2`, Port: `${bridge}Port.1`, Enable: 'false' }))).toBe(
    'true ok',
  );
  expect(items()).toEqual(["'v10'", "'lan1:u*'", "'v20'", "'lan3'"]);
  expect(await rows()).toHaveLength(4);
  expect(await write('usp', set(2, { Enable: 'true' }), set(4, { Enable: 'true' }))).toBe('true ok,ok');
  expect(items()).toEqual(["'v10'", "'lan1:u*'", "'lan2:t'", "'v20'", "'lan3'", "'lan1:u*'"]);
});

it('takes the VLANs of a bridge that is deleted with it; a new bridge has a name and is disabled', async () => {
  await open(two);
  expect(await write('usp', { op: 'delete', path: bridge })).toBe('true ok');
  expect(fixture!.config('network').trim()).toBe(
    "config device 'other'\n\toption name 'br-other'\n\toption type 'bridge'\n\tlist ports 'eth9'",
  );
  expect(await write('usp', { op: 'add', path: 'Device.Bridging.Bridge.', parameters: [] })).toBe('true ok');
  expect(fixture!.config('network')).toMatch(
    /config device '(device_t\d+)'\n\toption type 'bridge'\n\toption name '\1'\n\toption enabled '0'\n/,
  );
});

it('has VLANs enabled, and takes it when a peer says so', async () => {
  await open(two);
  const enable = (value: string): Write => ({
    op: 'set',
    path: `${bridge}VLAN.1.`,
    parameters: [{ name: 'Enable', value, required: true }],
  });
  expect(await write('cwmp', enable('1'))).toBe('true ok');
  expect(await write('cwmp', enable('0'))).toBe('false invalid-value');
});

it('makes several changes of one list in one transaction, or none of them', async () => {
  await open(two);
  const swap = [set(1, { Port: `${bridge}Port.3` }), set(2, { Port: `${bridge}Port.1`, Untagged: 'true' })];
  expect(await write('usp', ...swap, add({ VLAN: `${bridge}VLAN.1`, Port: `${bridge}Port.2` }))).toBe('true ok,ok,ok');
  expect(items()).toEqual(["'v10'", "'lan3:u*'", "'lan1:u*'", "'lan2:u*'", "'v20'", "'lan3'"]);
  const before = fixture!.config('network');
  expect(await write('usp', set(1, { Untagged: 'false' }), set(2, { Port: `${bridge}Port.9` }))).toBe(
    'false ok,invalid-value',
  );
  expect(fixture!.config('network')).toBe(before);
  expect((await rows()).length).toBe(4);
});

it('refuses a port twice in one VLAN, and what is of another bridge', async () => {
  await open(two);
  const twice = add({ VLAN: `${bridge}VLAN.1`, Port: `${bridge}Port.1` });
  expect(await write('usp', twice)).toBe('false duplicate-key');
  expect(await write('usp', set(2, { Port: `${bridge}Port.1` }))).toBe('false duplicate-key');
  expect(await write('usp', set(1, { Port: 'Device.Bridging.Bridge.2.Port.1' }))).toBe('false invalid-value');
  expect(await write('usp', set(1, { VLAN: `${bridge}VLAN.7` }))).toBe('false invalid-value');
  expect(await rows()).toHaveLength(3);
});

it('gives sections without a name one when an item of theirs is written, and all rows keep their numbers', async () => {
  await open(vlan('', '10', ['lan1:u*', 'lan2:t']) + vlan('', '20', ['lan3']));
  expect(await write('cwmp', set(1, { Alias: 'first' }))).toBe('true ok');
  expect(await write('usp', set(2, { Untagged: 'true' }), set(1, { VLAN: `${bridge}VLAN.2` }))).toBe('true ok,ok');
  expect(items()).toEqual([
    expect.stringMatching(/^'bridge_vlan_/),
    "'lan2:u*'",
    expect.stringMatching(/^'bridge_vlan_/),
    "'lan3'",
    "'lan1:u*'",
  ]);
  expect(await rows()).toEqual([
    '1: VLAN.2 Port.1 untagged first',
    '2: VLAN.1 Port.2 untagged cpe-2',
    '3: VLAN.2 Port.3 untagged cpe-3',
  ]);
});

it('adds a VLAN of the bridge and puts a port into it in the next request', async () => {
  await open('');
  const added = await fixture!.model.write(
    { protocol: 'usp' },
    [{ op: 'add', path: `${bridge}VLAN.`, parameters: [{ name: 'VLANID', value: '30', required: true }] }],
    { origin: { by: 'usp' }, partial: false },
  );
  expect(added.committed).toBe(true);
  expect(await write('usp', add({ VLAN: `${bridge}VLAN.1`, Port: `${bridge}Port.2` }))).toBe('true ok');
  expect(fixture!.config('network')).toMatch(
    /config bridge-vlan 'bridge_vlan_t\d+'\n\toption device 'br-lan'\n\toption vlan '30'\n\tlist ports 'lan2:u\*'\n/,
  );
});

it('does not write what a switch of the old kind has', async () => {
  const text = `\nconfig switch 'sw'\n\toption name 'switch0'\n\nconfig switch_vlan 'sv'\n\toption device 'switch0'\n\toption vlan '1'\n\toption ports '0 1 6t'\n`;
  await open(text);
  const path = 'Device.Bridging.Bridge.3.VLANPort.';
  const [reading] = await fixture!.model.get({ protocol: 'usp' }, [`${path}*.Untagged`]);
  const values = reading!.result.ok ? reading!.result.value.map(({ parameters }) => parameters[0]!.value) : [];
  expect(values).toEqual(['true', 'true', 'false']);
  const refused = await fixture!.model.write(
    { protocol: 'usp' },
    [{ op: 'set', path: `${path}1.`, parameters: [{ name: 'Untagged', value: 'false', required: true }] }],
    { origin: { by: 'usp' }, partial: false },
  );
  expect(refused.committed).toBe(false);
  expect(await write('usp', { op: 'delete', path: `${path}1.` })).toBe('false not-deletable');
});
