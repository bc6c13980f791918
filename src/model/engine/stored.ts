import type { DeclaredRow, StoredTableDeclaration } from '../api.ts';

export interface StoredRow {
  /** Instance path of the row. */
  readonly path: string;
  readonly instances: readonly number[];
  readonly values: Readonly<Record<string, string>>;
}

/** The rows of one stored table, in memory. Rows are replaced, never changed, so that an undo is putting the old one back. */
export class StoredRows {
  readonly declaration: StoredTableDeclaration;
  readonly columns: ReadonlySet<string>;
  readonly #rows = new Map<string, StoredRow>();
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
    return [...this.#rows.values()].filter(
      (row) => row.path.startsWith(tablePath) && /^[0-9]+\.$/.test(row.path.slice(tablePath.length)),
    );
  }

  row(path: string): StoredRow | undefined {
    return this.#rows.get(path);
  }

  takeNumber(): number {
    return this.#next++;
  }

  /** @returns undoes it */
  put(row: StoredRow): () => void {
    const before = this.#rows.get(row.path);
    this.#rows.set(row.path, row);
    return () => {
      if (before) this.#rows.set(row.path, before);
      else this.#rows.delete(row.path);
    };
  }

  /** @returns undoes it */
  remove(path: string): () => void {
    const before = this.#rows.get(path);
    this.#rows.delete(path);
    return () => {
      if (before) this.#rows.set(path, before);
    };
  }

  /** What is kept on flash. */
  snapshot(): { next: number; rows: StoredRow[] } {
    const keep = this.declaration.persist ?? (() => true);
    return { next: this.#next, rows: [...this.#rows.values()].filter(keep) };
  }

  restore(snapshot: { next: number; rows: readonly StoredRow[] }): void {
    this.#next = Math.max(1, snapshot.next);
    for (const row of snapshot.rows) this.#rows.set(row.path, row);
  }
}
