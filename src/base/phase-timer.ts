import { type Clock, clockIsSet } from './time.ts';

export interface PhasePlan {
  readonly enabled: boolean;
  readonly intervalSeconds: number;
  /** Milliseconds since 1970; `undefined`: the phase is ours to choose. */
  readonly phase: number | undefined;
}

/** The wall clock may be set anew: what goes by it is looked at at least so often. */
const longestSleepMs = 10 * 60_000;

/**
 * Rings at a phase plus whole intervals (TR-181 PeriodicInformTime, PeriodicNotifTime and their likes), as long as the plan says so. Without a phase, and as long as the
 * device does not know the time, it is a random one: devices that the same power return has started do not ring together.
 */
export class PhaseTimer implements Disposable {
  readonly #clock: Clock;
  readonly #ring: () => void;
  /** Of an interval: where in it our own phase is. */
  readonly #share: number;
  #key = '';
  #timer: Disposable | undefined;

  /** @param random uniform in [0, 1), different on each device */
  constructor(clock: Clock, random: () => number, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
    this.#share = 1 - random();
  }

  set(plan: PhasePlan): void {
    const key = JSON.stringify([plan.enabled, plan.intervalSeconds, plan.phase]);
    // The same plan again must not move a phase that is ours.
    if (key === this.#key) return;
    this.#key = key;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (plan.enabled && plan.intervalSeconds > 0) this.#arm(plan, plan.intervalSeconds * 1000 * this.#share);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** @param ownMs until our own phase */
  #arm(plan: PhasePlan, ownMs: number): void {
    const { intervalSeconds, phase } = plan;
    const now = this.#clock.now();
    const byPhase = phase !== undefined && clockIsSet(now);
    const waitMs = byPhase ? untilPhaseMs(now, phase, intervalSeconds * 1000) : ownMs;
    const sleepMs = phase === undefined ? waitMs : Math.min(waitMs, longestSleepMs);
    this.#timer = this.#clock.timer(sleepMs, () => {
      const due = sleepMs === waitMs;
      this.#arm(plan, due ? intervalSeconds * 1000 : ownMs - sleepMs);
      if (due) this.#ring();
    });
  }
}

/** More than 0. */
function untilPhaseMs(now: number, phase: number, intervalMs: number): number {
  const since = (now - phase) % intervalMs;
  return intervalMs - (since < 0 ? since + intervalMs : since);
}
