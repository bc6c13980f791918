import type { Log } from '#base';
import type { StateStore } from '#platform';
import { isDurable, type Report } from './report.ts';
import type { Transfer } from './transfer.ts';
import type { UnitOrder } from './units.ts';

const name = 'cwmp-transfers';
const empty = JSON.stringify({ transfers: [], units: [], reports: [] });

/** What is ordered and what is owed word of, in one file: a transfer that is done and its report change places in one atomic write. */
export class TransferBook {
  readonly #store: StateStore;
  #transfers: readonly Transfer[] = [];
  #units: readonly UnitOrder[] = [];
  #reports: readonly Report[] = [];

  constructor(store: StateStore, log: Log) {
    this.#store = store;
    const text = store.read(name);
    if (text === undefined) return;
    try {
      const saved = JSON.parse(text) as { transfers?: Transfer[]; units?: UnitOrder[]; reports?: Report[] };
      this.#transfers = saved.transfers ?? [];
      this.#units = saved.units ?? [];
      this.#reports = saved.reports ?? [];
    } catch (error) {
      log.error('the saved transfers are unusable and are lost', { error });
    }
  }

  get transfers(): readonly Transfer[] {
    return this.#transfers;
  }

  get units(): readonly UnitOrder[] {
    return this.#units;
  }

  get reports(): readonly Report[] {
    return this.#reports;
  }

  /**
   * Flash is written only if what has to outlive a power cut is another.
   * @throws StateError: nothing has changed then
   */
  async change(part: {
    transfers?: readonly Transfer[];
    units?: readonly UnitOrder[];
    reports?: readonly Report[];
  }): Promise<void> {
    const before = { transfers: this.#transfers, units: this.#units, reports: this.#reports, text: this.#text() };
    this.#transfers = part.transfers ?? this.#transfers;
    this.#units = part.units ?? this.#units;
    this.#reports = part.reports ?? this.#reports;
    const after = this.#text();
    if (after === before.text) return;
    try {
      if (after === empty) await this.#store.remove(name);
      else await this.#store.write(name, after);
    } catch (error) {
      this.#transfers = before.transfers;
      this.#units = before.units;
      this.#reports = before.reports;
      throw error;
    }
  }

  #text(): string {
    return JSON.stringify({ transfers: this.#transfers, units: this.#units, reports: this.#reports.filter(isDurable) });
  }
}
