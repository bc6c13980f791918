import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSchema, type ParameterDefinition } from '../../../src/model/schema/index.ts';
import { checkValue, compareDecimals, parseDateTime } from '../../../src/model/validate/index.ts';

const schema = openSchema(readFileSync('datamodel/tr181.bin'));
const view = schema.view('usp');
const byType = new Map<string, ParameterDefinition>();
for (const path of view.below(''))
  for (const definition of view.object(path)!.parameters) {
    const { base, named, list, patterns, enumeration } = definition.type;
    byType.set(`${base} ${named} ${list !== undefined} ${patterns.length} ${enumeration.length > 0}`, definition);
  }
const definitions = [...byType.values()];

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', '', ' ', '-', '[', '[[', ']', ',', ',,', '\u0000', '\ud800'),
  fc.bigInt().map(String),
  fc.double().map(String),
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.base64String(),
  fc
    .array(fc.constantFrom('1', '0', 'a', ',', ' ', '[', ']', '"', 'Device.', 'IP.', '.', '*'), { maxLength: 20 })
    .map((parts) => parts.join('')),
);

describe('checking values', () => {
  it('answers every text, and takes its own canonical text unchanged', () => {
    expect(definitions.length).toBeGreaterThan(40);
    fc.assert(
      fc.property(fc.constantFrom(...definitions), hostile, (definition, text) => {
        const checked = checkValue(definition, text);
        if (checked.ok) expect(checkValue(definition, checked.value)).toEqual(checked);
        else expect(['invalid-type', 'invalid-value']).toContain(checked.fault.kind);
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps 64 bits exactly', () => {
    const definition = view.parameter('Device.IP.Interface.{i}.Stats.BytesSent')!;
    fc.assert(
      fc.property(fc.bigInt({ min: -10n, max: 2n ** 64n + 10n }), (value) => {
        const checked = checkValue(definition, String(value));
        expect(checked.ok).toBe(value >= 0n && value < 2n ** 64n);
        if (checked.ok) expect(checked.value).toBe(String(value));
      }),
    );
  });

  it('orders decimals as numbers', () => {
    const digits = fc.tuple(fc.integer({ min: -9999, max: 9999 }), fc.integer({ min: 0, max: 4 }));
    const decimal = digits.map(([value, scale]) => ({
      text: (value / 10 ** scale).toFixed(4),
      value: value * 10 ** (4 - scale),
    }));
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(Math.sign(compareDecimals(a.text, b.text))).toBe(Math.sign(a.value - b.value));
      }),
    );
  });

  it('reads every time that JavaScript writes', () => {
    const date = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(date, (value) => {
        const read = parseDateTime(value.toISOString());
        expect(read?.seconds).toBe(Math.floor(value.getTime() / 1000));
        expect(read?.text).toBe(value.toISOString());
      }),
    );
  });
});
