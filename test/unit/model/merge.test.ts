import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileMappings, openSchema } from '#model';
import { holds } from '../../../src/model/mapping/condition.ts';
import { schemaTable, shippedMappings } from '../../support/model-fixture.ts';

const schema = openSchema(schemaTable());
const compile = (...files: unknown[]) =>
  compileMappings(
    schema,
    files.map((mapping, index) => ({ file: `${index}.json`, text: JSON.stringify(mapping) })),
    { board: 'glinet,gl-mt6000', model: 'GL.iNet GL-MT6000', openwrt: '24.10.2' },
  );
const base = {
  sources: { system: { uci: 'system' } },
  'Device.Time.': { row: 'system/timeserver/ntp', Enable: { at: 'enabled' }, Status: { is: 'Synchronized' } },
};

describe('a file laid over another', () => {
  const ruleOf = (result: ReturnType<typeof compile>, name: string) =>
    result.objects.find(({ path }) => path === 'Device.Time.')?.parameters.get(name)?.rule;

  it('replaces and removes single parameters and keeps the rest with its row', () => {
    const result = compile(base, { 'Device.Time.': { Status: { is: 'Error' } } });
    expect(result.problems).toEqual([]);
    expect(ruleOf(result, 'Status')).toEqual({ is: 'Error' });
    expect(ruleOf(result, 'Enable')).toEqual({ at: 'enabled' });
    const removed = compile(base, { 'Device.Time.': { Status: null } });
    expect(removed.problems).toEqual([]);
    expect(ruleOf(removed, 'Status')).toBeUndefined();
    expect(compile(base, { 'Device.Time.': null }).objects).toEqual([]);
  });

  it.each([
    [{ 'Device.WiFi.': null }, 'Device.WiFi.: removes what is not there'],
    [{ 'Device.Time.': { LocalTimeZone: null } }, 'Device.Time.LocalTimeZone: removes what is not there'],
    [
      { sources: { system: { uci: 'other' } }, 'Device.Time.': {} },
      'sources/system: is another source where Device.Time. was first mapped',
    ],
    [
      { 'Device.Time.': { X_Y_Z: { is: '1' } } },
      'Device.Time.X_Y_Z: states as its type one of TR-106: string, int, boolean, …',
    ],
    [{ 'Device.Time.': { X_Y_Z: 'enabled' } }, 'Device.Time.X_Y_Z: is not in the schema and has to state its type'],
    [
      { 'Device.Time.': { Enable: { is: 'true', type: 'boolean' } } },
      'Device.Time.Enable: has its type from the schema',
    ],
    [{ $if: { weather: 'fine' } }, "$if: $if knows board, model and openwrt, not 'weather'"],
    [{ $if: { board: '>x' } }, '$if: $if board is compared with = or !='],
  ])('%j is left out whole', (overlay, problem) => {
    const result = compile(base, overlay, { 'Device.Time.': { Status: { is: 'Error' } } });
    expect(result.problems.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([problem]);
    expect(ruleOf(result, 'Enable')).toEqual({ at: 'enabled' });
    expect(ruleOf(result, 'Status')).toEqual({ is: 'Error' });
  });

  it.each(['.', '..', 'Device..', 'Device.X_A..', 'Device..X_A.', 'Device.X_A..{i}.'])(
    'refuses %j as a path',
    (path) => {
      const { problems } = compile(base, {
        [path]: { rows: 'system/x', let: { a: '$b' }, X_B: { at: '$a', type: 'string' } },
      });
      expect(problems.length).toBeGreaterThan(0);
    },
  );

  it('takes any JSON without a throw, and then has a problem to report or nothing to do', () => {
    const shipped = shippedMappings();
    const count = compileMappings(schema, shipped, {}).objects.length;
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { objects, problems } = compileMappings(schema, [...shipped, { file: 'x.json', text }], {});
        if (problems.length > 0) expect(objects.length).toBe(count);
      }),
      { numRuns: 40 },
    );
  });
});

describe('$if', () => {
  const facts = { board: 'glinet,gl-mt6000', openwrt: '24.10.2' };
  it.each([
    [{}, true],
    [{ board: 'glinet,gl-mt6000' }, true],
    [{ board: 'glinet,*' }, true],
    [{ board: '!=glinet,*' }, false],
    [{ board: 'other' }, false],
    [{ openwrt: '>=24.10' }, true],
    [{ openwrt: '24.10' }, true],
    [{ openwrt: '<24.10' }, false],
    [{ openwrt: '>23.05.5' }, true],
    [{ openwrt: '>=25.12' }, false],
    [{ board: 'glinet,*', openwrt: '>=25.12' }, false],
    [{ model: 'anything' }, false],
  ])('%j', (conditions, expected) => {
    expect(holds(conditions, facts)).toBe(expected);
  });
});
