import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { silentLog, standardRetry } from '#base';
import { Outbox, readMessage } from '#usp';
import { BootEvent } from '../../../src/usp/notify/boot-event.ts';
import { type Recipient, Subscriptions } from '../../../src/usp/notify/subscriptions.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { openModel } from '../../support/model-fixture.ts';

const names = ['alive', 'away', 'mute'] as const;
const tandem = names
  .map((name) => `config controller '${name}'\n\toption endpoint_id 'proto::${name}'\n\toption enable '1'\n`)
  .join('\n');
const event = 'Device.LocalAgent.Periodic!';

it('a week of notifications: a controller that is away or never answers costs its share, and the one that is there hears each at once', async () => {
  const clock = new HandClock();
  const fixture = await openModel({ bus: new FakeBus({}), packages: { tandem }, clock });
  const { model } = fixture;
  model.declare({ path: 'Device.LocalAgent.', events: ['Periodic!'] });
  const heard = { alive: [] as string[], away: [] as string[], mute: [] as string[] };
  let back = false;
  const boxes = names.map((name) => {
    let ids = 0;
    const outbox: Outbox = new Outbox({
      clock,
      log: silentLog,
      random: () => 0,
      retry: () => standardRetry,
      nextId: () => `${name}-${++ids}`,
      send: (bytes) => {
        if (name === 'away' && !back) return false;
        const { msgId, body } = readMessage(bytes);
        const at = body.kind === 'request' ? body.request.notify?.event?.params.At : undefined;
        heard[name].push(at ?? '');
        // Answered in a later turn, as by any controller.
        if (name === 'alive' || (name === 'away' && back)) queueMicrotask(() => outbox.answered(msgId));
        return true;
      },
    });
    return outbox;
  });
  const row = (at: number): string => `Device.LocalAgent.Controller.${at + 1}`;
  const recipients = names.map(
    (name, at): Recipient => ({
      endpointId: `proto::${name}`,
      view: { protocol: 'usp' },
      transferResults: 'Both',
      refresh: () => undefined,
      notify: (notify, expires, over) => boxes[at]!.add(notify, expires, over),
      forget: (subscription) => boxes[at]!.forget(subscription),
    }),
  );
  const subscriptions = new Subscriptions({
    model,
    clock,
    log: silentLog,
    randomHex: () => 'x',
    boot: new BootEvent({ args: {}, owed: undefined, keep: async () => {} }, clock),
    recipient: (path) => recipients[names.findIndex((_, at) => row(at) === path)],
    controllerRow: (id) => row(names.findIndex((name) => `proto::${name}` === id)),
    isController: () => true,
  });
  for (const name of names) {
    const values = { Enable: 'true', ID: name, NotifType: 'Event', ReferenceList: event, NotifRetry: 'true' };
    const parameters = Object.entries(values).map(([key, value]) => ({ name: key, value, required: true }));
    const write = { op: 'add', path: 'Device.LocalAgent.Subscription.', parameters } as const;
    const origin = { by: 'usp', peer: `proto::${name}` } as const;
    expect((await model.write({ protocol: 'usp' }, [write], { origin, partial: false })).committed).toBe(true);
  }
  await subscriptions.settled();
  const text = 'x'.repeat(4000);
  const count = 7 * 24 * 6;
  for (let at = 0; at < count; at++) {
    model.raise(event, { At: String(at), text }, { by: 'device' });
    await Promise.resolve();
    expect(heard.alive.length).toBe(at + 1);
    clock.advance(600_000);
    for (const box of boxes) expect(box.bytes).toBeLessThanOrEqual(2 << 20);
  }
  expect(heard.alive).toEqual(Array.from({ length: count }, (_, at) => String(at)));
  const [alive, away, mute] = boxes as [Outbox, Outbox, Outbox];
  expect(alive.waiting).toBe(0);
  const kept = away.waiting;
  expect([kept, mute.waiting]).toEqual([mute.waiting, Math.floor((2 << 20) / (away.bytes / kept))]);
  // The newest are what is kept, and come in their order.
  back = true;
  away.connected();
  await Promise.resolve();
  expect(heard.away).toEqual(Array.from({ length: kept }, (_, at) => String(count - kept + at)));
  expect(away.waiting).toBe(0);
  // Who never answers is told by the table: nine times in growing distance, then every 2,560 seconds for as long as it is kept.
  expect(heard.mute.length).toBeLessThan(count * (9 + (kept * 600) / 2560 + 1));
  for (const box of boxes) box[Symbol.dispose]();
  await subscriptions[Symbol.asyncDispose]();
  await model[Symbol.asyncDispose]();
  expect(clock.nextMs).toBeUndefined();
  rmSync(fixture.root, { recursive: true, force: true });
});
