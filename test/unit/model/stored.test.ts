import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import type { Write } from '#model';
import { FileStateStore } from '#platform';
import { StoredRows } from '../../../src/model/engine/stored.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const path = 'Device.LocalAgent.Subscription.{i}.';
const table = 'Device.LocalAgent.Subscription.';

describe('the index of stored rows', () => {
  it('always gives what looking at every row would, also after changes are undone', () => {
    const step = fc.record({
      number: fc.integer({ min: 1, max: 6 }),
      id: fc.constantFrom('a', 'b', 'c'),
      remove: fc.boolean(),
      undo: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const rows = new StoredRows({ path, columns: ['ID'] });
        rows.having(table, 'ID', 'a');
        for (const { number, id, remove, undo } of steps) {
          const row = { path: `${table}${number}.`, instances: [number], values: { ID: id } };
          const back = remove ? rows.remove(row.path) : rows.put(row);
          if (undo) back();
          for (const wanted of ['a', 'b', 'c']) {
            const scanned = rows.of(table).filter(({ values }) => values.ID === wanted);
            expect(new Set(rows.having(table, 'ID', wanted))).toEqual(new Set(scanned));
          }
        }
      }),
    );
  });
});

describe('unique keys of stored tables', () => {
  let fixture: ModelFixture;
  const view = { protocol: 'usp' } as const;
  beforeEach(async () => {
    fixture = await openModel({ bus: new FakeBus({}), packages: {} });
    fixture.model.declareTable({
      path,
      columns: ['Alias', 'Enable', 'Recipient', 'ID', 'NotifType'],
      defaults: () => ({ Recipient: 'Device.LocalAgent.Controller.1' }),
    });
  });
  afterEach(() => fixture[Symbol.asyncDispose]());
  const add = (ID: string): Write => ({
    op: 'add',
    path: table,
    parameters: [{ name: 'ID', value: ID, required: true }],
  });
  const write = async (partial: boolean, ...writes: Write[]): Promise<string> => {
    const { committed, outcomes } = await fixture.model.write(view, writes, { origin: { by: 'usp' }, partial });
    const said = outcomes.map(({ result }) => (result.ok ? 'ok' : result.fault.fault.kind));
    return `${committed} ${said.join()}`;
  };

  it('hold against rows that are there, and against each other within one request', async () => {
    expect(await write(false, add('a'), add('b'))).toBe('true ok,ok');
    expect(await write(false, add('c'), add('a'))).toBe('false ok,duplicate-key');
    expect(await write(false, add('c'), add('c'))).toBe('false ok,duplicate-key');
    expect(await write(true, add('c'), add('c'), add('d'))).toBe('true ok,duplicate-key,ok');
  });

  it('hold when a row is changed, and let go of a row that goes in the same request', async () => {
    await write(false, add('a'), add('b'));
    const rename = (row: number, ID: string): Write => ({
      op: 'set',
      path: `${table}${row}.`,
      parameters: [{ name: 'ID', value: ID, required: true }],
    });
    expect(await write(false, rename(2, 'a'))).toBe('false duplicate-key');
    expect(await write(false, rename(2, 'b'))).toBe('true ok');
    expect(await write(false, { op: 'delete', path: `${table}1.` }, rename(2, 'a'))).toBe('true ok,ok');
  });

  it('are found again after a restart, whatever a power cut left of the last line', async () => {
    await write(false, add('a'));
    await write(false, add('b'));
    const log = join(fixture.root, 'etc/tandem/rows.log');
    const whole = readFileSync(log);
    truncateSync(log, whole.length - 9);
    const again = await openModel({ bus: new FakeBus({}), packages: {}, root: fixture.root });
    const rows = again.model.declareTable({ path, columns: ['Alias', 'Recipient', 'ID'] });
    expect(rows.rows().map(({ values }) => values.ID)).toEqual(['a']);
    const added = await again.model.write(view, [add('c')], { origin: { by: 'usp' }, partial: false });
    expect(added.committed).toBe(true);
    await again.model[Symbol.asyncDispose]();
    const third = await openModel({ bus: new FakeBus({}), packages: {}, root: fixture.root });
    const kept = third.model.declareTable({ path, columns: ['Alias', 'Recipient', 'ID'] });
    expect(kept.rows().map(({ values }) => values.ID)).toEqual(['a', 'c']);
    await third.model[Symbol.asyncDispose]();
  });
});

describe('lines appended to state', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-lines-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('survive as far as they were written, wherever the power went', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')),
          { minLength: 1, maxLength: 6 },
        ),
        fc.nat(),
        async (lines, cut) => {
          rmSync(directory, { recursive: true, force: true });
          const store = new FileStateStore(directory, silentLog);
          for (const line of lines) await store.append('x', line);
          expect(store.lines('x')).toEqual(lines);
          const file = join(directory, 'x.log');
          const size = readFileSync(file).length;
          truncateSync(file, size - (cut % size));
          const left = store.lines('x');
          expect(lines.slice(0, left.length)).toEqual(left);
          await store.append('x', 'after');
          expect(store.lines('x')).toEqual([...left, 'after']);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('go when the state is replaced or removed, and a damaged one does not take the others with it', async () => {
    const store = new FileStateStore(directory, silentLog);
    await store.append('x', 'one');
    await store.write('x', 'whole');
    expect([store.read('x'), store.lines('x')]).toEqual(['whole', []]);
    await store.append('x', 'two');
    appendFileSync(join(directory, 'x.log'), 'garbage\n');
    await store.append('x', 'three');
    expect(store.lines('x')).toEqual(['two', 'three']);
    await store.remove('x');
    expect([store.read('x'), store.lines('x')]).toEqual([undefined, []]);
    writeFileSync(join(directory, 'x.log'), Buffer.from([0xff, 0xfe, 0x0a]));
    expect(store.lines('x')).toEqual([]);
  });
});
