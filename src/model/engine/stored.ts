import type { DeclaredRow, StoredTableDeclaration } from '../api.ts';

export interface StoredRow {
  /** Instance path of the row. */
  readonly path: string;
  readonly instances: readonly number[];
  readonly values: Readonly<Record<string, string>>;
}

/** What is kept on flash of one table. */
export interface StoredSnapshot {
  readonly next: number;
  readonly rows: readonly StoredRow[];
}

const nobody: ReadonlySet<StoredRow> = new Set();

/**
 * The rows of one stored table, in memory. Rows are replaced, never changed, so that an undo is putting the old one back. A column that is searched once
 * gets an index, which every change keeps up.
 */
export class StoredRows {
  readonly declaration: StoredTableDeclaration;
  readonly columns: ReadonlySet<string>;
  readonly #rows = new Map<string, StoredRow>();
  /** By instance path of the table, then by instance number. */
  readonly #tables = new Map<string, Map<number, StoredRow>>();
  /** By table and column, then by value. */
  readonly #indexes = new Map<string, Map<string, Map<string, Set<StoredRow>>>>();
  #next = 1;

  constructor(declaration: StoredTableDeclaration) {
    this.declaration = declaration;
    this.columns = new Set(declaration.columns);
  }

  rows(): DeclaredRow[] {
    return [...this.#rows.values()];
  }

  /** @param tablePath instance path of the table: `Device.LocalAgent.Subscription.` */
  of(tablePath: string): StoredRow[] {
    return [...(this.#tables.get(tablePath)?.values() ?? [])];
  }

  at(tablePath: string, instance: number): StoredRow | undefined {
    return this.#tables.get(tablePath)?.get(instance);
  }

  /** Rows whose column has exactly this value. */
  having(tablePath: string, column: string, value: string): ReadonlySet<StoredRow> {
    let indexes = this.#indexes.get(tablePath);
    if (!indexes) {
      indexes = new Map();
      this.#indexes.set(tablePath, indexes);
    }
    let index = indexes.get(column);
    if (!index) {
      index = new Map();
      for (const row of this.of(tablePath)) enter(index, row.values[column] ?? '', row);
      indexes.set(column, index);
    }
    return index.get(value) ?? nobody;
  }

  row(path: string): StoredRow | undefined {
    return this.#rows.get(path);
  }

  /** The number that the next row gets. */
  get next(): number {
    return this.#next;
  }

  takeNumber(): number {
    return this.#next++;
  }

  /** @returns undoes it */
  put(row: StoredRow): () => void {
    const before = this.#rows.get(row.path);
    this.#replace(row.path, row);
    return () => this.#replace(row.path, before);
  }

  /** @returns undoes it */
  remove(path: string): () => void {
    const before = this.#rows.get(path);
    this.#replace(path, undefined);
    return () => this.#replace(path, before);
  }

  keeps(row: StoredRow): boolean {
    return this.declaration.persist?.(row) ?? true;
  }

  snapshot(): StoredSnapshot {
    return { next: this.#next, rows: [...this.#rows.values()].filter((row) => this.keeps(row)) };
  }

  restore(snapshot: StoredSnapshot): void {
    this.#next = Math.max(this.#next, snapshot.next);
    for (const row of snapshot.rows) this.#replace(row.path, row);
  }

  #replace(path: string, row: StoredRow | undefined): void {
    const before = this.#rows.get(path);
    const dot = path.lastIndexOf('.', path.length - 2) + 1;
    const tablePath = path.slice(0, dot);
    const instance = Number(path.slice(dot, -1));
    const table = this.#tables.get(tablePath) ?? new Map<number, StoredRow>();
    this.#tables.set(tablePath, table);
    if (row) {
      this.#rows.set(path, row);
      table.set(instance, row);
      this.#next = Math.max(this.#next, instance + 1);
    } else {
      this.#rows.delete(path);
      table.delete(instance);
    }
    for (const [column, index] of this.#indexes.get(tablePath) ?? []) {
      if (before) index.get(before.values[column] ?? '')?.delete(before);
      if (row) enter(index, row.values[column] ?? '', row);
    }
  }
}

function enter(index: Map<string, Set<StoredRow>>, value: string, row: StoredRow): void {
  const rows = index.get(value);
  if (rows) rows.add(row);
  else index.set(value, new Set([row]));
}
