import { afterEach, describe, expect, it } from 'vitest';
import type { Access, View } from '#model';
import { accessOf, findTargets, type Permission } from '#usp';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// What a peer may not read must not show by any detour; what is secured is for secured roles.
const wireless = `
config wifi-device 'radio0'
	option band '2g'

config wifi-iface 'home'
	option device 'radio0'
	option mode 'ap'
	option ssid 'Home'
	option encryption 'psk2'
	option key 'correct horse'

config wifi-iface 'guest'
	option device 'radio0'
	option mode 'ap'
	option ssid 'Guest'
	option disabled '1'
	option encryption 'none'
`;
const tandem = `
config usp 'usp'

config role 'a'
	option enable '1'
	option name 'A'

config role 'b'
	option enable '1'
	option name 'B'

config controller 'c'
	option enable '1'
	option endpoint_id 'proto::c'
	option role 'a'
`;

let open: ModelFixture | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});
const start = async (): Promise<ModelFixture['model']> => {
  const bus = new FakeBus({
    'network.wireless status': () => ({ radio0: { up: true, interfaces: [] } }),
    'service event': () => ({}),
  });
  open = await openModel({ bus, packages: { wireless, tandem, network: '', system: '' } });
  return open.model;
};
const view = (access: Access): View => ({ protocol: 'usp', access });
const everything: Access = { allows: () => true };
const paths = async (of: View, path: string): Promise<string[]> => {
  const [reading] = await open!.model.get(of, [path]);
  return reading!.result.ok ? reading!.result.value.map((object) => object.path) : [reading!.result.fault.kind];
};
const value = async (of: View, path: string): Promise<string | undefined> => {
  const [reading] = await open!.model.get(of, [path]);
  return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : reading!.result.fault.kind;
};
const passphrase = 'Device.WiFi.AccessPoint.1.Security.KeyPassphrase';

describe('secured parameters', () => {
  it('are empty but for who may see what is secured', async () => {
    await start();
    expect(await value(view(everything), passphrase)).toBe('');
    const secured = { ...everything, showsSecured: (path: string) => path.startsWith('Device.WiFi.') };
    expect(await value(view(secured), passphrase)).toBe('correct horse');
    expect(await value({ protocol: 'cwmp' }, passphrase)).toBe('');
  });

  it('do not show through a search', async () => {
    await start();
    const search = 'Device.WiFi.AccessPoint.*.Security.[KeyPassphrase=="correct horse"].';
    const guess = 'Device.WiFi.AccessPoint.[Security.KeyPassphrase=="correct horse"].Enable';
    expect(await paths(view(everything), guess)).toEqual([]);
    expect(await paths(view({ ...everything, showsSecured: () => true }), guess)).toEqual([
      'Device.WiFi.AccessPoint.1.',
    ]);
    expect((await paths(view(everything), search))[0]).not.toContain('AccessPoint.1');
  });

  it('do not show by what a subscription hears of', async () => {
    const model = await start();
    const guess = 'Device.WiFi.AccessPoint.[Security.KeyPassphrase=="correct horse"].Enable';
    const heard: string[] = [];
    for (const [who, of] of Object.entries({
      may: view({ ...everything, showsSecured: () => true }),
      not: view(everything),
      device: { protocol: 'usp' } as const,
    })) {
      const watched = await model.watch(of, { paths: [guess], kinds: ['value'] }, () => heard.push(who));
      expect(watched.ok).toBe(true);
    }
    const parameters = [{ name: 'Enable', value: 'false', required: true }];
    const write = { op: 'set', path: 'Device.WiFi.AccessPoint.1.', parameters } as const;
    await model.write({ protocol: 'usp' }, [write], { origin: { by: 'cli' }, partial: false });
    expect(heard.sort()).toEqual(['device', 'may']);
  });

  it('do not show as a value change', async () => {
    const model = await start();
    const heard: string[] = [];
    for (const showsSecured of [() => true, () => false]) {
      await model.watch(view({ ...everything, showsSecured }), { paths: [passphrase], kinds: ['value'] }, (change) => {
        if (change.kind === 'value') heard.push(change.value);
      });
    }
    const write = { op: 'set', path: 'Device.WiFi.AccessPoint.1.Security.' } as const;
    const parameters = [{ name: 'KeyPassphrase', value: 'new horse battery', required: true }];
    await model.write({ protocol: 'cwmp' }, [{ ...write, parameters }], { origin: { by: 'cli' }, partial: false });
    expect(heard).toEqual(['new horse battery', '']);
  });
});

describe('a search over what may not be read', () => {
  it('finds nothing', async () => {
    await start();
    const access: Access = { allows: (_, __, path) => !path.endsWith('.SSID') };
    expect(await paths(view(access), 'Device.WiFi.SSID.[SSID=="Home"].Enable')).toEqual([]);
    expect(await paths(view(everything), 'Device.WiFi.SSID.[SSID=="Home"].Enable')).toEqual(['Device.WiFi.SSID.1.']);
  });

  it('shows no key in GetInstances', async () => {
    const model = await start();
    const access: Access = { allows: (target, _, path) => target !== 'Param' || path.endsWith('.Alias') };
    const read = await model.instances(view(access), 'Device.WiFi.SSID.', true);
    expect(read.ok && read.value[0]).toEqual({ path: 'Device.WiFi.SSID.1.', uniqueKeys: { Alias: 'cpe-1' } });
    const none = await model.instances(view({ allows: () => false }), 'Device.WiFi.SSID.', true);
    expect(none).toEqual({ ok: true, value: [] });
  });
});

describe('targets with a search expression', () => {
  const permission = (order: number, target: string, rights: string): Permission => ({
    order,
    targets: [target],
    rights: { Param: rights, Obj: rights, InstantiatedObj: rights, CommandEvent: rights },
  });

  it('are not known where the model does not answer', async () => {
    const model = await start();
    const target = 'Device.WiFi.SSID.[Enable==true].';
    const broken = {
      ...model,
      get: async (_: unknown, asked: readonly string[]) =>
        asked.map((requested) => ({
          requested,
          result: { ok: false, fault: { kind: 'internal', message: 'no answer' } },
        })),
    };
    const found = await findTargets(broken as unknown as typeof model, [target]);
    expect(found.has(target)).toBe(false);
  });

  it('are the rows that are found now', async () => {
    const model = await start();
    const targets = [
      'Device.WiFi.SSID.[Enable==true].',
      'Device.WiFi.SSID.[SSID=="Guest"].SSID',
      'Device.WiFi.SSID.[SSID=="Home"]',
      'Device.No.Such.[X==1].',
      'Device.WiFi.SSID.[[',
    ];
    const found = await findTargets(model, targets);
    expect([...found].map(([, rows]) => [...rows])).toEqual([
      ['Device.WiFi.SSID.1.'],
      ['Device.WiFi.SSID.2.SSID'],
      ['Device.WiFi.SSID.1.'],
      [],
      [],
    ]);
    const role = [permission(1, targets[0]!, 'rw--'), permission(2, targets[1]!, 'r---')];
    const access = accessOf([role], { found });
    expect(access.allows('Param', 'w', 'Device.WiFi.SSID.1.SSID')).toBe(true);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.1.Stats.BytesSent')).toBe(true);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.2.SSID')).toBe(true);
    expect(access.allows('Param', 'w', 'Device.WiFi.SSID.2.SSID')).toBe(false);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.2.Enable')).toBe(false);
    // Part of the supported data model it is.
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.{i}.Enable')).toBe(true);
    expect(access.allows('Param', 'r', 'Device.WiFi.Radio.{i}.Enable')).toBe(false);
  });
});

describe('lists of references', () => {
  it('are written and read back, an unknown row refused', async () => {
    const model = await start();
    const set = (text: string) =>
      model.write(
        { protocol: 'usp' },
        [
          {
            op: 'set',
            path: 'Device.LocalAgent.Controller.1.',
            parameters: [{ name: 'AssignedRole', value: text, required: true }],
          },
        ],
        { origin: { by: 'cli' }, partial: false },
      );
    const role = 'Device.LocalAgent.ControllerTrust.Role.';
    expect((await set(`${role}2,${role}1`)).committed).toBe(true);
    expect(await value({ protocol: 'usp' }, 'Device.LocalAgent.Controller.1.AssignedRole')).toBe(`${role}2,${role}1`);
    expect(open!.config('tandem')).toContain("list role 'b'");
    expect((await set(`${role}1,${role}9`)).committed).toBe(false);
    expect((await set(`${role}1`)).committed).toBe(true);
    expect(open!.config('tandem')).toContain("option role 'a'");
    expect((await set('')).committed).toBe(true);
    expect(await value({ protocol: 'usp' }, 'Device.LocalAgent.Controller.1.AssignedRole')).toBe('');
  });
});
