import type { Log } from '#base';
import type { StateStore } from '#platform';
import type { StoredRow, StoredSnapshot } from './stored.ts';

const name = 'rows';
/** More than this many changes are written together as a new snapshot. */
const changesLimit = 4096;

/** One change as a line of the log. */
interface Line {
  /** Schema path of the table. */
  readonly table: string;
  readonly next: number;
  readonly put?: readonly StoredRow[];
  readonly gone?: readonly string[];
}

export interface RowChange {
  readonly table: string;
  readonly next: number;
  readonly put: readonly StoredRow[];
  readonly gone: readonly string[];
}

/**
 * Stored tables on flash: a snapshot, and the changes since as lines that are appended, so that adding one row to a thousand costs one short write. Playing the
 * lines over a snapshot that has them already changes nothing, so a power cut between the two is harmless.
 */
export class StoredFile {
  readonly #state: StateStore;
  readonly #log: Log;
  readonly #tables = new Map<string, { next: number; rows: Map<string, StoredRow> }>();
  #lines = 0;

  constructor(state: StateStore, log: Log) {
    this.#state = state;
    this.#log = log;
    this.#load();
  }

  /** What was on flash at the start; `undefined`: nothing of this table. */
  saved(table: string): StoredSnapshot | undefined {
    const known = this.#tables.get(table);
    return known && { next: known.next, rows: [...known.rows.values()] };
  }

  /** What undoes these changes: the rows as they are on flash now. */
  inverse(changes: readonly RowChange[]): RowChange[] {
    return changes.map(({ table, put, gone }) => {
      const known = this.#tables.get(table);
      const paths = [...put.map(({ path }) => path), ...gone];
      const before = paths.map((path) => ({ path, row: known?.rows.get(path) }));
      return {
        table,
        next: known?.next ?? 1,
        put: before.flatMap(({ row }) => row ?? []),
        gone: before.flatMap(({ path, row }) => (row ? [] : [path])),
      };
    });
  }

  /** As `save`, of what is not so already. @throws StateError */
  restore(changes: readonly RowChange[]): Promise<void> {
    return this.save(
      changes.map((change) => {
        const rows = this.#tables.get(change.table)?.rows;
        return {
          ...change,
          put: change.put.filter((row) => JSON.stringify(rows?.get(row.path)) !== JSON.stringify(row)),
          gone: change.gone.filter((path) => rows?.has(path)),
        };
      }),
    );
  }

  /** All of it or nothing. @throws StateError */
  async save(changes: readonly RowChange[]): Promise<void> {
    const worth = changes.filter(({ put, gone }) => put.length + gone.length > 0);
    if (worth.length === 0) return;
    // One line for the whole transaction: a line that is cut off is a transaction that never was.
    if (this.#lines < changesLimit) {
      await this.#state.append(name, JSON.stringify(worth));
      this.#lines++;
      for (const change of worth) this.#play(change);
      return;
    }
    const before = new Map([...this.#tables].map(([table, { next, rows }]) => [table, { next, rows: new Map(rows) }]));
    for (const change of worth) this.#play(change);
    try {
      await this.#state.write(name, JSON.stringify(this.#snapshot()));
    } catch (error) {
      this.#tables.clear();
      for (const [table, rows] of before) this.#tables.set(table, rows);
      throw error;
    }
    this.#lines = 0;
  }

  #snapshot(): Record<string, StoredSnapshot> {
    return Object.fromEntries(
      [...this.#tables].map(([table, { next, rows }]) => [table, { next, rows: [...rows.values()] }]),
    );
  }

  #play({ table, next, put = [], gone = [] }: Line): void {
    const known = this.#tables.get(table) ?? { next: 1, rows: new Map<string, StoredRow>() };
    this.#tables.set(table, known);
    known.next = Math.max(known.next, next);
    for (const row of put) known.rows.set(row.path, row);
    for (const path of gone) known.rows.delete(path);
  }

  #load(): void {
    try {
      const text = this.#state.read(name);
      if (text !== undefined) {
        for (const [table, { next, rows }] of Object.entries(JSON.parse(text) as Record<string, StoredSnapshot>)) {
          this.#play({ table, next, put: rows });
        }
      }
      for (const line of this.#state.lines(name)) {
        this.#lines++;
        for (const change of JSON.parse(line) as Line[]) this.#play(change);
      }
    } catch (error) {
      this.#log.error('saved rows are unusable and are left out', { error });
    }
  }
}
