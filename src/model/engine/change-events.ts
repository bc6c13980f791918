import type { Clock } from '#base';
import type { Bus, Uci } from '#platform';
import type { CompiledObject } from '../mapping/compiled.ts';
import { codeKey, type SourceKey, sourceKey, uciKey } from './dependencies.ts';

/** UCI tells nobody when somebody else commits: its files are looked at (their time and size, not their content). */
const uciPollMs = 5000;
/** The same goes for what code gives. */
const codePollMs = 30_000;

export interface ChangeEventsParts {
  readonly bus: Bus;
  readonly uci: Uci;
  readonly clock: Clock;
  /** These may have changed. */
  readonly changed: (keys: ReadonlySet<SourceKey>) => void;
}

/**
 * How it comes to be known that something outside has changed: events and notifications of ubus by the sources' `changes`, and clocks for sources that have
 * none. A clock runs only while somebody watches what depends on its source.
 */
export class ChangeEvents implements Disposable {
  readonly #parts: ChangeEventsParts;
  readonly #listening: Disposable[] = [];
  /** Objects that fit a pattern, each subscribed to once. */
  readonly #subscribed = new Map<string, Disposable>();
  readonly #polls = new Map<SourceKey, number>();
  readonly #packages = new Set<string>();
  readonly #revisions = new Map<string, string | undefined>();
  #timers: Disposable[] = [];

  constructor(mapped: readonly CompiledObject[], parts: ChangeEventsParts) {
    this.#parts = parts;
    const byEvent = new Map<string, Set<SourceKey>>();
    for (const source of new Set(mapped.flatMap((object) => Object.values(object.sources)))) {
      const key = sourceKey(source);
      if (source.uci !== undefined) this.#packages.add(source.uci);
      if (source.poll !== undefined) this.#polls.set(key, source.poll * 1000);
      for (const name of source.changes ?? []) byEvent.set(name, (byEvent.get(name) ?? new Set()).add(key));
    }
    for (const [name, keys] of byEvent) this.#listen(name, keys);
  }

  /** @param watched what somebody is watching depends on; `undefined`: everything. Empty: nobody is watching */
  watch(watched: ReadonlySet<SourceKey> | undefined): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers = [];
    const periods = new Map<number, Set<SourceKey>>();
    if (watched?.has(codeKey) ?? true) periods.set(codePollMs, new Set([codeKey]));
    for (const [key, periodMs] of this.#polls) {
      if (watched && !watched.has(key)) continue;
      periods.set(periodMs, (periods.get(periodMs) ?? new Set()).add(key));
    }
    for (const [periodMs, keys] of periods) this.#every(periodMs, () => this.#parts.changed(keys));
    for (const pack of this.#packages) {
      const wanted = watched?.has(uciKey(pack)) ?? true;
      if (!wanted) this.#revisions.delete(pack);
      else if (!this.#revisions.has(pack)) this.#revisions.set(pack, this.#parts.uci.revision(pack));
    }
    if (this.#revisions.size > 0) {
      this.#every(uciPollMs, () => {
        const keys = this.committed();
        if (keys.size > 0) this.#parts.changed(keys);
      });
    }
  }

  /** Packages that are not what they were when this was asked last. */
  committed(): Set<SourceKey> {
    const keys = new Set<SourceKey>();
    for (const [pack, before] of this.#revisions) {
      const now = this.#parts.uci.revision(pack);
      if (now === before) continue;
      this.#revisions.set(pack, now);
      keys.add(uciKey(pack));
    }
    return keys;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    for (const one of [...this.#listening, ...this.#subscribed.values()]) one[Symbol.dispose]();
  }

  #every(periodMs: number, work: () => void): void {
    let timer: Disposable;
    const arm = (): void => {
      timer = this.#parts.clock.timer(periodMs, () => {
        arm();
        work();
      });
    };
    arm();
    this.#timers.push({ [Symbol.dispose]: () => timer[Symbol.dispose]() });
  }

  #listen(name: string, keys: ReadonlySet<SourceKey>): void {
    const { bus, changed } = this.#parts;
    const heard = (): void => changed(keys);
    this.#listening.push(bus.listen(name, heard));
    if (!name.endsWith('*')) {
      this.#listening.push(bus.subscribe(name, heard));
      return;
    }
    // Objects come and go (`hostapd.*`): each that fits is subscribed to, and its coming and going is a change itself.
    const prefix = name.slice(0, -1);
    const take = (path: string): void => {
      if (!this.#subscribed.has(path)) this.#subscribed.set(path, bus.subscribe(path, heard));
    };
    const find = async (): Promise<void> => {
      try {
        for (const { path } of await bus.list(name)) take(path);
      } catch {
        // ubusd is not there: asked again when it is.
      }
    };
    for (const event of ['ubus.object.add', 'ubus.object.remove']) {
      this.#listening.push(
        bus.listen(event, (_, { path }) => {
          if (typeof path !== 'string' || !path.startsWith(prefix)) return;
          if (event === 'ubus.object.add') take(path);
          heard();
        }),
      );
    }
    this.#listening.push(bus.onState((connected) => void (connected && find())));
    if (bus.connected) void find();
  }
}
