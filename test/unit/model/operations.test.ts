import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, refused } from '#base';
import type { Change, CommandContext, CommandResult, DataModel, OperateOutcome } from '#model';
import { declareScheduleTimer } from '#services';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const view = { protocol: 'usp' } as const;
const origin = { by: 'usp', peer: 'proto::one' } as const;
const ping = 'Device.IP.Diagnostics.IPPing()';
const table = 'Device.LocalAgent.Request.';
const to = (Host: string): Record<string, string> => ({
  Host,
  ProtocolVersion: 'Any',
  NumberOfRepetitions: '3',
  Timeout: '1000',
  DataBlockSize: '64',
});

describe('asynchronous commands', () => {
  let clock: HandClock;
  let fixture: ModelFixture;
  let model: DataModel;
  /** Commands under way, in the order in which they began. */
  let begun: { readonly context: CommandContext; readonly end: (result: CommandResult) => void }[];

  const open = async (root?: string): Promise<void> => {
    fixture = await openModel({ bus: new FakeBus({}), packages: {}, clock, ...(root && { root }) });
    model = fixture.model;
    model.declare({
      path: 'Device.IP.Diagnostics.',
      commands: {
        'IPPing()': (_, context) =>
          new Promise((end, fail) => {
            begun.push({ context, end });
            context.signal.addEventListener('abort', () => fail(context.signal.reason), { once: true });
          }),
      },
    });
    declareScheduleTimer(model, clock);
  };
  beforeEach(async () => {
    clock = new HandClock();
    begun = [];
    await open();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    rmSync(fixture.root, { recursive: true, force: true });
  });

  const operate = async (path: string, args: Record<string, string>, commandKey = 'k'): Promise<OperateOutcome> => {
    const answer = await model.operate(view, { path, args, commandKey, origin });
    if (!answer.ok) throw new Error(answer.fault.message);
    return answer.value[0]!;
  };
  const rows = async (): Promise<Record<string, string>[]> => {
    const [reading] = await model.get(view, [table]);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    return reading!.result.value.map(({ path, parameters }) => ({
      path,
      ...Object.fromEntries(parameters.map(({ info, value }) => [info.name, value])),
    }));
  };
  const hear = async (...paths: string[]): Promise<Change[]> => {
    const heard: Change[] = [];
    const kinds = ['completed', 'created', 'deleted', 'value'] as const;
    const watch = await model.watch(view, { paths, kinds }, (change) => heard.push(change));
    if (!watch.ok) throw new Error(watch.fault.message);
    return heard;
  };

  it('have a row from their start to their end, of which whoever watches is told', async () => {
    const heard = await hear(ping, table);
    const { operation, result } = await operate(ping, to('router.example'), 'key-1');
    expect(result).toEqual({ ok: true, value: {} });
    expect(operation!.row).toBe(`${table}1.`);
    expect(await rows()).toEqual([
      {
        path: `${table}1.`,
        Alias: 'cpe-1',
        Originator: 'proto::one',
        Command: ping,
        CommandKey: 'key-1',
        Status: 'Active',
      },
    ]);
    expect(begun[0]!.context).toMatchObject({ commandKey: 'key-1', origin, requestedMs: clock.now() });
    begun[0]!.end(ok({ Status: 'Complete', SuccessCount: '3' }));
    expect(await operation!.done).toEqual(ok({ Status: 'Complete', SuccessCount: '3' }));
    expect(await rows()).toEqual([]);
    expect(heard.map(({ kind, path }) => [kind, path])).toEqual([
      ['created', `${table}1.`],
      ['value', `${table}1.Status`],
      ['value', `${table}1.Status`],
      ['deleted', `${table}1.`],
      ['completed', ping],
    ]);
    expect(heard.flatMap((change) => (change.kind === 'value' ? [change.value] : []))).toEqual(['Active', 'Success']);
    expect(heard[4]).toMatchObject({
      commandKey: 'key-1',
      origin,
      result: ok({ Status: 'Complete', SuccessCount: '3' }),
    });
  });

  it('run beside each other, but not the same one of the same originator with the same key', async () => {
    await operate(ping, to('a.example'), 'one');
    const again = await operate(ping, to('b.example'), 'one');
    expect(again.operation).toBeUndefined();
    expect(again.result).toMatchObject({ ok: false, fault: { kind: 'resources', path: ping } });
    expect((await operate(ping, to('b.example'), 'two')).operation!.row).toBe(`${table}2.`);
    expect(begun.length).toBe(2);
  });

  it('are refused when too many are under way, and taken again when one has ended', async () => {
    for (let n = 0; n < 64; n++) expect((await operate(ping, to('a.example'), `k${n}`)).operation).toBeDefined();
    expect((await operate(ping, to('a.example'), 'more')).result).toMatchObject({
      ok: false,
      fault: { kind: 'resources' },
    });
    begun[5]!.end(ok({}));
    await expect.poll(async () => (await rows()).length).toBe(63);
    expect((await operate(ping, to('a.example'), 'more')).operation).toBeDefined();
  });

  it('are refused for their arguments before a row is made', async () => {
    expect((await operate(ping, {})).result).toMatchObject({ ok: false, fault: { kind: 'command-arguments' } });
    expect(await rows()).toEqual([]);
  });

  it('can fail, and a handler that throws is a failure too', async () => {
    const heard = await hear(ping);
    const failed = (await operate(ping, to('a.example'), 'one')).operation!;
    begun[0]!.end(refused({ kind: 'command-failed', message: 'no way' }));
    expect(await failed.done).toMatchObject({ ok: false, fault: { kind: 'command-failed', message: 'no way' } });
    model.declare({
      path: 'Device.IP.Diagnostics.',
      commands: { 'TraceRoute()': () => Promise.reject(new Error('a bug')) },
    });
    const thrown = (await operate('Device.IP.Diagnostics.TraceRoute()', to('a.example'))).operation!;
    expect(await thrown.done).toMatchObject({ ok: false, fault: { kind: 'internal' } });
    expect(heard).toMatchObject([{ kind: 'completed', path: ping, result: { ok: false } }]);
  });

  it('are canceled by command: at once Canceling, and over when the handler has given up', async () => {
    const heard = await hear(ping, table);
    const { operation } = await operate(ping, to('a.example'));
    expect((await operate(`${operation!.row}Cancel()`, {})).result).toEqual(ok({}));
    expect(begun[0]!.context.signal.aborted).toBe(true);
    expect(await operation!.done).toMatchObject({ ok: false, fault: { kind: 'canceled' } });
    expect(heard.map((change) => (change.kind === 'value' ? change.value : change.kind))).toEqual([
      'created',
      'Active',
      'Canceling',
      'Canceled',
      'deleted',
      'completed',
    ]);
    const late = await model.operate(view, { path: `${operation!.row}Cancel()`, args: {}, commandKey: '', origin });
    expect(late).toMatchObject({ ok: false, fault: { kind: 'no-instance' } });
  });

  it('are over when the agent is started again, and end as failed then', async () => {
    await operate(ping, to('a.example'), 'lost');
    const { root } = fixture;
    await model[Symbol.asyncDispose]();
    expect(begun[0]!.context.signal.aborted).toBe(true);
    await open(root);
    expect(await rows()).toMatchObject([{ CommandKey: 'lost', Originator: 'proto::one' }]);
    const heard = await hear(ping);
    await model.resumeOperations();
    expect(heard).toMatchObject([
      {
        kind: 'completed',
        path: ping,
        commandKey: 'lost',
        origin,
        result: { ok: false, fault: { kind: 'command-failed' } },
      },
    ]);
    expect(await rows()).toEqual([]);
    expect(begun.length).toBe(1);
    expect((await operate(ping, to('a.example'))).operation!.row).toBe(`${table}2.`);
  });

  describe('that last', () => {
    const timer = 'Device.ScheduleTimer()';

    it('end at their time', async () => {
      const heard = await hear(timer);
      await operate(timer, { DelaySeconds: '60' });
      clock.advance(59_999);
      await new Promise(setImmediate);
      expect(heard).toEqual([]);
      clock.advance(1);
      await expect.poll(() => heard).toMatchObject([{ kind: 'completed', path: timer, result: ok({}) }]);
    });

    it('go on after a restart, and count from when they were asked for', async () => {
      await operate(timer, { DelaySeconds: '60' }, 'long');
      await operate(timer, { DelaySeconds: '20' }, 'short');
      const { root } = fixture;
      await model[Symbol.asyncDispose]();
      clock.advance(40_000);
      await open(root);
      const heard = await hear(timer);
      await model.resumeOperations();
      await expect.poll(() => clock.nextMs).toBe(0);
      clock.advance(0);
      await expect.poll(() => heard).toMatchObject([{ commandKey: 'short', result: ok({}) }]);
      expect(await rows()).toMatchObject([{ CommandKey: 'long', Status: 'Active' }]);
      clock.advance(20_000);
      await expect.poll(() => heard.length).toBe(2);
      expect(heard[1]).toMatchObject({ commandKey: 'long', result: ok({}), origin });
    });

    it('can be canceled after a restart as well', async () => {
      await operate(timer, { DelaySeconds: '60' });
      const { root } = fixture;
      await model[Symbol.asyncDispose]();
      await open(root);
      const heard = await hear('Device.');
      await model.resumeOperations();
      expect((await operate(`${table}1.Cancel()`, {})).result.ok).toBe(true);
      await expect
        .poll(() => heard.filter(({ kind }) => kind === 'completed'))
        .toMatchObject([{ path: timer, result: { ok: false, fault: { kind: 'canceled' } } }]);
    });
  });
});
