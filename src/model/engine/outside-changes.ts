import type { CompiledObject } from '../mapping/compiled.ts';
import type { Sources } from '../mapping/sources.ts';
import { ChangeEvents } from './change-events.ts';
import type { SourceKey } from './dependencies.ts';
import type { DataModelPorts } from './ports.ts';
import type { Turns } from './turns.ts';
import type { Watches } from './watch.ts';

/** An event of the device is often one of several: the look waits for the others. */
const eventSettleMs = 30;

/** What changes on the device without us, and when that is looked at. */
export class OutsideChanges implements Disposable {
  readonly events: ChangeEvents;
  readonly #ports: DataModelPorts;
  readonly #sources: Sources;
  readonly #watches: Watches;
  readonly #turns: Turns;
  /** What events have told of, until it is looked at. */
  readonly #affected = new Set<SourceKey>();
  #pending: Disposable | undefined;
  #adjusting = false;
  #stopped = false;

  constructor(
    mapped: readonly CompiledObject[],
    ports: DataModelPorts,
    sources: Sources,
    watches: Watches,
    turns: Turns,
  ) {
    this.#ports = ports;
    this.#sources = sources;
    this.#watches = watches;
    this.#turns = turns;
    this.events = new ChangeEvents(mapped, { ...ports, changed: (keys) => this.#soon(keys) });
  }

  /** Clocks of sources that nobody tells about run only for what is watched. */
  watchingChanged(): void {
    if (this.#adjusting) return;
    this.#adjusting = true;
    queueMicrotask(() => {
      this.#adjusting = false;
      if (!this.#stopped) this.events.watch(this.#watches.keys);
    });
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    this.#pending?.[Symbol.dispose]();
    this.events[Symbol.dispose]();
  }

  /** What changed outside may be one of several things that happen at once: the look waits for the others. */
  #soon(keys: ReadonlySet<SourceKey>): void {
    this.#sources.forget();
    if (!this.#watches.watching) return;
    for (const key of keys) this.#affected.add(key);
    this.#pending ??= this.#ports.clock.timer(eventSettleMs, () => {
      this.#pending = undefined;
      // In the writers' turn, so that a look never falls between a write and what is told of it.
      void this.#turns
        .take(async () => {
          const affected = new Set([...this.#affected, ...this.events.committed()]);
          this.#affected.clear();
          this.#sources.forget();
          await this.#watches.refresh(undefined, affected);
        })
        .catch((error) => this.#ports.log.error('looking for changes failed', { error }));
    });
  }
}
