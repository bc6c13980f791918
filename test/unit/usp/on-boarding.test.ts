import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataModel } from '#model';
import type { Notify } from '#usp';
import { type Boarder, OnBoarding } from '../../../src/usp/notify/on-boarding.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const path = 'Device.LocalAgent.Controller.1.';

describe('taking the agent on board', () => {
  let clock: HandClock;
  let fixture: ModelFixture;
  let onBoarding: OnBoarding;
  /** Requests on their way; answered by calling. */
  let sent: { readonly notify: Notify; readonly answer: () => void }[];

  beforeEach(async () => {
    clock = new HandClock();
    sent = [];
    const tandem = "config controller 'one'\n\toption endpoint_id 'proto::one'\n\toption onboarding_complete '1'\n";
    fixture = await openModel({ bus: new FakeBus({}), packages: { tandem } });
    onBoarding = new OnBoarding({
      model: fixture.model,
      clock,
      session: () => ({
        notify: (notify, _, over) => sent.push({ notify, answer: () => over?.() }),
        forget: () => sent.at(-1)?.answer(),
      }),
    });
  });
  afterEach(async () => {
    onBoarding[Symbol.dispose]();
    await fixture[Symbol.asyncDispose]();
    rmSync(fixture.root, { recursive: true, force: true });
  });
  const configure = (complete: boolean, restartSeconds = 0, endpointId = 'proto::one'): void =>
    onBoarding.sync([{ path, endpointId, onBoarding: { complete, restartSeconds } } satisfies Boarder]);
  const complete = async (model: DataModel): Promise<string | undefined> => {
    const [reading] = await model.get({ protocol: 'usp' }, [`${path}OnBoardingComplete`]);
    return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
  };

  it('asks by itself, once, with an answer wanted', async () => {
    configure(false);
    configure(false);
    await expect.poll(() => sent.length).toBe(1);
    expect(sent[0]!.notify).toMatchObject({ subscriptionId: '', sendResp: true });
    expect(sent[0]!.notify.onBoardReq!.agentSupportedProtocolVersions).toContain('1.4');
    sent[0]!.answer();
    expect(clock.nextMs).toBeUndefined();
  });

  it('does not ask a controller that has done its part, nor one that is not enabled', async () => {
    configure(true);
    onBoarding.sync([]);
    await new Promise(setImmediate);
    expect(sent).toEqual([]);
    expect(await onBoarding.request(path)).toMatchObject({ ok: false, fault: { kind: 'command-failed' } });
  });

  it('asks again after the restart time, counted from the answer, until it is complete', async () => {
    configure(false, 60);
    await expect.poll(() => sent.length).toBe(1);
    clock.advance(600_000);
    expect(sent).toHaveLength(1);
    sent[0]!.answer();
    clock.advance(59_999);
    clock.advance(1);
    await expect.poll(() => sent.length).toBe(2);
    sent[1]!.answer();
    expect(clock.nextMs).toBe(60_000);
    configure(false, 10);
    expect(clock.nextMs).toBe(10_000);
    configure(true, 10);
    expect(clock.nextMs).toBeUndefined();
    configure(false, 10);
    await expect.poll(() => sent.length).toBe(3);
  });

  it('asks by command: not complete any more, and what has not been answered is replaced', async () => {
    configure(true, 60);
    expect(await onBoarding.request(path)).toEqual({ ok: true, value: {} });
    expect(await complete(fixture.model)).toBe('false');
    configure(false, 60);
    expect(sent).toHaveLength(1);
    await onBoarding.request(path);
    expect(sent).toHaveLength(2);
    expect(clock.nextMs).toBeUndefined();
    sent[1]!.answer();
    expect(clock.nextMs).toBe(60_000);
  });

  it('is begun anew for another controller in the same row', async () => {
    configure(false, 60);
    await expect.poll(() => sent.length).toBe(1);
    sent[0]!.answer();
    configure(false, 60, 'proto::two');
    await expect.poll(() => sent.length).toBe(2);
    expect(clock.nextMs).toBeUndefined();
  });
});
