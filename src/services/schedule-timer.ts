import { type Clock, ok, sleep } from '#base';
import type { Model } from '#model';

/**
 * `Device.ScheduleTimer()` (TR-181 USP view): ends after the delay that it was given. It outlives a reboot, and then counts from when it was asked for; one that was due
 * meanwhile ends at once.
 */
export function declareScheduleTimer(model: Model, clock: Clock): Disposable {
  return model.declare({
    path: 'Device.',
    commands: {
      'ScheduleTimer()': {
        lasting: true,
        run: async ({ DelaySeconds }, { requestedMs, signal }) => {
          const delayMs = Number(DelaySeconds) * 1000;
          // A clock that was set back between the two must not make the wait longer than it was asked for.
          const leftMs = Math.min(delayMs, Math.max(0, requestedMs + delayMs - clock.now()));
          await sleep(clock, leftMs, signal);
          return ok({});
        },
      },
    },
  });
}
