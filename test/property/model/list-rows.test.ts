import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Write } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { openModel } from '../../support/model-fixture.ts';

const bridge = 'Device.Bridging.Bridge.1.';
const ports = `${bridge}VLANPort.`;
const lans = ['lan1', 'lan2', 'lan3'];
const list = lans.map((name) => `\tlist ports '${name}'\n`).join('');
const section = (name: string, id: number, items: readonly string[]): string =>
  `\nconfig bridge-vlan${name && ` '${name}'`}\n\toption device 'br-lan'\n\toption vlan '${id}'\n${items.map((item) => `\tlist ports '${item}'\n`).join('')}`;

interface Row {
  readonly number: number;
  readonly vlan: number;
  readonly port: number;
  readonly tagged: boolean;
}

const vlan = fc.integer({ min: 0, max: 2 });
const port = fc.integer({ min: 0, max: 3 });
const change = fc.record({ vlan, port, tagged: fc.boolean() }, { requiredKeys: [] });
const step = fc.oneof(
  change.map((values) => ({ kind: 'add' as const, values, at: 0 })),
  fc.record({ kind: fc.constant('set' as const), values: change, at: fc.nat(6) }),
  fc.record({ kind: fc.constant('delete' as const), values: fc.constant({}), at: fc.nat(6) }),
);

function parameters(values: { vlan?: number; port?: number; tagged?: boolean }) {
  const named = (table: string, number: number): string => (number === 0 ? '' : `${bridge}${table}.${number}`);
  return [
    ...(values.vlan === undefined ? [] : [{ name: 'VLAN', value: named('VLAN', values.vlan), required: true }]),
    ...(values.port === undefined ? [] : [{ name: 'Port', value: named('Port', values.port), required: true }]),
    ...(values.tagged === undefined ? [] : [{ name: 'Untagged', value: String(!values.tagged), required: true }]),
  ];
}

it('rows that are items of lists are what was written, and the lists are what the rows say, whatever comes in one request', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      async (named, requests) => {
        const network = `config device 'br'\n\toption name 'br-lan'\n\toption type 'bridge'\n${list}${section(named ? 'a' : '', 10, ['lan1:u*', 'lan2:t'])}${section(named ? 'b' : '', 20, ['lan3:t'])}`;
        await using fixture = await openModel({
          bus: new FakeBus({ 'service event': () => ({}) }),
          packages: { network },
          unlocked: true,
        });
        const read = async (): Promise<Row[]> => {
          const [reading] = await fixture.model.get({ protocol: 'usp' }, [`${ports}*.`]);
          if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
          return reading!.result.value.map(({ path, parameters: all }) => {
            const value = (name: string): string => all.find(({ info }) => info.name === name)!.value;
            const last = (text: string): number => Number(/\d+$/.exec(text)?.[0] ?? 0);
            return {
              number: last(path.slice(0, -1)),
              vlan: last(value('VLAN')),
              port: last(value('Port')),
              tagged: value('Untagged') !== 'true',
            };
          });
        };
        let expected = await read();
        let highest = 3;
        for (const request of requests) {
          const before = { rows: expected, file: fixture.config('network') };
          const rows = [...expected];
          const writes: Write[] = [];
          for (const { kind, values, at } of request) {
            if (kind === 'add') {
              highest++;
              rows.push({ number: highest, vlan: 0, port: 0, tagged: false, ...values });
              // A new row is off until it is enabled, and then in the list as soon as it is whole.
              const on = { name: 'Enable', value: 'true', required: true };
              writes.push({ op: 'add', path: ports, parameters: [...parameters(values), on] });
              continue;
            }
            // Rows that the same request makes have no number that it could know.
            const known = rows.filter(({ number }) => before.rows.some((row) => row.number === number));
            const row = known[at % Math.max(1, known.length)];
            if (!row) continue;
            const place = rows.indexOf(row);
            const path = `${ports}${row.number}.`;
            if (kind === 'delete') {
              rows.splice(place, 1);
              writes.push({ op: 'delete', path });
            } else {
              rows[place] = { ...row, ...values };
              writes.push({ op: 'set', path, parameters: parameters(values) });
            }
          }
          const answer = await fixture.model.write({ protocol: 'cwmp' }, writes, {
            origin: { by: 'cwmp' },
            partial: false,
          });
          const now = await read();
          if (!answer.committed) {
            expect(fixture.config('network')).toBe(before.file);
            expect(now).toEqual(before.rows);
            highest = Math.max(highest, ...now.map(({ number }) => number));
            continue;
          }
          expect(now.map(({ number: _, ...row }) => row)).toEqual(rows.map(({ number: _, ...row }) => row));
          expect(new Set(now.map(({ number }) => number)).size).toBe(now.length);
          expect(
            now.slice(0, before.rows.length).every(({ number }) => rows.some((row) => row.number === number)),
          ).toBe(true);
          highest = Math.max(highest, ...now.map(({ number }) => number));
          expected = now;
          const listed = fixture
            .config('network')
            .split(/\n(?=config )/)
            .filter((text) => text.startsWith('config bridge-vlan'))
            .map((text) =>
              [...text.matchAll(/list ports '(lan\d)(:[^']*)?'/g)].map((match) => `${match[1]}${match[2]}`).sort(),
            );
          const wanted = [1, 2].map((number) =>
            now
              .filter((row) => row.vlan === number && row.port > 0)
              .map((row) => `lan${row.port}:${row.tagged ? 't' : 'u*'}`)
              .sort(),
          );
          expect(listed).toEqual(wanted);
        }
      },
    ),
    { numRuns: 20 },
  );
});
