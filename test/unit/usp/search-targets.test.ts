import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, silentLog } from '#base';
import type { DataModel, Model, Write } from '#model';
import type { Notify } from '#usp';
import { BootEvent } from '../../../src/usp/notify/boot-event.ts';
import { Subscriptions } from '../../../src/usp/notify/subscriptions.ts';
import { Authority } from '../../../src/usp/trust/authority.ts';
import { noTrust } from '../../../src/usp/trust/trust-config.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const controller = 'Device.LocalAgent.Controller.1';
const other = 'Device.LocalAgent.Controller.2.';
const role = 'Device.LocalAgent.ControllerTrust.Role.1';
const rights = { Param: 'r--n', Obj: 'r--n', InstantiatedObj: 'r--n', CommandEvent: '----' };
const target = 'Device.LocalAgent.Controller.[ControllerCode=="seen"].';
const tandem = `
config controller 'one'
	option endpoint_id 'proto::one'
	option enable '1'

config controller 'two'
	option endpoint_id 'proto::two'
`;

/** An authority whose one role may what it may in the rows that the target finds. */
function authorityOver(shown: Model, targets: readonly string[]): Authority {
  const nobody = { certificates: { all: () => [], of: () => [] }, clock: new HandClock(), anchors: () => [] };
  const authority = new Authority({ shown, policy: 'none', ...nobody } as unknown as ConstructorParameters<
    typeof Authority
  >[0]);
  authority.configure({ ...noTrust, roles: new Map([[role, [{ order: 1, targets, rights }]]]) });
  return authority;
}

describe('a search expression among the targets of a permission', () => {
  let fixture: ModelFixture;
  let model: DataModel;
  let subscriptions: Subscriptions;
  let told: Notify[];

  beforeEach(async () => {
    const clock = new HandClock();
    told = [];
    fixture = await openModel({ bus: new FakeBus({}), packages: { tandem }, clock });
    model = fixture.model;
    const authority = authorityOver(model, [target]);
    const recipient = {
      endpointId: 'proto::one',
      transferResults: 'Both' as const,
      get view() {
        return authority.viewOf([role]);
      },
      refresh: () => authority.refresh([role]),
      notify: (notify: Notify) => void told.push(notify),
      forget: () => {},
    };
    subscriptions = new Subscriptions({
      model,
      clock,
      log: silentLog,
      randomHex: () => '1',
      boot: new BootEvent({ args: {}, owed: undefined, keep: async () => {} }, clock),
      recipient: () => recipient,
      controllerRow: () => controller,
      isController: () => true,
    });
  });
  afterEach(async () => {
    await subscriptions[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
    rmSync(fixture.root, { recursive: true, force: true });
  });
  const parameters = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
  const write = async (one: Write): Promise<void> => {
    const origin = { by: 'usp', peer: 'proto::one' } as const;
    expect((await model.write({ protocol: 'usp' }, [one], { origin, partial: false })).committed).toBe(true);
    await subscriptions.settled();
  };
  const subscribe = (NotifType: string, ReferenceList: string): Promise<void> =>
    write({
      op: 'add',
      path: 'Device.LocalAgent.Subscription.',
      parameters: parameters({ Enable: 'true', ID: NotifType, NotifType, ReferenceList }),
    });
  const set = (values: Record<string, string>) => write({ op: 'set', path: other, parameters: parameters(values) });

  it('counts as it is when a change is told, not as it was when the controller last asked for something', async () => {
    await subscribe('ValueChange', 'Device.LocalAgent.Controller.*.ProvisioningCode');
    await set({ ProvisioningCode: 'hidden' });
    await set({ ControllerCode: 'seen' });
    await set({ ProvisioningCode: 'shown' });
    await expect.poll(() => told.map(({ valueChange }) => valueChange?.paramValue)).toEqual(['shown']);
    await set({ ControllerCode: '' });
    await set({ ProvisioningCode: 'hidden again' });
    await set({ ControllerCode: 'seen', ProvisioningCode: 'last' });
    await expect.poll(() => told.map(({ valueChange }) => valueChange?.paramValue)).toEqual(['shown', 'last']);
  });

  it('lets the deletion of a row be told that it found', async () => {
    await set({ ControllerCode: 'seen' });
    await subscribe('ValueChange', 'Device.LocalAgent.Controller.*.ProvisioningCode');
    await subscribe('ObjectDeletion', 'Device.LocalAgent.Controller.');
    await set({ ProvisioningCode: 'looked' });
    await expect.poll(() => told.length).toBe(1);
    await write({ op: 'delete', path: other });
    await expect.poll(() => told.map(({ objDeletion }) => objDeletion?.objPath)).toEqual([undefined, other]);
  });
});

describe('looks at permissions', () => {
  it('are had in common by those who wait, and none is answered by one that had begun before', async () => {
    let value = 0;
    const asked: number[] = [];
    const go: (() => void)[] = [];
    const shown = {
      get: async (_: unknown, [requested]: readonly string[]) => {
        asked.push(value);
        const path = `Device.LocalAgent.Controller.${value}.`;
        await new Promise<void>((resolve) => go.push(resolve));
        return [{ requested, result: ok([{ path, info: {}, parameters: [] }]) }];
      },
    } as unknown as Model;
    const authority = authorityOver(shown, [target, 'Device.DeviceInfo.']);
    const allowed = () =>
      [1, 2].map((row) =>
        authority.viewOf([role]).access!.allows('Param', 'r', `Device.LocalAgent.Controller.${row}.X`),
      );
    expect(authority.refresh(['Device.LocalAgent.ControllerTrust.Role.9'])).toBeUndefined();
    value = 1;
    const first = authority.refresh([role])!;
    await expect.poll(() => asked).toEqual([1]);
    value = 2;
    const [second, third] = [authority.refresh([role])!, authority.refresh([role])!];
    expect(third).toBe(second);
    go.splice(0)[0]!();
    await first;
    expect(allowed()).toEqual([true, false]);
    await expect.poll(() => asked).toEqual([1, 2]);
    go.splice(0)[0]!();
    await second;
    expect(allowed()).toEqual([false, true]);
  });
});
