import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Write } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

let fixture: ModelFixture;
beforeEach(async () => {
  fixture = await openModel({
    bus: new FakeBus({ 'service event': () => ({}) }),
    packages: {
      firewall:
        "config redirect 'web'\n\toption target 'DNAT'\n\toption src_ip '192.0.2.1'\n\toption src_dport '80'\n\toption proto 'tcp'\n\toption enabled '1'\n",
      network: '',
    },
  });
});
afterEach(() => fixture[Symbol.asyncDispose]());

const table = 'Device.NAT.PortMapping.';
const parameters = (values: Record<string, string>) =>
  Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
const add = (values: Record<string, string>): Write => ({ op: 'add', path: table, parameters: parameters(values) });
const set = (row: number, values: Record<string, string>): Write => ({
  op: 'set',
  path: `${table}${row}.`,
  parameters: parameters(values),
});
async function write(...writes: Write[]): Promise<string> {
  const answer = await fixture.model.write({ protocol: 'usp' }, writes, { origin: { by: 'usp' }, partial: false });
  const said = answer.outcomes.map(({ result }) => (result.ok ? 'ok' : result.fault.fault.kind));
  return `${answer.committed} ${said.join()}`;
}
const web = { RemoteHost: '192.0.2.1', ExternalPort: '80', Protocol: 'TCP' };

it('refuses a second enabled row with the key of the first, and takes one that is not enabled', async () => {
  expect(await write(add({ ...web, Enable: 'true' }))).toBe('false duplicate-key');
  expect(await write(add(web))).toBe('true ok');
  expect(await write(set(3, { Enable: 'true' }))).toBe('false duplicate-key');
  expect(await write(set(3, { Enable: 'true', ExternalPort: '81' }))).toBe('true ok');
  expect(await write(set(3, { ExternalPort: '80' }))).toBe('false duplicate-key');
});

it('looks at what the same request does to the other row', async () => {
  const other = { ...web, Enable: 'true' };
  expect(await write(set(1, { ExternalPort: '8080' }), add(other))).toBe('true ok,ok');
  expect(
    await write(
      add({ ...web, ExternalPort: '90', Enable: 'true' }),
      add({ ...web, ExternalPort: '90', Enable: 'true' }),
    ),
  ).toBe('false ok,duplicate-key');
  expect(await write({ op: 'delete', path: `${table}2.` }, set(1, { ExternalPort: '80' }))).toBe('true ok,ok');
});

it('binds nobody by an empty value', async () => {
  const anywhere = { RemoteHost: '', ExternalPort: '22', Protocol: 'TCP', Enable: 'true' };
  expect(await write(add(anywhere), add(anywhere))).toBe('true ok,ok');
});

it('stays quick for many', async () => {
  const many = Array.from({ length: 300 }, (_, n) => add({ ...web, ExternalPort: `${1000 + n}`, Enable: 'true' }));
  expect((await write(...many)).slice(0, 4)).toBe('true');
});
