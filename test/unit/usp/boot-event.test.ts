import { describe, expect, it } from 'vitest';
import { BootEvent } from '../../../src/usp/notify/boot-event.ts';
import { HandClock } from '../../support/hand-clock.ts';

const rows = ['Device.LocalAgent.Subscription.1.', 'Device.LocalAgent.Subscription.2.'] as const;

describe('Boot!', () => {
  const start = (owed?: readonly string[]) => {
    const clock = new HandClock();
    const kept: (readonly string[])[] = [];
    const keep = async (next: readonly string[]): Promise<void> => void kept.push(next);
    return { clock, kept, boot: new BootEvent({ args: { Cause: 'LocalReboot' }, owed, keep }, clock) };
  };

  it('is owed to everybody at first, then to whom it has not reached', async () => {
    const { clock, kept, boot } = start();
    const [first, second] = rows.map((row) => boot.owes(row) && boot.under(row));
    boot.keep();
    await expect.poll(() => kept).toEqual([rows]);
    if (first) first();
    clock.advance(250);
    await expect.poll(() => kept.at(-1)).toEqual([rows[1]]);
    if (second) second();
    clock.advance(250);
    await expect.poll(() => kept.at(-1)).toEqual([]);
  });

  it('is told after a crash only to whom it had not reached', () => {
    const { boot } = start([rows[1]]);
    expect(rows.map((row) => boot.owes(row))).toEqual([false, true]);
    expect(start([]).boot.owes(rows[0])).toBe(false);
  });

  it('is written once for many deliveries, and at the stop', async () => {
    const { clock, kept, boot } = start();
    const over = Array.from({ length: 1000 }, (_, n) => boot.under(`row ${n}`));
    boot.keep();
    for (const delivered of over.slice(0, 999)) delivered();
    clock.advance(249);
    await boot[Symbol.asyncDispose]();
    expect(kept.map((owed) => owed.length)).toEqual([1000, 1]);
  });
});
