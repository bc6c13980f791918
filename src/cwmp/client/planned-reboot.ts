import { type Clock, explain, type Log, unknownTime } from '#base';
import type { DeclaredParameter } from '#model';
import type { StateStore } from '#platform';
import type { CwmpStateFile } from './state.ts';

export interface PlannedRebootParts {
  readonly state: CwmpStateFile;
  /** Lost when the device boots: so is a DelayReboot. */
  readonly runtime: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly inSession: () => boolean;
  readonly reboot: () => void;
}

const delayName = 'cwmp-delay-reboot';
/** The wall clock may jump: it is looked at anew at least so often. */
const longestSleepMs = 10 * 60_000;

interface Delay {
  readonly seconds: number;
  /** Wall clock, milliseconds since 1970; absent until the session in which it was set is over. */
  readonly atMs?: number;
}

/** `ScheduleReboot` and `DelayReboot` of `Device.ManagementServer.` (TR-181): a reboot at a time, or some time after the session. Never within a session. */
export class PlannedReboot implements Disposable {
  readonly #parts: PlannedRebootParts;
  #delay: Delay | undefined;
  #timer: Disposable | undefined;

  constructor(parts: PlannedRebootParts) {
    this.#parts = parts;
    const text = parts.runtime.read(delayName);
    if (text !== undefined) this.#delay = JSON.parse(text) as Delay;
  }

  readonly parameters: Readonly<Record<string, DeclaredParameter>> = {
    ScheduleReboot: {
      get: () => this.#parts.state.get().rebootAt ?? unknownTime,
      set: async (_, value) => {
        const { state, clock } = this.#parts;
        const { rebootAt: before = unknownTime, rebootDone = false } = state.get();
        // What has passed when it is set is not caught up on.
        await state.change({ rebootAt: value, rebootDone: !(Date.parse(value) > clock.now()) });
        this.consider();
        return () => void this.#saved(state.change({ rebootAt: before, rebootDone })).then(() => this.consider());
      },
    },
    DelayReboot: {
      get: () => String(this.#delay?.seconds ?? -1),
      set: async (_, value) => {
        const before = this.#delay;
        await this.#keep(Number(value) < 0 ? undefined : { seconds: Number(value) });
        this.consider();
        return () => void this.#keep(before).then(() => this.consider());
      },
    },
  };

  /** Looks whether it is time. To be called at the start and when a session has ended. */
  consider(): void {
    const { clock, inSession, log, reboot } = this.#parts;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (inSession()) return;
    if (this.#delay && this.#delay.atMs === undefined) {
      const { seconds } = this.#delay;
      void this.#keep({ seconds, atMs: clock.now() + seconds * 1000 }).then(() => this.consider());
      return;
    }
    const { rebootAt = unknownTime, rebootDone = false } = this.#parts.state.get();
    const scheduledMs = rebootDone ? Number.NaN : Date.parse(rebootAt);
    const times = [scheduledMs, this.#delay?.atMs ?? Number.NaN].filter((ms) => ms > 0);
    if (times.length === 0) return;
    const waitMs = Math.min(...times) - clock.now();
    if (waitMs > 0) {
      this.#timer = clock.timer(Math.min(waitMs, longestSleepMs), () => this.consider());
      return;
    }
    // Before it happens: a clock that the boot sets back must not bring it about again.
    void Promise.all([this.#keep(undefined), this.#parts.state.change({ rebootDone: true })])
      .then(reboot)
      .catch((error) => log.error('the planned reboot can not be noted, and is left out', { reason: explain(error) }));
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  async #keep(delay: Delay | undefined): Promise<void> {
    this.#delay = delay;
    const { runtime } = this.#parts;
    if (delay) await this.#saved(runtime.write(delayName, JSON.stringify(delay)));
    else if (runtime.read(delayName) !== undefined) await this.#saved(runtime.remove(delayName));
  }

  /** What can not be kept is lost with the process, and no more than that. */
  async #saved(writing: Promise<void>): Promise<void> {
    await writing.catch((error) =>
      this.#parts.log.error('the planned reboot can not be kept', { reason: explain(error) }),
    );
  }
}
