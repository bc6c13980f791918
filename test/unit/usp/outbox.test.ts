import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog, standardRetry } from '#base';
import { Outbox, readMessage } from '#usp';
import { HandClock } from '../../support/hand-clock.ts';

let clock: HandClock;
let outbox: Outbox;
let up: boolean;
let sent: { id: string; subscription: string }[];
beforeEach(() => {
  clock = new HandClock();
  up = true;
  sent = [];
  let ids = 0;
  outbox = new Outbox({
    clock,
    log: silentLog,
    random: () => 0,
    retry: () => standardRetry,
    nextId: () => `n${++ids}`,
    send: (bytes) => {
      if (!up) return false;
      const { msgId, body } = readMessage(bytes);
      if (body.kind === 'request') sent.push({ id: msgId, subscription: body.request.notify!.subscriptionId });
      return true;
    },
  });
});
const notify = (subscriptionId: string, sendResp: boolean, expirationSeconds = 0): void =>
  outbox.add({ subscriptionId, sendResp, objDeletion: { objPath: 'Device.X.1.' } }, expirationSeconds);

describe('notifications on their way', () => {
  it('without an answer wanted are sent once and forgotten', () => {
    notify('a', false);
    clock.advance(100_000);
    expect(sent).toEqual([{ id: 'n1', subscription: 'a' }]);
    expect(outbox.waiting).toBe(0);
  });

  it('with an answer wanted are sent again by the table, the same bytes, until it comes', () => {
    notify('a', true);
    clock.advance(4999);
    expect(sent).toHaveLength(1);
    clock.advance(1);
    expect(sent).toHaveLength(2);
    clock.advance(9999);
    expect(sent).toHaveLength(2);
    clock.advance(1);
    expect(sent).toEqual(new Array(3).fill({ id: 'n1', subscription: 'a' }));
    expect(outbox.answered('other')).toBe(false);
    expect(outbox.answered('n1')).toBe(true);
    clock.advance(1_000_000);
    expect(sent).toHaveLength(3);
  });

  it('wait for a connection, in their order', () => {
    up = false;
    notify('a', false);
    notify('b', true);
    expect(outbox.waiting).toBe(2);
    up = true;
    outbox.connected();
    expect(sent.map(({ subscription }) => subscription)).toEqual(['a', 'b']);
    expect(outbox.waiting).toBe(1);
  });

  it('expire, connected or not', () => {
    notify('a', true, 7);
    up = false;
    notify('b', true, 3);
    clock.advance(20_000);
    up = true;
    outbox.connected();
    expect(sent.map(({ subscription }) => subscription)).toEqual(['a']);
    clock.advance(100_000);
    expect(outbox.waiting).toBe(0);
  });

  it('of a subscription that is gone are not sent again', () => {
    notify('a', true);
    notify('b', true);
    outbox.forget('a');
    clock.advance(5000);
    expect(sent.map(({ subscription }) => subscription)).toEqual(['a', 'b', 'b']);
  });

  it('that are too many lose the oldest that nobody answers', () => {
    up = false;
    notify('kept', true);
    for (let n = 0; n < 4096; n++) notify(`s${n}`, false);
    up = true;
    outbox.connected();
    expect(sent).toHaveLength(4096);
    expect(sent[0]!.subscription).toBe('kept');
    expect(sent[1]!.subscription).toBe('s1');
  });

  it('are over once: answered, sent without an answer wanted, expired, or nobody waits any more', () => {
    const over: string[] = [];
    const add = (subscriptionId: string, sendResp: boolean, expirationSeconds = 0): void =>
      outbox.add({ subscriptionId, sendResp, objDeletion: { objPath: 'Device.X.1.' } }, expirationSeconds, () =>
        over.push(subscriptionId),
      );
    add('sent', false);
    add('answered', true);
    add('expired', true, 8);
    add('forgotten', true);
    expect(over).toEqual(['sent']);
    outbox.answered('n2');
    outbox.answered('n2');
    clock.advance(60_000);
    outbox.forget('forgotten');
    expect(over).toEqual(['sent', 'answered', 'expired', 'forgotten']);
    add('at the stop', true);
    outbox[Symbol.dispose]();
    expect(over).not.toContain('at the stop');
    expect(clock.nextMs).toBeUndefined();
  });

  it('for a controller that is dead for a week cost no more than the limit, and the newest are kept', () => {
    up = false;
    for (let hour = 0; hour < 7 * 24; hour++) {
      for (let n = 0; n < 60; n++) notify(`${hour}:${n}`, n % 2 === 0);
      clock.advance(3600_000);
    }
    expect(outbox.waiting).toBeLessThanOrEqual(4096);
    for (let n = 0; n < 40; n++) {
      outbox.add({ subscriptionId: 'large', sendResp: true, objDeletion: { objPath: 'x'.repeat(100_000) } }, 0);
      expect(outbox.bytes).toBeLessThanOrEqual(2 * 1024 * 1024);
    }
    const kept = outbox.waiting;
    up = true;
    outbox.connected();
    expect(sent).toHaveLength(kept);
    expect(sent.at(-1)!.subscription).toBe('large');
    expect(outbox.nextRetryMs).toBe(5000);
    for (const { id } of sent) outbox.answered(id);
    expect([outbox.waiting, outbox.bytes, outbox.nextRetryMs, clock.nextMs]).toEqual([0, 0, undefined, undefined]);
  });
});
