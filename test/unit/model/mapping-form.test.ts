import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMappings, openSchema } from '#model';
import { checkForm } from '../../../src/model/mapping/form.ts';
import { schemaTable, shippedMappings } from '../../support/model-fixture.ts';

const datamodel = join(import.meta.dirname, '../../../datamodel');
const form: unknown = JSON.parse(readFileSync(join(datamodel, 'mapping.schema.json'), 'utf8'));
const example = ['10-example.json', '20-voice.json'].map((name) => ({
  file: name,
  text: readFileSync(join(datamodel, 'vendor-example', name), 'utf8'),
}));
const schema = openSchema(schemaTable());
const problems = (text: string): string[] =>
  compileMappings(
    schema,
    [...shippedMappings().map((mapping) => ({ ...mapping, checked: true })), { file: 'x.json', text }],
    'any',
    () => undefined,
    () => form,
  ).problems.map(({ path, reason }) => `${path}: ${reason}`);
const own = 'Device.X_EXAMPLE-COM_Poe.';
const port = `${own}Port.{i}.`;
const poe = { sources: { poe: { uci: 'poe' } }, [own]: {} };

describe('a vendor’s file', () => {
  it.each<[unknown, string]>([
    [
      { 'Device.DeviceInfo.': { Description: { is: 'x', dflt: 'y' } } },
      'Device.DeviceInfo.Description/dflt: is no key',
    ],
    [{ sources: { p: { uci: 'p', fresk: 1 } } }, 'sources/p/fresk: is no key of the language here'],
    [{ sources: { p: { uci: 'p', file: '/p' } } }, 'sources/p: has one of uci, ubus, file, script, handler, value'],
    [{ sources: { p: { script: 'p' } } }, "sources/p/script: 'p' does not match ^/"],
    [{ sources: { p: { file: '/p', poll: 0 } } }, 'sources/p/poll: is too small'],
    [{ 'Device.DeviceInfo': {} }, 'Device.DeviceInfo: an object path ends in a dot'],
    [{ [own]: { 'Reset()': { ubus: 'poe' } } }, `${own}Reset()/ubus: is a list`],
    [{ [own]: { 'Reset()': { ubus: ['poe'] } } }, `${own}Reset()/ubus: has 2 items`],
    [{ [own]: { 'Reset()': { script: '/x', inputs: {} } } }, `${own}Reset()/inputs: is no key`],
    [{ [own]: { 'Reset()': { script: '/x', input: { A: 'string' } } } }, `${own}Reset()/input/A: is an object`],
    [{ [own]: { 'Gone!': {} } }, `${own}Gone!: needs 'on'`],
    [{ [own]: { Name: { is: 1, type: 'string' } } }, `${own}Name/is: is a text`],
    [{ [own]: { Name: { is: '1', type: 'text' } } }, `${own}Name/type: is one of string, int,`],
    [{ $if: { openwrt: 'the latest' } }, "$if/openwrt: 'the latest' does not match"],
    [{ $tables: ['tr105'] }, '$tables/0: is one of tr104, deleted'],
    [{ 'Device.DeviceInfo.': { UpTime: { is: 'long' } } }, "Device.DeviceInfo.UpTime: 'long': not an integer"],
    [
      { 'Device.WiFi.SSID.{i}.': { Status: { at: '$id', as: { a: 'Upp' } } } },
      "Device.WiFi.SSID.{i}.Status: 'Upp': not one of the values",
    ],
    [{ ...poe, [port]: { rows: 'poe' } }, `${port}rows: are source/type where the source is a UCI package`],
    [{ [`${own}Port.`]: {} }, `${own}Port.: is in an object that nothing describes: '${own}'`],
    [{ ...poe, [port]: { rows: 'poe/port', keys: ['Name'] } }, `${port}keys: 'Name' is not mapped`],
    [{ 'Device.WiFi.SSID.{i}.': { keys: ['SSID'] } }, 'Device.WiFi.SSID.{i}.keys: has its keys from the schema'],
    [
      { 'Device.DeviceInfo.': { X_acme_Colour: { is: 'x', type: 'string' } } },
      'a name of your own is X_EXAMPLE-COM_Name',
    ],
    [{ ...poe, [port]: { rows: 'poe/port[a=$nope]' } }, `${port}rows: nothing sets $nope`],
    [
      { ...poe, [port]: { rows: 'poe/port', Name: { at: '$nope/a', type: 'string' } } },
      `${port}Name: nothing sets $nope`,
    ],
    [{ ...poe, [port]: { rows: 'poe/port', 'Do()': { ubus: ['a.$nope', 'b'] } } }, `${port}Do(): nothing sets $nope`],
    [
      { ...poe, [port]: { rows: 'poe/port', 'Do()': { ubus: ['a', 'b'], args: { c: '$nope' } } } },
      `${port}Do(): nothing sets $nope`,
    ],
    [
      {
        sources: { poe: { uci: 'poe' }, a: { ubus: ['b.$nope', 'c'] } },
        [own]: {},
        [port]: { rows: 'poe/port', let: { d: 'a/b' } },
      },
      `${port}sources/a: nothing sets $nope`,
    ],
    [
      {
        ...poe,
        [port]: {
          rows: 'poe/port',
          A: { at: 'a', type: 'string', as: 'ref', to: 'Device.IP.Interface.{i}.', by: 'nope' },
        },
      },
      `${port}A: 'nope' is no variable of Device.IP.Interface.{i}.`,
    ],
    [
      {
        sources: { s: { script: '/s' } },
        [own]: {},
        [port]: { rows: 's/p/*', A: { at: '$item/a', type: 'string', write: 'a' } },
      },
      `${port}A: writes an option ('a'), but the row is no section`,
    ],
    [[], ': a mapping file is a JSON object'],
  ])('%j is told what is wrong with it', (mapping, reason) => {
    expect(problems(JSON.stringify(mapping)).join('\n')).toContain(reason);
  });

  it('is told where it is no JSON, and what is there twice', () => {
    expect(problems('{\n  "a": 1,\n}')[0]).toMatch(/^line 3 column 1: not JSON: /);
    expect(problems('')[0]).toMatch(/^line 1 column 1: not JSON: /);
    const text = `{ "${own}": {\n  "A": { "is": "{\\"A\\": 1}", "type": "string" },\n  "A": { "is": "2", "type": "string" } } }`;
    expect(problems(text)).toEqual(['line 3 column 3: "A" is there twice']);
  });

  it('is checked whatever device it is for', () => {
    expect(problems(JSON.stringify({ $if: { board: 'acme,*' }, 'Device.Nope.': {} }))).toEqual([
      'Device.Nope.: is not an object of the schema',
    ]);
  });

  it('may have objects below its own, with keys', () => {
    const mapping = {
      ...poe,
      [port]: { rows: 'poe/port', add: {}, keys: ['Name'], Name: { at: 'name', type: 'string' } },
    };
    expect(problems(JSON.stringify(mapping))).toEqual([]);
  });
});

it('everything that ships and the examples have the form, and say nothing that can not be', () => {
  const unchecked = [...shippedMappings().map(({ file, text }) => ({ file, text })), ...example.slice(0, 1)];
  expect(
    compileMappings(
      schema,
      unchecked,
      'any',
      () => undefined,
      () => form,
    ).problems,
  ).toEqual([]);
});

it('the form is judged as a JSON Schema validator judges it', () => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(form as object);
  const whole: unknown = Object.assign({}, ...example.map(({ text }) => JSON.parse(text)));
  const junk = fc.oneof(
    fc.constant(null),
    fc.integer(),
    fc.string(),
    fc.constant({}),
    fc.constant(['a', 'b']),
    fc.constant([]),
  );
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      junk,
      fc.constantFrom('replace', 'rename', 'drop'),
      (way, value, what) => {
        const root = structuredClone(whole);
        let at = root as Record<string, unknown>;
        for (const [depth, step] of way.entries()) {
          const names = Object.keys(at);
          const name = names[step % Math.max(1, names.length)];
          if (name === undefined) break;
          const member = at[name];
          if (depth < way.length - 1 && typeof member === 'object' && member !== null) {
            at = member as Record<string, unknown>;
            continue;
          }
          if (what !== 'replace') delete at[name];
          if (what === 'rename') at[`${name}x`] = member;
          if (what === 'replace') at[name] = value;
          break;
        }
        const reasons: string[] = [];
        checkForm(form, root, (path, reason) => reasons.push(`${path}: ${reason}`));
        expect([validate(root), reasons]).toEqual([reasons.length === 0, reasons]);
      },
    ),
  );
});
