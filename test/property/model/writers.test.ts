import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Origin, Write } from '#model';
import type { Uci } from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const mapping = {
  file: 'test.json',
  text: JSON.stringify({
    sources: { firewall: { uci: 'firewall' }, system: { uci: 'system' } },
    'Device.NAT.PortMapping.{i}.': {
      rows: 'firewall/redirect',
      add: { target: 'DNAT' },
      Description: 'name',
      ExternalPort: 'src_dport',
    },
    'Device.Time.': { row: 'system/timeserver/ntp', Enable: { at: 'enabled', default: '0' } },
  }),
};
const packages = { firewall: "config redirect 'first'\n\toption name '0'\n", system: "config timeserver 'ntp'\n" };

/** What `uci commit` of somebody else does: the file as it is now, with a section more, put in place by rename. */
function foreignCommit(root: string, name: string): void {
  const path = join(root, 'etc/config/firewall');
  const text = readFileSync(path, 'utf8');
  writeFileSync(`${path}.other`, `${text}\nconfig redirect 'foreign_${name}'\n\toption name 'f${name}'\n`);
  renameSync(`${path}.other`, path);
}

/** Lets somebody else commit between what a write has read and the lock. */
function interrupted(before: () => void): (real: Uci) => Uci {
  return (real) => ({
    load: (name) => real.load(name),
    packages: () => real.packages(),
    revision: (name) => real.revision(name),
    preview: (name, changes) => real.preview(name, changes),
    text: (name) => real.text(name),
    replace: (name, text) => real.replace(name, text),
    hold: (names, work) => {
      before();
      return real.hold(names, work);
    },
  });
}

const origins: readonly Origin[] = [{ by: 'cwmp' }, { by: 'usp', peer: 'proto::c' }, { by: 'cli' }];
const open = (uci?: (real: Uci) => Uci): Promise<ModelFixture> =>
  openModel({
    bus: new FakeBus({ 'service event': () => ({}) }),
    mappings: [mapping],
    packages,
    unlocked: true,
    ...(uci && { uci }),
  });
const add = (description: string): Write => ({
  op: 'add',
  path: 'Device.NAT.PortMapping.',
  parameters: [{ name: 'Description', value: description, required: true }],
});
const rename = (value: string): Write => ({
  op: 'set',
  path: 'Device.NAT.PortMapping.1.',
  parameters: [{ name: 'Description', value, required: true }],
});
const submit = ({ model }: ModelFixture, by: number, writes: readonly Write[]) => {
  const origin = origins[by % origins.length]!;
  return model.write({ protocol: origin.by === 'usp' ? 'usp' : 'cwmp' }, writes, { origin, partial: false });
};
const values = (text: string): string[] => [...text.matchAll(/option name '(.*)'/g)].map(([, value]) => value!);

describe('several writers', () => {
  it('are as if one had come after the other, and none is lost, whoever else commits in between', async () => {
    const step = fc.record({ by: fc.nat({ max: 2 }), add: fc.boolean(), foreign: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        let at = 0;
        let fixture: ModelFixture | undefined;
        const foreign: string[] = [];
        // Whether somebody else is quicker is drawn for every attempt, not for every write.
        const interrupt = (): void => {
          const number = at++;
          if (!fixture || number % 2 === 1 || !steps[(number / 2) % steps.length]!.foreign) return;
          foreignCommit(fixture.root, String(number));
          foreign.push(`f${number}`);
        };
        await using opened = await open(interrupted(interrupt));
        fixture = opened;
        const answers = await Promise.all(
          steps.map(({ by, add: adds }, index) => submit(opened, by, [adds ? add(`a${index}`) : rename(`r${index}`)])),
        );
        const now = values(opened.config('firewall'));
        expect(answers.every(({ committed }) => committed)).toBe(true);
        // Every row that was added is there once, by us and by others.
        const added = steps.flatMap(({ add: adds }, index) => (adds ? [`a${index}`] : []));
        expect([...now.slice(1)].sort()).toEqual([...added, ...foreign].sort());
        // The first row has what the last of its writers gave it: they were taken in turn.
        const renames = steps.flatMap(({ add: adds }, index) => (adds ? [] : [`r${index}`]));
        expect(now[0]).toBe(renames.at(-1) ?? '0');
      }),
      { numRuns: 25 },
    );
  });

  it('are refused when somebody else never stops, and nothing of theirs is there', async () => {
    let fixture: ModelFixture | undefined;
    let number = 0;
    await using opened = await open(
      interrupted(() => {
        if (fixture) foreignCommit(fixture.root, String(number++));
      }),
    );
    fixture = opened;
    const answer = await submit(opened, 0, [rename('mine'), add('mine too')]);
    expect(answer.committed).toBe(false);
    for (const { result } of answer.outcomes)
      expect(result).toMatchObject({ ok: false, fault: { fault: { kind: 'busy' } } });
    expect(values(opened.config('firewall'))).toEqual(['0', 'f0', 'f1', 'f2', 'f3', 'f4']);
  });

  it('see what somebody else took away: the row that a write is for is gone', async () => {
    let fixture: ModelFixture | undefined;
    let once = false;
    await using opened = await open(
      interrupted(() => {
        if (!fixture || once) return;
        once = true;
        writeFileSync(join(fixture.root, 'etc/config/firewall'), "config redirect 'other'\n\toption name 'x'\n");
      }),
    );
    fixture = opened;
    const answer = await submit(opened, 1, [rename('mine')]);
    expect(answer.committed).toBe(false);
    expect(answer.outcomes[0]!.result).toMatchObject({ ok: false, fault: { fault: { kind: 'no-instance' } } });
    expect(values(opened.config('firewall'))).toEqual(['x']);
  });
});
