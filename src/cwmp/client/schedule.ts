import type { Clock } from '#base';
import type { CwmpStateFile, ScheduledInform } from './state.ts';

/** More than any ACS has use for at a time. */
const scheduledLimit = 32;

/** Informs that the ACS has ordered with ScheduleInform (TR-069 A.3.2.10): kept over a power cut, each told once. */
export class Schedule implements Disposable {
  readonly #state: CwmpStateFile;
  readonly #clock: Clock;
  readonly #due: (commandKey: string) => void;
  readonly #timers = new Map<string, Disposable>();

  constructor(state: CwmpStateFile, clock: Clock, due: (commandKey: string) => void) {
    this.#state = state;
    this.#clock = clock;
    this.#due = due;
    for (const inform of this.#pending) this.#arm(inform);
  }

  /** @returns false: there are too many */
  async add(delaySeconds: number, commandKey: string): Promise<boolean> {
    if (this.#pending.length >= scheduledLimit) return false;
    const inform = { atMs: this.#clock.now() + delaySeconds * 1000, commandKey };
    await this.#state.change({ scheduled: [...this.#pending, inform] });
    this.#arm(inform);
    return true;
  }

  /** Those that have not come due: what the state keeps beside the events that took the others' place. */
  get waiting(): ScheduledInform[] {
    return this.#pending.filter((inform) => this.#timers.has(keyOf(inform)));
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
  }

  get #pending(): readonly ScheduledInform[] {
    return this.#state.get().scheduled ?? [];
  }

  /** A clock that has jumped ahead makes it due at once; one that was set back makes it wait longer. */
  #arm(inform: ScheduledInform): void {
    const key = keyOf(inform);
    const timer = this.#clock.timer(Math.max(0, inform.atMs - this.#clock.now()), () => {
      this.#timers.delete(key);
      this.#due(inform.commandKey);
    });
    this.#timers.set(key, timer);
  }
}

const keyOf = ({ atMs, commandKey }: ScheduledInform): string => `${atMs} ${commandKey}`;
