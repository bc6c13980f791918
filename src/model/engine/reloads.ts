import { errorCode, type Log } from '#base';
import type { Bus, StateStore } from '#platform';

const name = 'reload';

/**
 * The device's services are told of a package that has changed (procd's `config.change`). What they have not been told yet is kept
 * where a restart of the agent finds it and a reboot, after which the services read everything anew, does not.
 */
export class Reloads {
  readonly #bus: Bus;
  readonly #runtime: StateStore | undefined;
  readonly #log: Log;
  readonly #hung: () => void;
  readonly #owed: Set<string>;
  /** Owed as well, and not told before `release`. */
  readonly #postponed = new Set<string>();

  /** @param hung the bus took what was told and did not answer: it may come to itself without a sign */
  constructor(bus: Bus, runtime: StateStore | undefined, log: Log, hung: () => void = () => {}) {
    this.#bus = bus;
    this.#runtime = runtime;
    this.#log = log;
    this.#hung = hung;
    this.#owed = new Set((runtime?.read(name) ?? '').split(' ').filter((pack) => pack !== ''));
  }

  /** These are about to change. */
  async owe(packages: readonly string[]): Promise<void> {
    for (const pack of packages) this.#owed.add(pack);
    await this.#keep();
  }

  /** They are told later; a restart of the agent does not wait for that. */
  postpone(packages: readonly string[]): void {
    for (const pack of packages) this.#postponed.add(pack);
  }

  /** Somebody else can not wait for these. */
  hurry(packages: readonly string[]): void {
    for (const pack of packages) this.#postponed.delete(pack);
  }

  /** What was postponed is told with the next `pay`. @returns whether there is any */
  release(): boolean {
    const any = this.#postponed.size > 0;
    this.#postponed.clear();
    return any;
  }

  /** Nothing has come of it. */
  async forget(packages: readonly string[]): Promise<void> {
    for (const pack of packages) {
      this.#owed.delete(pack);
      this.#postponed.delete(pack);
    }
    await this.#keep();
  }

  /** Tells what is owed; what could not be told stays owed until ubus is there again, or answers again. */
  async pay(): Promise<void> {
    const packages = [...this.#owed].filter((pack) => !this.#postponed.has(pack));
    if (packages.length === 0) return;
    for (const pack of packages) {
      try {
        await this.#bus.invoke('service', 'event', { type: 'config.change', data: { package: pack } });
        this.#owed.delete(pack);
      } catch (error) {
        this.#log.warn('the services could not be told of a change', { package: pack, error });
        if (errorCode(error) !== 'UBUS_TIMEOUT') continue;
        // Whoever waits for the write does not wait for each of its packages.
        this.#hung();
        break;
      }
    }
    await this.#keep();
  }

  async #keep(): Promise<void> {
    try {
      if (this.#owed.size > 0) await this.#runtime?.write(name, [...this.#owed].join(' '));
      else if (this.#runtime?.read(name) !== undefined) await this.#runtime.remove(name);
    } catch (error) {
      this.#log.warn('what the services have to be told can not be noted', { error });
    }
  }
}
