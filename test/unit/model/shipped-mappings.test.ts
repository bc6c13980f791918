import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { coveragePage } from '../../../scripts/coverage-page.ts';
import { converterNames } from '../../../src/model/mapping/convert.ts';
import { shippedMappings } from '../../support/model-fixture.ts';

const top = join(import.meta.dirname, '../../..');
const schema = JSON.parse(readFileSync(join(top, 'datamodel/mapping.schema.json'), 'utf8')) as {
  definitions: { rule: { properties: { as: { anyOf: [{ enum: string[] }] } } } };
};

describe('the JSON Schema of mapping files', () => {
  const validate = new Ajv({ allowUnionTypes: true }).compile(schema);

  it.each(shippedMappings().map(({ file, text }) => [file, text]))('takes %s', (_, text) => {
    expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null]);
  });

  it('takes the vendor’s example', () => {
    const text = readFileSync(join(top, 'datamodel/vendor-example/10-example.json'), 'utf8');
    expect([validate(JSON.parse(text)), validate.errors]).toEqual([true, null]);
  });

  it('knows the converters that there are', () => {
    expect([...schema.definitions.rule.properties.as.anyOf[0].enum].sort()).toEqual([...converterNames].sort());
  });

  it.each([
    [{ sources: { a: { uci: 'x', file: '/y' } } }],
    [{ 'Device.X.': { Name: { is: 1 } } }],
    [{ 'Device.X.': { Name: { as: 'rot13' } } }],
    [{ 'Device.X': {} }],
  ])('refuses %j', (mapping) => {
    expect(validate(mapping)).toBe(false);
  });
});

it('docs/coverage.md is what the mappings say (npm run coverage-page)', () => {
  expect(readFileSync(join(top, 'docs/coverage.md'), 'utf8')).toBe(coveragePage(join(top, 'datamodel')));
});
