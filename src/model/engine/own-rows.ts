import type { Origin, StoredRowChange } from '../api.ts';
import { instancesOf } from '../path/index.ts';
import { rowsKey } from './dependencies.ts';
import type { StoredRow, StoredRows } from './stored.ts';
import type { StoredTables } from './stored-tables.ts';
import type { Turns } from './turns.ts';
import type { Watches } from './watch.ts';

/** Stored rows that the rooms make and change on the device's own account, in the writers' turn. */
export class OwnRows {
  readonly #stored: StoredTables;
  readonly #watches: Watches;
  readonly #turns: Turns;

  constructor(stored: StoredTables, watches: Watches, turns: Turns) {
    this.#stored = stored;
    this.#watches = watches;
    this.#turns = turns;
  }

  /** @see StoredTable.fill @param table instance path of the table */
  fill(rows: StoredRows, table: string, values: readonly Readonly<Record<string, string>>[]): Promise<void> {
    return this.#turns.take(async () => {
      for (const { path } of rows.of(table)) rows.remove(path);
      for (const [index, row] of values.entries()) {
        const path = `${table}${index + 1}.`;
        rows.put({ path, instances: instancesOf(path), values: row });
      }
      await this.#watches.refresh();
    });
  }

  /** @see StoredTable.change */
  change(
    schemaPath: string,
    rows: StoredRows,
    put: readonly StoredRowChange[],
    gone: readonly string[],
    origin: Origin,
  ): Promise<readonly StoredRow[]> {
    return this.#turns.take(async () => {
      const after = put.map(({ path, values }): StoredRow => {
        const before = path === undefined ? undefined : rows.row(path);
        if (before) return { ...before, values: { ...before.values, ...values } };
        const number = rows.takeNumber();
        const alias: Record<string, string> = rows.columns.has('Alias') ? { Alias: `cpe-${number}` } : {};
        return {
          path: schemaPath.replace('{i}', String(number)),
          instances: [number],
          values: { ...alias, ...values },
        };
      });
      await this.#stored.replace(schemaPath, after, gone);
      const written = after.flatMap((row) => [row.path, ...Object.keys(row.values).map((name) => row.path + name)]);
      await this.#watches.refresh({ origin, written: new Set([...written, ...gone]) }, new Set([rowsKey(schemaPath)]));
      return after;
    });
  }
}
