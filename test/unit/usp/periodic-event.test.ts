import { expect, it } from 'vitest';
import type { Model } from '#model';
import { PeriodicEvent } from '../../../src/usp/notify/periodic-event.ts';
import { HandClock } from '../../support/hand-clock.ts';

it('Periodic! comes at a place of the device’s own in the interval, for each controller, and other changes do not move it', () => {
  const clock = new HandClock();
  const begun = clock.monotonicMs();
  const raised: [recipient: string | undefined, seconds: number][] = [];
  const raise: Model['raise'] = (path, _args, _origin, recipient) => {
    expect(path).toBe('Device.LocalAgent.Periodic!');
    raised.push([recipient, (clock.monotonicMs() - begun) / 1000]);
  };
  const draws = [0.25, 0.5];
  using event = new PeriodicEvent({ raise } as Model, clock, () => draws.shift()!);
  const one = { path: 'C.1.', periodic: { intervalSeconds: 100, phase: undefined } };
  const other = { path: 'C.2.', periodic: { intervalSeconds: 100, phase: undefined } };
  event.sync([one, other]);
  clock.advance(60_000);
  event.sync([one, other]);
  clock.advance(60_000);
  event.sync([other]);
  clock.advance(100_000);
  expect(raised).toEqual([
    ['C.2', 50],
    ['C.1', 75],
    ['C.2', 150],
  ]);
});
