import type { Log } from '#base';
import type { StateStore } from '#platform';

const name = 'tr098';

/**
 * Instance numbers of the rows that TR-181 has no table for: a LAN, a WAN link and its connections. Given once, by what a row stands for,
 * never to another one again, and kept over a power cut (TR-106 3.2.1).
 */
export class Numbers {
  readonly #state: StateStore;
  readonly #tables: Record<string, Record<string, number>> = {};
  #changed = false;

  constructor(state: StateStore, log: Log) {
    this.#state = state;
    try {
      const saved: unknown = JSON.parse(state.read(name) ?? '{}');
      for (const [table, rows] of entries(saved)) {
        const kept: Record<string, number> = {};
        for (const [row, number] of entries(rows)) {
          if (Number.isSafeInteger(number) && (number as number) > 0) kept[row] = number as number;
        }
        this.#tables[table] = kept;
      }
    } catch (error) {
      log.error('the saved instance numbers are unusable; rows are counted anew', { error });
    }
  }

  /** @param table path of the table under TR-098's root. @param row what the row stands for, in TR-181 */
  of(table: string, row: string): number {
    this.#tables[table] ??= {};
    const rows = this.#tables[table];
    const known = rows[row];
    if (known !== undefined) return known;
    this.#changed = true;
    rows[row] = Math.max(0, ...Object.values(rows)) + 1;
    return rows[row];
  }

  /** To be awaited before a number is told. */
  async save(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    await this.#state.write(name, JSON.stringify(this.#tables));
  }
}

const entries = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
