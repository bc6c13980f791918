import type { Result } from '#base';
import type { Declaration } from './api/declaring.ts';
import type { ModelFault } from './api/fault.ts';
import type { ForeignOperation, OperateOutcome, OperateRequest, Operation } from './api/operating.ts';
import type { InstanceReading, NameReading, PathReading, ReadOptions } from './api/reading.ts';
import type { StoredTable, StoredTableDeclaration } from './api/storing.ts';
import type { Coverage, SupportedModel } from './api/supported.ts';
import type { Origin, Protocol, View } from './api/view.ts';
import type { Change, WatchRequest } from './api/watching.ts';
import type { Write, WriteAnswer, WriteOptions } from './api/writing.ts';

export type * from './api/declaring.ts';
export type * from './api/fault.ts';
export type * from './api/operating.ts';
export type * from './api/reading.ts';
export type * from './api/storing.ts';
export type * from './api/supported.ts';
export type * from './api/view.ts';
export type * from './api/watching.ts';
export type * from './api/writing.ts';

/**
 * The door of the data model: protocol-neutral operations on TR-181 paths. A protocol room translates its RPC into one
 * of these calls and a `Change` into its notification. Values are TR-106 lexical text in canonical form. Everything that is refused is a
 * value; a throw is a bug or an abort. What the operations speak of is in `api/`, by subject.
 */
export interface Model {
  supported(protocol: Protocol): SupportedModel;
  /** Component by component; what is neither mapped nor from code is missing. */
  coverage(protocol: Protocol): readonly Coverage[];
  /** Expands and reads in one read scope: every distinct source is asked once for the whole request. */
  get(view: View, paths: readonly string[], options?: ReadOptions): Promise<readonly PathReading[]>;
  /** CWMP GetParameterNames; '' is the root. */
  names(view: View, path: string, nextLevel: boolean): Promise<Result<readonly NameReading[], ModelFault>>;
  instances(view: View, path: string, firstLevelOnly: boolean): Promise<Result<readonly InstanceReading[], ModelFault>>;
  write(view: View, writes: readonly Write[], options: WriteOptions): Promise<WriteAnswer>;
  /** The device takes over what writes have postponed; without such there is nothing to it. */
  applyPostponed(): Promise<void>;
  /** Synchronous commands have run when this resolves, asynchronous ones have been started. */
  operate(view: View, request: OperateRequest): Promise<Result<readonly OperateOutcome[], ModelFault>>;
  /** Keeps a row in the table of requests for it until it ends, and tells its end to those who watch for `completed`. */
  begin(operation: ForeignOperation): Promise<Result<Operation, ModelFault>>;
  /** The listener hears only changes after the returned promise resolved; one call for each change, in order. */
  watch(view: View, request: WatchRequest, heard: (change: Change) => void): Promise<Result<Disposable, ModelFault>>;
  declare(declaration: Declaration): Disposable;
  declareTable(declaration: StoredTableDeclaration): StoredTable;
  /** A declared parameter has changed by itself: whoever watches is told of the difference. */
  changed(): Promise<void>;
  /**
   * Raise an event that a declaration announced.
   * @param path instance path and name: `Device.Boot!`
   * @param recipient row of the only controller that it concerns, without the last dot
   */
  raise(path: string, args: Readonly<Record<string, string>>, origin: Origin, recipient?: string): void;
}
