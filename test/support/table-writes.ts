import type { Protocol, Write } from '#model';
import type { ModelFixture } from './model-fixture.ts';

type Values = Readonly<Record<string, string>>;

const parameters = (values: Values) => Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
export const added = (path: string, values: Values = {}): Write => ({
  op: 'add',
  path,
  parameters: parameters(values),
});
export const changed = (path: string, values: Values): Write => ({ op: 'set', path, parameters: parameters(values) });
export const removed = (path: string): Write => ({ op: 'delete', path });

/** What is said of each write: `ok`, or the kind of its fault and the parameter at fault. */
export async function written(fixture: ModelFixture, protocol: Protocol, ...writes: Write[]): Promise<string> {
  const { model } = fixture;
  const answer = await model.write({ protocol }, writes, { origin: { by: protocol }, partial: false });
  const said = answer.outcomes.map(({ result }) => {
    if (result.ok) return 'ok';
    const refusal = result.fault.refusals[0];
    return `${refusal?.fault.kind ?? result.fault.fault.kind} ${refusal?.path.split('.').at(-1)}`.trim();
  });
  return said.join();
}

/** `1: true 192.0.2.1` for each row, with the values of these parameters. */
export async function rowsOf(fixture: ModelFixture, table: string, ...names: string[]): Promise<string[]> {
  const [reading] = await fixture.model.get({ protocol: 'usp' }, [`${table}*.`]);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value
    .filter(({ path }) => /^[0-9]+\.$/.test(path.slice(table.length)))
    .map(({ path, parameters: all }) => {
      const values = names.map((name) => all.find(({ info }) => info.name === name)?.value ?? '?');
      return `${path.slice(table.length, -1)}: ${values.map((value) => value || '-').join(' ')}`;
    });
}

/** Items of a list, or the text of an option, wherever in the package it is. */
export const itemsOf = (fixture: ModelFixture, pack: string, option: string): string[] =>
  [...fixture.config(pack).matchAll(new RegExp(`(?:list|option) ${option} '(.*)'`, 'g'))].map(([, item]) => item!);
