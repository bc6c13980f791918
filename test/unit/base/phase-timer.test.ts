import { describe, expect, it } from 'vitest';
import { PhaseTimer } from '#base';
import { HandClock } from '../../support/hand-clock.ts';

const day = 86_400;

/** When it rings, in seconds from the start. */
function rings(clock: HandClock, random: number, phase: number | undefined, forSeconds: number): number[] {
  const begun = clock.monotonicMs();
  const heard: number[] = [];
  using timer = new PhaseTimer(
    clock,
    () => random,
    () => heard.push((clock.monotonicMs() - begun) / 1000),
  );
  timer.set({ enabled: true, intervalSeconds: day, phase });
  clock.advance(forSeconds * 1000);
  return heard;
}

describe('a phase', () => {
  it('that is ours is another one on each device, and is kept', () => {
    expect(rings(new HandClock(), 0.25, undefined, 3 * day)).toEqual([0.75 * day, 1.75 * day, 2.75 * day]);
    expect(rings(new HandClock(), 0, undefined, 2 * day)).toEqual([day, 2 * day]);
  });

  it('that is given is kept to, whatever the device would choose', () => {
    const sixOClock = Date.parse('2020-05-05T06:00:00Z');
    expect(rings(new HandClock(), 0.9, sixOClock, 2 * day)).toEqual([day / 4, 1.25 * day]);
  });

  it('that is given is not gone by while the device does not know the time, which a whole town of them has lost at once', () => {
    const midnight = Date.parse('2020-01-01T00:00:00Z');
    expect(rings(new HandClock(0), 0.5, midnight, 2 * day)).toEqual([day / 2, 1.5 * day]);
  });

  it('that is given is gone by as soon as the clock has been set', () => {
    const clock = new HandClock(0);
    const heard: string[] = [];
    using timer = new PhaseTimer(
      clock,
      () => 0.5,
      () => heard.push(new Date(clock.now()).toISOString()),
    );
    timer.set({ enabled: true, intervalSeconds: day, phase: Date.parse('2020-01-01T00:00:00Z') });
    clock.advance(5000);
    clock.set(Date.parse('2026-03-01T20:00:00Z'));
    clock.advance(28 * 3_600_000);
    expect(heard).toEqual(['2026-03-02T00:00:00.000Z', '2026-03-03T00:00:00.000Z']);
  });

  it('is not moved by the same plan', () => {
    const clock = new HandClock();
    let heard = 0;
    using timer = new PhaseTimer(
      clock,
      () => 0.5,
      () => heard++,
    );
    const plan = { enabled: true, intervalSeconds: 100, phase: undefined };
    timer.set(plan);
    clock.advance(30_000);
    timer.set({ ...plan });
    clock.advance(20_000);
    expect(heard).toBe(1);
    timer.set({ ...plan, enabled: false });
    clock.advance(1_000_000);
    expect(heard).toBe(1);
  });
});
