import type { Log } from '#base';
import type { StateStore } from '#platform';
import type { Origin, StoredTableDeclaration } from '../api.ts';
import { toSchemaPath } from '../path/index.ts';
import type { Plan } from './plan.ts';
import { type StoredRow, StoredRows } from './stored.ts';
import { type RowChange, StoredFile } from './stored-file.ts';
import type { CompanionRows } from './transaction.ts';

/** By schema path of the table, then by path of the row. */
type RowsBefore = ReadonlyMap<string, ReadonlyMap<string, StoredRow | undefined>>;

/** All tables that the model keeps itself, and what a transaction means to them. */
export class StoredTables {
  readonly #tables = new Map<string, StoredRows>();
  readonly #file: StoredFile;

  constructor(state: StateStore, log: Log) {
    this.#file = new StoredFile(state, log);
  }

  /** With the rows that were saved. */
  declare(declaration: StoredTableDeclaration): StoredRows {
    const rows = new StoredRows(declaration);
    const saved = this.#file.saved(declaration.path);
    if (saved) rows.restore(saved);
    this.#tables.set(declaration.path, rows);
    return rows;
  }

  /** The stored rows that a plan is going to replace or remove, as they are now, by table. */
  before(plan: Plan): RowsBefore {
    const before = new Map<string, Map<string, StoredRow | undefined>>();
    for (const path of [...plan.storedRows.keys(), ...plan.storedGone]) {
      const schemaPath = toSchemaPath(path);
      const rows = before.get(schemaPath) ?? new Map<string, StoredRow | undefined>();
      before.set(schemaPath, rows.set(path, this.#tables.get(schemaPath)!.row(path)));
    }
    return before;
  }

  /** After the commit: each table hears what came, changed and went. */
  tell(before: RowsBefore, origin: Origin): void {
    for (const [schemaPath, rows] of before) {
      const table = this.#tables.get(schemaPath)!;
      const paths = [...rows];
      const now = (path: string): StoredRow[] => {
        const row = table.row(path);
        return row ? [row] : [];
      };
      table.declaration.committed?.({
        added: paths.flatMap(([path, was]) => (was ? [] : now(path))),
        changed: paths.flatMap(([path, was]) => (was ? now(path) : [])),
        removed: paths.flatMap(([path, was]) => (was && !table.row(path) ? [was] : [])),
        origin,
      });
    }
  }

  /** Rows that the model changes on its own account, outside of a transaction; on flash when this resolves. @throws StateError */
  async replace(schemaPath: string, put: readonly StoredRow[], gone: readonly string[]): Promise<void> {
    const table = this.#tables.get(schemaPath)!;
    const undo = [...put.map((row) => table.put(row)), ...gone.map((path) => table.remove(path))];
    try {
      await this.#file.save([{ table: schemaPath, next: table.next, put, gone }]);
    } catch (error) {
      for (const back of undo.reverse()) back();
      throw error;
    }
  }

  /** What a transaction means to the file: asked when the rows in memory are as they will be. */
  companion(before: RowsBefore, plan: Plan): CompanionRows {
    let changes: readonly RowChange[] | undefined;
    const known = (): readonly RowChange[] => {
      changes ??= this.#changes(before);
      return changes;
    };
    return {
      place: () => this.#place(before, plan),
      inverse: () => this.#file.inverse(known()),
      save: () => this.#file.save(known()),
    };
  }

  #place(before: RowsBefore, plan: Plan): () => void {
    const undo: (() => void)[] = [];
    for (const [schemaPath, rows] of before) {
      const table = this.#tables.get(schemaPath)!;
      for (const path of rows.keys()) {
        const row = plan.storedRows.get(path);
        undo.push(row ? table.put(row) : table.remove(path));
      }
    }
    return () => {
      for (const back of undo.reverse()) back();
    };
  }

  /** Makes the file say what an inverse says. @throws StateError */
  restore(inverse: readonly RowChange[]): Promise<void> {
    return this.#file.restore(inverse);
  }

  #changes(before: RowsBefore): RowChange[] {
    const changes = [...before].map(([schemaPath, rows]) => {
      const table = this.#tables.get(schemaPath)!;
      const put: StoredRow[] = [];
      const gone: string[] = [];
      for (const [path, was] of rows) {
        const row = table.row(path);
        if (row && table.keeps(row)) put.push(row);
        else if (was && table.keeps(was)) gone.push(path);
      }
      return { table: schemaPath, next: table.next, put, gone };
    });
    return changes.filter(({ put, gone }) => put.length + gone.length > 0);
  }
}
