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
  /** Paths of the objects that have a parameter with `forcedInform`, or one whose changes are told unless that is turned off. */
  unasked(): readonly string[];
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
