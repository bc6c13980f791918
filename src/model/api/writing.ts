import type { Result } from '#base';
import type { ModelFault } from './fault.ts';
import type { Origin } from './view.ts';

export interface ParameterWrite {
  readonly name: string;
  readonly value: string;
  /** The object fails when this parameter does (TR-369 Set/Add `required`). CWMP: always true. */
  readonly required: boolean;
}

export type Write =
  | { readonly op: 'set'; readonly path: string; readonly parameters: readonly ParameterWrite[] }
  | {
      readonly op: 'add';
      readonly path: string;
      readonly parameters: readonly ParameterWrite[];
      readonly parts?: readonly RowPart[];
    }
  | { readonly op: 'delete'; readonly path: string };

/** An object below a row that is being added, in one write with it: `set` what is there as soon as the row is, `add` a row of a table below it. */
export interface RowPart {
  readonly op: 'set' | 'add';
  /** Below the row: `Stats.`, `IPv4Address.` */
  readonly path: string;
  readonly parameters: readonly ParameterWrite[];
  readonly parts?: readonly RowPart[];
}

export interface WriteOptions {
  readonly origin: Origin;
  /** true: each write stands for itself (USP allow_partial); false: one failure undoes all (CWMP, USP default). */
  readonly partial: boolean;
  /**
   * What carries the connection to the operator is written, but the device takes it over only with `applyPostponed`: it may cut off the very
   * session that it was written in.
   */
  readonly postpone?: boolean;
  readonly signal?: AbortSignal;
}

export interface ParameterRefusal {
  /** Full parameter path; `{i}` where the row was never made. */
  readonly path: string;
  readonly fault: ModelFault;
}

/** What one write did to one object instance. */
export interface ObjectWritten {
  /** Instance path; for `add` the new row, for `delete` the row that is gone. */
  readonly path: string;
  /** Values as stored (canonical); empty where the view is not shown them. */
  readonly parameters: readonly { readonly name: string; readonly value: string }[];
  /** Not required and refused. */
  readonly refusals: readonly ParameterRefusal[];
  /** `add` only. */
  readonly uniqueKeys: Readonly<Record<string, string>>;
}

export interface WriteRefused {
  readonly fault: ModelFault;
  /** Every parameter at fault, not only the first. */
  readonly refusals: readonly ParameterRefusal[];
}

export interface WriteOutcome {
  readonly requested: Write;
  /** A search path that matches nothing succeeds with an empty list. */
  readonly result: Result<readonly ObjectWritten[], WriteRefused>;
  /** Of a partial `delete` that has deleted some of the rows that it means: the others, and why they stay. */
  readonly kept?: readonly ParameterRefusal[];
}

export interface WriteAnswer {
  /** false: nothing was changed at all. */
  readonly committed: boolean;
  /** Committed, and to be taken over by the device with `applyPostponed`. */
  readonly postponed?: boolean;
  /** In the order of the request. */
  readonly outcomes: readonly WriteOutcome[];
}
