import type { Log } from '#base';
import type { StateStore } from '#platform';
import { isDurable, type Report } from './report.ts';
import type { Transfer } from './transfer.ts';

const name = 'cwmp-transfers';

/** What is ordered and what is owed word of, in one file: a transfer that is done and its report change places in one atomic write. */
export class TransferBook {
  readonly #store: StateStore;
  #transfers: readonly Transfer[] = [];
  #reports: readonly Report[] = [];

  constructor(store: StateStore, log: Log) {
    this.#store = store;
    const text = store.read(name);
    if (text === undefined) return;
    try {
      const saved = JSON.parse(text) as { transfers?: Transfer[]; reports?: Report[] };
      this.#transfers = saved.transfers ?? [];
      this.#reports = saved.reports ?? [];
    } catch (error) {
      log.error('the saved transfers are unusable and are lost', { error });
    }
  }

  get transfers(): readonly Transfer[] {
    return this.#transfers;
  }

  get reports(): readonly Report[] {
    return this.#reports;
  }

  /**
   * Flash is written only if what has to outlive a power cut is another.
   * @throws StateError: nothing has changed then
   */
  async change(part: { transfers?: readonly Transfer[]; reports?: readonly Report[] }): Promise<void> {
    const before = { transfers: this.#transfers, reports: this.#reports, text: this.#text() };
    this.#transfers = part.transfers ?? this.#transfers;
    this.#reports = part.reports ?? this.#reports;
    const after = this.#text();
    if (after === before.text) return;
    try {
      if (this.#transfers.length === 0 && !this.#reports.some(isDurable)) await this.#store.remove(name);
      else await this.#store.write(name, after);
    } catch (error) {
      this.#transfers = before.transfers;
      this.#reports = before.reports;
      throw error;
    }
  }

  #text(): string {
    return JSON.stringify({ transfers: this.#transfers, reports: this.#reports.filter(isDurable) });
  }
}
