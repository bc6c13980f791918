import { type Clock, periodicWaitMs } from '#base';
import type { Model } from '#model';

/** Of one controller. */
export interface PeriodicConfig {
  /** Instance path of its row. */
  readonly path: string;
  readonly periodic: {
    readonly intervalSeconds: number;
    /** Milliseconds since 1970; `undefined`: counted from now. */
    readonly phase: number | undefined;
  };
}

/** `Device.LocalAgent.Periodic!`, on each controller's own grid. A change of something else does not move it. */
export class PeriodicEvent implements Disposable {
  readonly #model: Model;
  readonly #clock: Clock;
  readonly #timers = new Map<string, { readonly key: string; readonly timer: Disposable }>();

  constructor(model: Model, clock: Clock) {
    this.#model = model;
    this.#clock = clock;
  }

  sync(controllers: readonly PeriodicConfig[]): void {
    const wanted = new Map(controllers.map(({ path, periodic }) => [path, periodic]));
    for (const [path, { key, timer }] of [...this.#timers]) {
      if (JSON.stringify(wanted.get(path)) === key) continue;
      timer[Symbol.dispose]();
      this.#timers.delete(path);
    }
    for (const [path, periodic] of wanted) if (!this.#timers.has(path)) this.#arm(path, periodic);
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  #arm(path: string, periodic: PeriodicConfig['periodic']): void {
    if (periodic.intervalSeconds <= 0) return;
    const waitMs = periodicWaitMs(this.#clock.now(), periodic.phase, periodic.intervalSeconds);
    const timer = this.#clock.timer(waitMs, () => {
      this.#arm(path, periodic);
      this.#model.raise('Device.LocalAgent.Periodic!', {}, { by: 'device' }, path.slice(0, -1));
    });
    this.#timers.set(path, { key: JSON.stringify(periodic), timer });
  }
}
