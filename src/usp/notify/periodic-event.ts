import { type Clock, type PhasePlan, PhaseTimer } from '#base';
import type { Model } from '#model';

/** Of one controller. */
export interface PeriodicConfig {
  /** Instance path of its row. */
  readonly path: string;
  readonly periodic: Omit<PhasePlan, 'enabled'>;
}

/** `Device.LocalAgent.Periodic!`, for each controller at its own phase. A change of something else does not move it. */
export class PeriodicEvent implements Disposable {
  readonly #model: Model;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #timers = new Map<string, PhaseTimer>();

  /** @param random uniform in [0, 1), different on each device */
  constructor(model: Model, clock: Clock, random: () => number) {
    this.#model = model;
    this.#clock = clock;
    this.#random = random;
  }

  sync(controllers: readonly PeriodicConfig[]): void {
    const wanted = new Map(controllers.map(({ path, periodic }) => [path, periodic]));
    for (const [path, timer] of [...this.#timers]) {
      if (wanted.has(path)) continue;
      timer[Symbol.dispose]();
      this.#timers.delete(path);
    }
    for (const [path, periodic] of wanted) this.#timer(path).set({ enabled: true, ...periodic });
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  #timer(path: string): PhaseTimer {
    const known = this.#timers.get(path);
    if (known) return known;
    const raise = () => this.#model.raise('Device.LocalAgent.Periodic!', {}, { by: 'device' }, path.slice(0, -1));
    const timer = new PhaseTimer(this.#clock, this.#random, raise);
    this.#timers.set(path, timer);
    return timer;
  }
}
