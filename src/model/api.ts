import type { Result } from '#base';

/**
 * The door of the data model: protocol-neutral operations on TR-181 paths. A protocol room translates its RPC into one
 * of these calls and a `Change` into its notification. Values are TR-106 lexical text in canonical form.
 */

/** Which of the two TR-181 views a caller sees (TR-106 Annex A: the CWMP and the USP data model differ). */
export type Protocol = 'cwmp' | 'usp';

/** USP permissions (TR-369 "Role Based Access Control"): r read, w write, x execute, n notify on one kind of target. */
export type PermissionTarget = 'Param' | 'Obj' | 'InstantiatedObj' | 'CommandEvent';
export type PermissionRight = 'r' | 'w' | 'x' | 'n';
export interface Access {
  allows(target: PermissionTarget, right: PermissionRight, path: string): boolean;
  /** Values of `secured` parameters are shown as they are; absent: of none. Hidden ones never are. */
  showsSecured?(path: string): boolean;
}

export interface View {
  readonly protocol: Protocol;
  /** `undefined`: everything is permitted (the ACS, root's CLI, the agent's own rooms). */
  readonly access?: Access;
  /** Secrets read as empty text unless this is set; only the agent's own rooms set it. */
  readonly reveal?: boolean;
}

/** Who caused a write or an event. */
export interface Origin {
  readonly by: 'cwmp' | 'usp' | 'cli' | 'factory' | 'device';
  /** Endpoint ID of the controller, or the ACS URL's host. */
  readonly peer?: string;
}

/** Why the model refuses. Each protocol translates the kind in one table of its own. */
export type FaultKind =
  | 'path-syntax' // the path can't be parsed or passes a limit
  | 'unsupported-path' // no such object, parameter, command or event here
  | 'no-instance' // schema knows it, the row doesn't exist
  | 'not-writable'
  | 'invalid-type'
  | 'invalid-value'
  | 'value-conflict'
  | 'duplicate-key' // unique key taken
  | 'not-a-table'
  | 'not-creatable'
  | 'not-deletable'
  | 'required-parameter' // a parameter marked required failed
  | 'not-a-command'
  | 'command-arguments'
  | 'command-failed'
  | 'canceled' // an asynchronous command was canceled
  | 'denied'
  | 'resources'
  | 'apply-failed' // validated but could not be applied; everything is rolled back
  | 'busy'
  | 'internal';

export interface ModelFault {
  readonly kind: FaultKind;
  /** For people; never holds a secret. */
  readonly message: string;
  /** The parameter, object or command it is about. */
  readonly path?: string;
  readonly cause?: unknown;
}

export type BaseType =
  | 'string'
  | 'int'
  | 'unsignedInt'
  | 'long'
  | 'unsignedLong'
  | 'decimal'
  | 'boolean'
  | 'dateTime'
  | 'base64'
  | 'hexBinary';

/** A parameter as supported here: the schema's contract, narrowed by what the mapping or declaration can do. */
export interface ParameterInfo {
  readonly name: string;
  readonly type: BaseType;
  readonly access: 'readOnly' | 'readWrite' | 'writeOnceReadOnly';
  /** The schema allows writing and there is somewhere to write it to. */
  readonly writable: boolean;
  readonly list: boolean;
  /** Reads as empty for every protocol. */
  readonly hidden: boolean;
  readonly secured: boolean;
  /** CWMP only (TR-106 `activeNotify`, `forcedInform`). */
  readonly activeNotify: 'normal' | 'canDeny' | 'forceEnabled' | 'forceDefaultEnabled';
  readonly forcedInform: boolean;
}

export interface ArgumentInfo {
  /** `RouteHops.{i}.Host` for nested ones. */
  readonly name: string;
  readonly type: BaseType;
  readonly mandatory: boolean;
}

export interface CommandInfo {
  /** `Reboot()` */
  readonly name: string;
  readonly async: boolean;
  readonly input: readonly ArgumentInfo[];
  readonly output: readonly ArgumentInfo[];
}

export interface EventInfo {
  /** `Boot!` */
  readonly name: string;
  readonly args: readonly ArgumentInfo[];
}

export interface ObjectInfo {
  /** `Device.WiFi.SSID.{i}.` */
  readonly path: string;
  readonly table: boolean;
  readonly creatable: boolean;
  readonly deletable: boolean;
  /** Parameter names, one list for each unique key, in the schema's order. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly parameters: readonly ParameterInfo[];
  readonly commands: readonly CommandInfo[];
  readonly events: readonly EventInfo[];
}

/** What this device supports in one view: schema × (mapped or declared). Never written by hand. */
export interface SupportedModel {
  /** `{i}` form; `undefined`: unknown or not supported here. */
  object(path: string): ObjectInfo | undefined;
  /** The object itself and everything below, depth first, in path order. */
  below(path: string): ObjectInfo[];
  /** Direct children only. */
  children(path: string): ObjectInfo[];
  /** Paths of the object itself and of everything below. */
  paths(path: string): string[];
}

export interface ParameterReading {
  readonly info: ParameterInfo;
  readonly value: string;
  /** The source failed; `value` is the type's zero value. */
  readonly fault?: ModelFault;
}

/** One object instance and those of its parameters that the request asked for. */
export interface ObjectReading {
  /** `Device.WiFi.SSID.1.` */
  readonly path: string;
  readonly info: ObjectInfo;
  readonly parameters: readonly ParameterReading[];
}

export interface PathReading {
  /** As it was asked for. */
  readonly requested: string;
  readonly result: Result<readonly ObjectReading[], ModelFault>;
}

export interface ReadOptions {
  /** Levels of objects below the requested one; 0 or absent: all (TR-369 Get.max_depth). */
  readonly maxDepth?: number;
  readonly signal?: AbortSignal;
}

/** One line of CWMP GetParameterNames: a full parameter name, or an object with its trailing dot. */
export interface NameReading {
  readonly path: string;
  readonly writable: boolean;
}

export interface InstanceReading {
  /** `Device.WiFi.SSID.1.` */
  readonly path: string;
  /** All unique keys' parameters with their values. */
  readonly uniqueKeys: Readonly<Record<string, string>>;
}

export interface ParameterWrite {
  readonly name: string;
  readonly value: string;
  /** The object fails when this parameter does (TR-369 Set/Add `required`). CWMP: always true. */
  readonly required: boolean;
}

export type Write =
  | { readonly op: 'set'; readonly path: string; readonly parameters: readonly ParameterWrite[] }
  | { readonly op: 'add'; readonly path: string; readonly parameters: readonly ParameterWrite[] }
  | { readonly op: 'delete'; readonly path: string };

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
  /** Values as stored (canonical). */
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
}

export interface WriteAnswer {
  /** false: nothing was changed at all. */
  readonly committed: boolean;
  /** Committed, and to be taken over by the device with `applyPostponed`. */
  readonly postponed?: boolean;
  /** In the order of the request. */
  readonly outcomes: readonly WriteOutcome[];
}

export type Change =
  | {
      readonly kind: 'value';
      readonly path: string;
      readonly type: BaseType;
      readonly value: string;
      readonly origin: Origin;
    }
  | {
      readonly kind: 'created';
      readonly path: string;
      readonly uniqueKeys: Readonly<Record<string, string>>;
      readonly origin: Origin;
    }
  | { readonly kind: 'deleted'; readonly path: string; readonly origin: Origin }
  | {
      readonly kind: 'event';
      /** Object instance path and event name: `Device.Boot!` */
      readonly path: string;
      readonly args: Readonly<Record<string, string>>;
      readonly origin: Origin;
      /** It concerns this controller only: `Device.LocalAgent.Controller.1` */
      readonly recipient?: string;
    }
  | {
      /** An asynchronous command has ended, well or not. */
      readonly kind: 'completed';
      /** `Device.IP.Diagnostics.IPPing()` */
      readonly path: string;
      readonly commandKey: string;
      readonly result: CommandResult;
      /** Who had asked for it. */
      readonly origin: Origin;
    };

export interface WatchRequest {
  /** Parameter, object, command, event or search paths. An object path covers everything below it. */
  readonly paths: readonly string[];
  readonly kinds: readonly Change['kind'][];
}

export interface OperateRequest {
  /** `Device.Reboot()`; wildcards and searches run the command on every match. */
  readonly path: string;
  readonly args: Readonly<Record<string, string>>;
  readonly commandKey: string;
  readonly origin: Origin;
  readonly signal?: AbortSignal;
}

/** Output arguments by name (`Result.1.Status` for nested ones), or why there are none. */
export type CommandResult = Result<Readonly<Record<string, string>>, ModelFault>;

/** An asynchronous command that has been started. */
export interface Operation {
  /** Its row, for as long as it runs: `Device.LocalAgent.Request.3.` */
  readonly row: string;
  /** How it ends; never rejects. Everybody else watches for `completed`. */
  readonly done: Promise<CommandResult>;
}

export interface OperateOutcome {
  /** Resolved: `Device.Reboot()` */
  readonly path: string;
  /** Of an asynchronous command: whether it could be started. */
  readonly result: CommandResult;
  /** The schema calls the command asynchronous, and it has been started. */
  readonly operation?: Operation;
}

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

export interface CommandContext {
  /** `Device.DeviceInfo.FirmwareImage.1.Download()` */
  readonly command: string;
  /** The object instance the command is on: `Device.DeviceInfo.FirmwareImage.1.` */
  readonly row: DeclaredRow;
  readonly commandKey: string;
  readonly origin: Origin;
  /** Aborted when the command is canceled and when the agent stops: whatever is under way is to be given up. */
  readonly signal: AbortSignal;
  /** When it was asked for, milliseconds since 1970; of a lasting command that is run again, the first time. */
  readonly requestedMs: number;
}
/** Whether a command is asynchronous is the schema's to say: then the handler may run for long, and is asked for its end only. */
export type CommandHandler = (
  args: Readonly<Record<string, string>>,
  context: CommandContext,
) => Promise<CommandResult>;

export interface CommandDeclaration {
  readonly run: CommandHandler;
  /**
   * Of an asynchronous command: it outlives a restart of the agent, after which it is run again with the arguments that it had. Those that do not are over then and
   * end as failed.
   */
  readonly lasting?: boolean;
}
export type DeclaredCommands = Readonly<Record<string, CommandHandler | CommandDeclaration>>;

/** Adds to what is supported at one object: a room says what it serves, the schema says what that is. */
export interface Declaration {
  /** Schema path: `Device.LocalAgent.` */
  readonly path: string;
  readonly parameters?: Readonly<Record<string, DeclaredParameter>>;
  readonly commands?: DeclaredCommands;
  /** Names with the bang: `Boot!` */
  readonly events?: readonly string[];
}

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

/** How much of one component is there on this device. */
export interface Coverage {
  /** `Device.WiFi.` */
  readonly component: string;
  /** Parameters of the schema. */
  readonly schema: number;
  /** From mapping files. */
  readonly mapped: number;
  /** From code: declared by a room, kept by the model, or counted. */
  readonly handler: number;
}

/** The data model. Everything that is refused is a value; a throw is a bug or an abort. */
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
