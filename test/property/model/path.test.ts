import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatPath,
  type ParsedPath,
  parsePath,
  type SearchTerm,
  type Segment,
} from '../../../src/model/path/index.ts';

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_-]{0,11}$/);
const item = fc.oneof(fc.integer({ min: 1, max: 99999 }), fc.constant('*' as const));
const step = fc.oneof(
  name.map((text) => ({ name: text })),
  fc.record({ name, follow: item }),
);
const constant = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => ({ text, quoted: true })),
  fc.stringMatching(/^[A-Za-z0-9+:.-]{1,20}$/).map((text) => ({ text, quoted: false })),
);
const term: fc.Arbitrary<SearchTerm> = fc.record({
  steps: fc.tuple(fc.array(step, { maxLength: 3 }), name).map(([steps, last]) => [...steps, { name: last }]),
  operator: fc.constantFrom('==', '!=', '<', '>', '<=', '>=', '~='),
  constant,
});
const instance = fc
  .integer({ min: 1, max: 0xffff_ffff })
  .map((number): Segment => ({ kind: 'instance', instance: number }));
const common = fc.oneof(instance, fc.constant<Segment>({ kind: 'wildcard' }), fc.constant<Segment>({ kind: 'schema' }));
const uspRow = fc.oneof(
  common,
  fc.array(term, { minLength: 1, maxLength: 2 }).map((terms): Segment => ({ kind: 'search', terms })),
);
const cwmpRow = fc.oneof(
  common,
  fc.stringMatching(/^[A-Za-z0-9 .,"+-]{1,64}$/).map((alias): Segment => ({ kind: 'alias', alias })),
);
const named = name.map((text): Segment => ({ kind: 'name', name: text }));
const reference = fc.record({ kind: fc.constant('reference' as const), name, item });

const uspPath: fc.Arbitrary<ParsedPath> = fc.record({
  protocol: fc.constant('usp' as const),
  segments: fc
    .tuple(
      fc.array(
        fc.oneof(
          named.map((segment) => [segment]),
          fc.tuple(named, uspRow),
          reference.map((segment): Segment[] => [segment]),
        ),
        { maxLength: 6 },
      ),
      named,
    )
    .map(([groups, first]) => [first, ...groups.flat()]),
  leaf: fc.oneof(
    fc.constant({ kind: 'object' as const }),
    name.map((text) => ({ kind: 'parameter' as const, name: text })),
    name.map((text) => ({ kind: 'command' as const, name: `${text}()` })),
    name.map((text) => ({ kind: 'event' as const, name: `${text}!` })),
  ),
});
const cwmpPath: fc.Arbitrary<ParsedPath> = fc.record({
  protocol: fc.constant('cwmp' as const),
  segments: fc
    .array(
      fc.oneof(
        named.map((segment) => [segment]),
        fc.tuple(named, cwmpRow),
      ),
      { maxLength: 8 },
    )
    .map((groups) => groups.flat()),
  leaf: fc.oneof(
    fc.constant({ kind: 'object' as const }),
    name.map((text) => ({ kind: 'parameter' as const, name: text })),
  ),
});
/** Text that gets far into the grammar before it is wrong. */
const nearly = fc
  .array(
    fc.constantFrom(
      'Device',
      '.',
      '[',
      ']',
      '{i}',
      '*',
      '1',
      '0',
      '+',
      '#',
      '()',
      '!',
      '"',
      '==',
      '~=',
      '&&',
      ' ',
      '%22',
      '__proto__',
      '\u0000',
      'é',
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('the path parser', () => {
  it('reads back every path that can be written', () => {
    fc.assert(
      fc.property(fc.oneof(uspPath, cwmpPath), (path) => {
        const read = parsePath(formatPath(path), path.protocol);
        expect(read).toEqual({ ok: true, value: path });
      }),
    );
  });

  it('answers every text, with a position inside it', () => {
    fc.assert(
      fc.property(
        fc.oneof(nearly, fc.string({ unit: 'binary', maxLength: 200 })),
        fc.constantFrom('usp' as const, 'cwmp' as const),
        (text, protocol) => {
          const read = parsePath(text, protocol);
          if (read.ok) expect(parsePath(formatPath(read.value), protocol)).toEqual(read);
          else {
            expect(read.fault.position).toBeGreaterThanOrEqual(0);
            expect(read.fault.position).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
