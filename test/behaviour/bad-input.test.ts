import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Router } from '#lab';
import type { DataModel, Write } from '#model';
import { parseUci } from '#platform';
import type { Protocol } from '../../src/model/api.ts';
import { openSchema, type ParameterDefinition } from '../../src/model/schema/index.ts';
import { type FullRouter, startFullRouter } from '../support/full-router.ts';
import { schemaTable } from '../support/model-fixture.ts';

// Every parameter that can be written, with what it must not take: made from what the schema says of it.
const directory = mkdtempSync(join(tmpdir(), 'tandem-bad-'));
const schema = openSchema(schemaTable());
const pwned = join(directory, 'pwned');
let full: FullRouter;
let router: Router;
let model: DataModel;

beforeAll(async () => {
  full = await startFullRouter(directory, { reloadDelayMs: 0, unlocked: true });
  ({ router, model } = full);
});
afterAll(async () => {
  await full?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

interface Writable {
  /** Of the schema. */
  readonly path: string;
  readonly object: string;
  readonly name: string;
  readonly definition: ParameterDefinition;
  readonly secret: boolean;
}

async function writable(protocol: Protocol): Promise<Writable[]> {
  const [reading] = await model.get({ protocol }, ['Device.']);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value.flatMap(({ path, info, parameters }) =>
    parameters.flatMap(({ info: parameter }): Writable[] => {
      const definition = schema.view(protocol).parameter(info.path + parameter.name);
      if (!parameter.writable || !definition || definition.access === 'writeOnceReadOnly') return [];
      return [
        {
          path: info.path + parameter.name,
          object: path,
          name: parameter.name,
          definition,
          secret: parameter.hidden || parameter.secured,
        },
      ];
    }),
  );
}
const write = (object: string, name: string, value: string): Write => ({
  op: 'set',
  path: object,
  parameters: [{ name, value, required: true }],
});
const config = (): Record<string, string> => {
  const at = join(router.root, 'etc/config');
  return Object.fromEntries(readdirSync(at).map((name) => [name, readFileSync(join(at, name), 'latin1')]));
};

const noNumbers = [
  '',
  ' ',
  'abc',
  '1.5',
  '0x10',
  '1e3',
  '١',
  '1 2',
  '--1',
  'Infinity',
  'NaN',
  '9'.repeat(100),
  '__proto__',
];
/** Texts that the parameter's type does not have. */
function wrongFor({ type }: ParameterDefinition): string[] {
  const inList = (texts: readonly string[]): string[] =>
    type.list ? texts.filter((text) => text.trim() !== '' && !text.includes(',')) : [...texts];
  const wrong: string[] = [];
  const { base } = type;
  if (base === 'boolean') wrong.push('', 'maybe', '2', 'TRUE1', '__proto__', "1'; reboot; '");
  else if (base === 'dateTime') wrong.push('yesterday', '2026-13-01T00:00:00Z', '2026-01-01', '1767225600', '$(date)');
  else if (base === 'hexBinary') wrong.push('xyz', '0g', "'");
  else if (base === 'base64') wrong.push('***', '\0');
  else if (base !== 'string' && base !== 'decimal') {
    wrong.push(...noNumbers);
    const limits = {
      int: ['-2147483649', '2147483648'],
      unsignedInt: ['-1', '4294967296'],
      long: ['9223372036854775808'],
      unsignedLong: ['-1', '18446744073709551616'],
    }[base];
    wrong.push(...limits);
    const [range] = type.ranges;
    if (type.ranges.length === 1 && range?.max !== undefined) wrong.push(String(range.max + 1n));
    if (type.ranges.length === 1 && range?.min !== undefined) wrong.push(String(range.min - 1n));
  }
  if (type.enumeration.length > 0) wrong.push('no such value', '__proto__', 'constructor', "Up'; reboot");
  const most = Math.max(...type.sizes.map(({ max }) => max ?? Number.POSITIVE_INFINITY));
  if (base === 'string' && !type.list && Number.isFinite(most) && most < 100_000) wrong.push('x'.repeat(most + 1));
  if (base === 'string') wrong.push('a\0b', '\u0001', '\ud800');
  return inList(wrong);
}

/** What a shell, UCI, JavaScript or a path would read something into. */
const nasty = [
  `'; touch ${'PWNED'}; echo '`,
  '$(touch PWNED)`touch PWNED`',
  'a\'b"c\\d',
  "x\nconfig evil 'evil'\n\toption a 'b",
  '__proto__',
  'constructor',
  '../../../etc/passwd',
  'a\t# comment',
  `%s%n{{}}$\{7*7}`,
  'ünïcödé ☃ 𝒳',
].map((text) => text.replaceAll('PWNED', pwned));

describe.each(['usp', 'cwmp'] as const)('every parameter that %s can write', (protocol) => {
  it('refuses what its type does not have, each with its name, and nothing is changed', async () => {
    const all = await writable(protocol);
    const covered = new Set(all.map(({ path }) => path));
    const missing = model
      .supported(protocol)
      .below('Device.')
      .flatMap(({ path, parameters }) => parameters.filter((one) => one.writable).map(({ name }) => path + name))
      .filter((path) => !covered.has(path) && schema.view(protocol).parameter(path)?.access !== 'writeOnceReadOnly');
    expect(missing).toEqual([]);
    const before = config();
    const writes = all.flatMap(({ object, name, definition }) =>
      wrongFor(definition).map((value) => write(object, name, value)),
    );
    expect(writes.length).toBeGreaterThan(all.length);
    const answer = await model.write({ protocol }, writes, { origin: { by: protocol }, partial: true });
    const problems = answer.outcomes.flatMap(({ requested, result }) => {
      if (requested.op !== 'set') return [];
      const [parameter] = requested.parameters;
      const path = requested.path + parameter!.name;
      const value = JSON.stringify(parameter!.value).slice(0, 60);
      if (result.ok) return [`${path} took ${value}`];
      const named = result.fault.refusals.some((refusal) => refusal.path === path);
      const kinds = ['invalid-type', 'invalid-value'];
      const kind = result.fault.refusals[0]?.fault.kind ?? result.fault.fault.kind;
      if (!named || !kinds.includes(kind)) return [`${path} ${value}: ${kind}, ${named ? '' : 'not named'}`];
      return result.fault.refusals[0]!.fault.message.includes('x'.repeat(100)) ? [`${path}: a huge message`] : [];
    });
    expect(problems).toEqual([]);
    expect(config()).toEqual(before);
  });

  it('takes nothing at all of a request in which one of them is wrong', async () => {
    const all = await writable(protocol);
    const before = config();
    const good = write('Device.Time.', 'Enable', 'false');
    const [first] = all.filter(({ definition }) => wrongFor(definition).length > 0);
    const bad = write(first!.object, first!.name, wrongFor(first!.definition)[0]!);
    for (const writes of [
      [good, bad],
      [bad, good],
    ]) {
      const answer = await model.write({ protocol }, writes, { origin: { by: protocol }, partial: false });
      expect(answer.committed).toBe(false);
      expect(config()).toEqual(before);
    }
  });

  it.each(nasty.map((text, at) => [at + 1, text] as const))(
    'keeps text %i as text, where it takes it: %j',
    async (_, text) => {
      const sections = (texts: Record<string, string>) =>
        Object.fromEntries(
          Object.entries(texts).map(([name, content]) => [name, parseUci(content).sectionNames.length]),
        );
      const all = (await writable(protocol)).filter(
        ({ definition }) => definition.type.base === 'string' && definition.type.enumeration.length === 0,
      );
      const before = config();
      const reveal = { protocol, reveal: true } as const;
      const writes = all.map(({ object, name }) => write(object, name, text));
      const answer = await model.write({ protocol }, writes, { origin: { by: protocol }, partial: true });
      const after = config();
      expect(sections(after)).toEqual(sections(before));
      expect(existsSync(pwned)).toBe(false);
      const problems: string[] = [];
      for (const [at, { result }] of answer.outcomes.entries()) {
        const { object, name, definition } = all[at]!;
        if (!result.ok) {
          if (result.fault.fault.message === '') problems.push(`${object}${name}: no reason`);
          continue;
        }
        const said = result.value[0]?.parameters[0]?.value;
        if (said === undefined) continue;
        // A secret is not said, and reads as what was written.
        const taken = definition.secured || definition.hidden ? text : said;
        if (taken !== said) expect(said).toBe('');
        // What a program has been handed is never read.
        if (/^Device\.(LANConfigSecurity|Users)\..*Password$/.test(object + name)) continue;
        const [read] = await model.get(reveal, [object + name]);
        const now = read!.result.ok ? read!.result.value[0]?.parameters[0]?.value : undefined;
        // A later write of the same request may have gone to the same option.
        // The device takes rows away and brings them back while it takes a change over.
        if (now !== undefined && now !== taken) problems.push(`${object}${name}: ${taken} reads ${now}`);
      }
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(problems).toEqual([]);
    },
  );
});

describe.each(['usp', 'cwmp'] as const)('every table that %s can add rows to', (protocol) => {
  it('gets none when one of the values of the row is wrong or would be read as something else', async () => {
    const view = { protocol } as const;
    const tables = model
      .supported(protocol)
      .below('Device.')
      .filter(({ table, creatable }) => table && creatable);
    expect(tables.length).toBeGreaterThan(15);
    const all: Write[] = [];
    for (const { path, parameters } of tables) {
      const parent = path.replace(/[^.]+\.\{i\}\.$/, '');
      const found = await model.instances(view, parent.replaceAll('{i}', '*'), true);
      const [row] = parent.includes('{i}') && found.ok ? found.value : [{ path: parent }];
      if (!row) continue;
      const at = row.path + path.slice(parent.length).replace('{i}.', '');
      for (const { name, writable: open } of parameters) {
        const definition = schema.view(protocol).parameter(path + name);
        if (!open || !definition) continue;
        for (const value of wrongFor(definition).slice(0, 6)) {
          all.push({ op: 'add', path: at, parameters: [{ name, value, required: true }] });
        }
      }
    }
    expect(all.length).toBeGreaterThan(200);
    const [before, rows] = [config(), await model.instances(view, 'Device.', false)];
    const answer = await model.write(view, all, { origin: { by: protocol }, partial: true });
    const taken = answer.outcomes.flatMap(({ requested, result }) => (result.ok ? [JSON.stringify(requested)] : []));
    expect(taken).toEqual([]);
    expect(config()).toEqual(before);
    expect(await model.instances(view, 'Device.', false)).toEqual(rows);
  });
});

describe('a value of a megabyte', () => {
  it('is refused, with a reason that is short', async () => {
    const before = config();
    const value = 'x'.repeat(1 << 20);
    const answer = await model.write(
      { protocol: 'cwmp' },
      [write('Device.ManagementServer.', 'Username', value), write('Device.NAT.PortMapping.1.', 'Description', value)],
      { origin: { by: 'cwmp' }, partial: true },
    );
    for (const { result } of answer.outcomes) {
      expect(result.ok).toBe(false);
      expect(JSON.stringify(result).length).toBeLessThan(2000);
    }
    expect(config()).toEqual(before);
  });
});
