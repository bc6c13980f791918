import { type Clock, periodicWaitMs } from '#base';

export interface PhasePlan {
  readonly enabled: boolean;
  readonly intervalSeconds: number;
  /** Milliseconds since 1970; `undefined`: the phase is ours to choose. */
  readonly phase: number | undefined;
}

/** Rings at a phase plus whole intervals (TR-181 PeriodicInformTime and its likes), as long as the plan says so. */
export class PhaseTimer implements Disposable {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #key = '';
  #timer: Disposable | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  set(plan: PhasePlan): void {
    const key = JSON.stringify([plan.enabled, plan.intervalSeconds, plan.phase]);
    // The same plan again must not move a phase that is ours.
    if (key === this.#key) return;
    this.#key = key;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (plan.enabled && plan.intervalSeconds > 0) this.#arm(plan);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #arm(plan: PhasePlan): void {
    this.#timer = this.#clock.timer(periodicWaitMs(this.#clock.now(), plan.phase, plan.intervalSeconds), () => {
      this.#arm(plan);
      this.#ring();
    });
  }
}
