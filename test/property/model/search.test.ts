import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// TR-369 "Searching with Expressions" and "Reference Following", against an evaluator that reads every row and compares by itself.
const table = 'Device.Firewall.Chain.1.Rule.';
const zones = ['lan', 'wan'];
const names = ['a', 'b', 'B', 'with "quotes"', '100%', ''];

const packages = {
  network: zones.map((name) => `config interface '${name}'\n\toption proto 'static'\n\n`).join(''),
  firewall: `config defaults\n\n${zones.map((name) => `config zone\n\toption name '${name}'\n\tlist network '${name}'\n\n`).join('')}${Array.from(
    { length: 24 },
    (_, at) =>
      `config rule 'r${at}'\n${names[at % 6] && `\toption name '${names[at % 6]}'\n`}\toption enabled '${at % 2}'\n\toption dest_port '${at % 5}'\n${at % 3 < 2 ? `\toption src '${zones[at % 3]}'\n` : ''}\n`,
  ).join('')}`,
};

let fixture: ModelFixture;
let rows: { path: string; values: Readonly<Record<string, string>> }[];

beforeAll(async () => {
  fixture = await openModel({ bus: new FakeBus({}), packages, unlocked: true });
  const [reading] = await fixture.model.get({ protocol: 'usp' }, [`${table}*.`], { maxDepth: 1 });
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  rows = reading!.result.value.map(({ path, parameters }) => ({
    path,
    values: Object.fromEntries(parameters.map(({ info, value }) => [info.name, value])),
  }));
  expect(rows).toHaveLength(24);
});
afterAll(() => fixture[Symbol.asyncDispose]());

async function found(expression: string): Promise<string[] | string> {
  const [reading] = await fixture.model.get({ protocol: 'usp' }, [`${table}[${expression}].`], { maxDepth: 1 });
  const { result } = reading!;
  return result.ok ? result.value.map(({ path }) => path) : result.fault.kind;
}

interface Term {
  readonly text: string;
  /** What it means of a row's values. */
  holds(values: Readonly<Record<string, string>>): boolean;
}
const quoted = (text: string): string => `"${text.replaceAll('%', '%25').replaceAll('"', '%22')}"`;
const compare: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
};
/** What the row's reference leads to: interface 1 is lan, 2 is wan. */
const zoneOf = (reference = ''): string | undefined => zones[Number(reference.split('.').at(-1)) - 1];

const equality = fc.constantFrom('==', '!=');
const number: fc.Arbitrary<Term> = fc
  .tuple(fc.constantFrom(...Object.keys(compare)), fc.integer({ min: -1, max: 6 }), fc.constantFrom('', '+', '0'))
  .map(([operator, value, sign]) => ({
    text: `DestPort${operator}${value < 0 ? '' : sign}${value}`,
    holds: ({ DestPort }) => compare[operator]!(Number(DestPort), value),
  }));
const text: fc.Arbitrary<Term> = fc.tuple(equality, fc.constantFrom(...names, 'nobody')).map(([operator, value]) => ({
  text: `Description ${operator} ${quoted(value)}`,
  holds: ({ Description }) => (Description === value) === (operator === '=='),
}));
const boolean: fc.Arbitrary<Term> = fc
  .tuple(equality, fc.constantFrom('true', 'false', '1', '0'))
  .map(([operator, value]) => ({
    text: `Enable${operator}${value}`,
    holds: ({ Enable }) => (Enable === String(value === 'true' || value === '1')) === (operator === '=='),
  }));
const followed: fc.Arbitrary<Term> = fc
  .tuple(equality, fc.constantFrom(...zones, 'nobody'), fc.constantFrom('+', '#1+', '#*+'))
  .map(([operator, value, step]) => ({
    text: `SourceInterface${step}.Name${operator}${quoted(value)}`,
    holds: ({ SourceInterface }) => {
      const zone = zoneOf(SourceInterface);
      return zone !== undefined && (zone === value) === (operator === '==');
    },
  }));

describe('a search', () => {
  it('finds exactly the rows that meet all of its terms', async () => {
    const terms = fc.array(fc.oneof(number, text, boolean, followed), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(terms, async (wanted) => {
        const meant = rows.filter(({ values }) => wanted.every((term) => term.holds(values))).map(({ path }) => path);
        expect(await found(wanted.map((term) => term.text).join('&&'))).toEqual(meant);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    'Description>"a"',
    'Description==a',
    'DestPort=="1"',
    'DestPort~=1',
    'Enable=="true"',
    'Enable<true',
    'SourceInterface+.Name>"a"',
    'SourceInterface+.Name==lan',
    'SourceInterface+.Name~="lan"',
    'SourceInterface+.Enable=="true"',
    'SourceInterface+.IPv4Address.Status=="Enabled"&&DestPort==1&&Nobody==1',
    '',
  ])('is refused as %j', async (expression) => {
    expect(await found(expression)).toBe('path-syntax');
  });
});
