import type { ModelFault } from './fault.ts';
import type { DeclaredCommands } from './operating.ts';

/** A row handed to a declaration's callbacks. */
export interface DeclaredRow {
  /** Instance path: `Device.LocalAgent.Subscription.3.` */
  readonly path: string;
  /** Instance numbers along the path, outermost first. */
  readonly instances: readonly number[];
  /** The stored values of this row; empty for an object that is not a stored table. */
  readonly values: Readonly<Record<string, string>>;
}

export interface DeclaredParameter {
  get(row: DeclaredRow): string;
  /**
   * Absent: read only here. Runs when the transaction applies, after everything has been validated; it must be undoable:
   * the returned function restores what was.
   */
  set?(row: DeclaredRow, value: string): (() => void) | Promise<() => void>;
  /** A further check on top of the schema's; runs before anything is applied. */
  validate?(row: DeclaredRow, value: string): ModelFault | undefined;
}

/** Adds to what is supported at one object: a room says what it serves, the schema says what that is. */
export interface Declaration {
  /** Schema path: `Device.LocalAgent.` */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, DeclaredParameter>>;
  readonly commands?: DeclaredCommands;
  /** Names with the bang: `Boot!` */
  readonly events?: readonly string[];
}
