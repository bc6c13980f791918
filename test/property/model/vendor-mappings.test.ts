import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileMappings, openSchema } from '#model';
import { schemaTable, shippedMappings } from '../../support/model-fixture.ts';

const datamodel = join(import.meta.dirname, '../../../datamodel');
const form: unknown = JSON.parse(readFileSync(join(datamodel, 'mapping.schema.json'), 'utf8'));
const schema = openSchema(schemaTable());
const shipped = shippedMappings();
/** What is laid over nothing: ours and the example, as vendors' files. */
const texts = [
  ...shipped.map(({ text }) => text),
  readFileSync(join(datamodel, 'vendor-example/10-example.json'), 'utf8'),
];

const problemsOf = (text: string) =>
  compileMappings(
    schema,
    [{ file: 'x.json', text }],
    'any',
    () => undefined,
    () => form,
  ).problems;

it('whatever a vendor’s file says, it is taken or told what is wrong with it; nothing throws', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.string({ maxLength: 6, unit: 'grapheme-ascii' })), {
        minLength: 1,
        maxLength: 4,
      }),
      (text, edits) => {
        const edited = edits.reduce((now, [at, gone, put]) => {
          const from = at % now.length;
          return now.slice(0, from) + put + now.slice(from + gone);
        }, text);
        for (const { file, reason } of problemsOf(edited)) expect([file, reason !== '']).toEqual(['x.json', true]);
      },
    ),
    { numRuns: 150 },
  );
});

it('expressions, filters and patterns of any text', () => {
  const word = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom(
      '$id',
      '$item/a',
      'a/b',
      'a[b=c]',
      'a/*[b=$c]',
      '{a}/{b',
      '#',
      '@',
      'uci/t[x~(]',
      'uci/t/o[]',
      '$',
      'a[',
      ']',
    ),
  );
  fc.assert(
    fc.property(word, word, word, (rows, at, more) => {
      const path = 'Device.X_EXAMPLE-COM_Thing.{i}.';
      const mapping = {
        sources: { uci: { uci: 'p' }, a: { ubus: ['o', more] } },
        [path]: {
          rows,
          let: { v: at },
          when: more,
          add: {},
          item: more,
          keys: ['A'],
          A: { at, type: 'string', pick: more, fits: at },
          B: { at: [at, more], type: 'int', as: 'ref', to: path, by: more },
          'Do()': { ubus: [at, more], args: { x: at } },
          'Seen!': { on: at, row: more },
        },
      };
      for (const { reason } of problemsOf(JSON.stringify(mapping))) expect(reason).not.toBe('');
    }),
    { numRuns: 300 },
  );
});
