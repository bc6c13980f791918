import type { DeclaredParameter, DeclaredRow } from './declaring.ts';
import type { ModelFault } from './fault.ts';
import type { DeclaredCommands } from './operating.ts';
import type { Origin } from './view.ts';

/**
 * A table whose rows the model itself keeps: every schema parameter named in `columns` is stored as text, written
 * through the same transactions as everything else, with Alias, unique keys and instance numbers taken care of.
 */
export interface StoredTableDeclaration {
  readonly path: string;
  readonly columns: readonly string[];
  /** Beside the columns: computed parameters. */
  readonly parameters?: Readonly<Record<string, DeclaredParameter>>;
  readonly commands?: DeclaredCommands;
  readonly events?: readonly string[];
  /** Rows for which this is false are lost at restart. Default: all persist. */
  readonly persist?: (row: DeclaredRow) => boolean;
  /** Values of a new row beyond the schema's defaults. */
  readonly defaults?: (origin: Origin) => Readonly<Record<string, string>>;
  /** A whole-row check, after the parameters' own. `before` is undefined for a new row. */
  readonly validate?: (row: DeclaredRow, before: DeclaredRow | undefined, origin: Origin) => ModelFault | undefined;
  /** After commit: what came, changed and went, in that order. */
  readonly committed?: (change: StoredTableChange) => void;
}

export interface StoredTableChange {
  readonly added: readonly DeclaredRow[];
  readonly changed: readonly DeclaredRow[];
  readonly removed: readonly DeclaredRow[];
  readonly origin: Origin;
}

export interface StoredTable {
  rows(): readonly DeclaredRow[];
  /**
   * Replaces all rows of one table on the device's own account, in memory only: for results, which do not outlive a restart.
   * @param path instance path of the table: `Device.IP.Diagnostics.TraceRoute.RouteHops`
   * @param values columns of each row; the rows are numbered from 1
   */
  fill(path: string, values: readonly Readonly<Record<string, string>>[]): Promise<void>;
  /**
   * Rows that the room itself makes, changes and removes, where a peer may not: on flash when it resolves; whoever watches is told. Values beyond the columns are kept
   * and shown to nobody. For tables at the top only.
   * @param put without `path` a new row
   * @returns the rows as they are now @throws StateError
   */
  change(put: readonly StoredRowChange[], gone: readonly string[], origin: Origin): Promise<readonly DeclaredRow[]>;
}

export interface StoredRowChange {
  readonly path?: string;
  readonly values: Readonly<Record<string, string>>;
}
