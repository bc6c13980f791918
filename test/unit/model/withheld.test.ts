import { afterEach, describe, expect, it } from 'vitest';
import type { Access, View } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// Whether something is there must not show to who may not read it, by no answer and no detour.
const tandem = `
config usp 'usp'

config role 'a'
	option enable '1'
	option name 'A'

config controller 'c'
	option enable '1'
	option endpoint_id 'proto::c'
	option role 'a'
`;
const roles = 'Device.LocalAgent.ControllerTrust.Role.';
const controllers = 'Device.LocalAgent.Controller.';

let open: ModelFixture | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});
const start = async (): Promise<ModelFixture['model']> => {
  open = await openModel({ bus: new FakeBus({}), packages: { tandem, network: '', system: '', wireless: '' } });
  return open.model;
};
const without = (hidden: RegExp): View => ({
  protocol: 'usp',
  access: { allows: (_, __, path) => !hidden.test(path) } satisfies Access,
});
const get = async (view: View, path: string): Promise<string> => {
  const [reading] = await open!.model.get(view, [path]);
  if (!reading!.result.ok) return reading!.result.fault.kind;
  return reading!.result.value.flatMap(({ parameters }) => parameters.map(({ value }) => value)).join();
};
const everything = without(/^$/);

describe('a reference that may not be read', () => {
  const view = without(/\.AssignedRole$/);
  it.each([
    ['in a path', `${controllers}1.AssignedRole#1+.Name`],
    ['in a search', `${controllers}[AssignedRole#*+.Name=="A"].EndpointID`],
  ])('leads nowhere %s', async (_, path) => {
    await start();
    expect(await get(everything, path)).toBe(path.includes('[') ? 'proto::c' : 'A');
    expect(await get(view, path)).toBe('');
  });

  it('is no way to write', async () => {
    const model = await start();
    const parameters = [{ name: 'Name', value: 'B', required: true }];
    const write = { op: 'set', path: `${controllers}1.AssignedRole#1+.`, parameters } as const;
    const answer = await model.write(view, [write], { origin: { by: 'usp' }, partial: false });
    expect(answer.outcomes[0]!.result).toEqual({ ok: true, value: [] });
    expect(await get(everything, `${roles}1.Name`)).toBe('A');
  });
});

describe('rows that may not be read', () => {
  const view = without(/\.Role\./);
  it.each([
    ['one that is there', 'one that is not', `${roles}1.`, `${roles}7.`, ['unsupported-path', 'no-instance']],
    ['a parameter of it', 'of none', `${roles}1.Name`, `${roles}7.Name`, ['unsupported-path', 'no-instance']],
  ])('%s is as %s, but for a word that stays here', async (_, __, there, absent, kinds) => {
    await start();
    // TR-369 R-GET.0 makes one code of both, src/usp/verbs/get.ts one text.
    expect([await get(view, there), await get(view, absent)]).toEqual(kinds);
  });

  it('are as none, where there are some and where there are none', async () => {
    const model = await start();
    const asked = [roles, `${roles}*.`, `${roles}*.Name`, `${roles}[Name=="A"].`, `${roles}[Name=="A"].Name`];
    const kinds = () => Promise.all(asked.map((path) => get(view, path)));
    const before = await kinds();
    expect(before).toEqual(asked.map(() => 'unsupported-path'));
    const write = { op: 'delete', path: `${roles}1.` } as const;
    const origin = { by: 'cli' } as const;
    expect((await model.write({ protocol: 'usp' }, [write], { origin, partial: false })).committed).toBe(true);
    expect(await kinds()).toEqual(before);
    // Who may read them is told that there are none.
    expect(await get(everything, `${roles}*.Name`)).toBe('');
  });

  it('are counted by no GetInstances, not even by what is below them', async () => {
    const model = await start();
    const kinds = await Promise.all(
      [`${roles}1.`, `${roles}7.`, `${roles}1.Permission.`, `${roles}7.Permission.`].map(async (path) => {
        const read = await model.instances(view, path, true);
        return read.ok ? read.value.length : [read.fault.kind, read.fault.message];
      }),
    );
    expect(kinds).toEqual(kinds.map(() => ['no-instance', 'no such row']));
    const read = await model.instances(everything, `${roles}1.Permission.`, true);
    expect(read).toEqual({ ok: true, value: [] });
  });
});
