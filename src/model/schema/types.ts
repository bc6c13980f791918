import type { BaseType, Protocol } from '../api.ts';

/**
 * TR-106 Annex A: whether a definition is current or on its way out. Deleted definitions are in no table but the one that holds nothing
 * else (`datamodel/tables/deleted.bin`).
 */
export type Status = 'current' | 'deprecated' | 'obsoleted' | 'deleted';

export type ParameterAccess = 'readOnly' | 'readWrite' | 'writeOnceReadOnly';

/** What a default is for (TR-106 `default type`). `object`: the value of a new row. `factory`: after factory reset. */
export type DefaultKind = 'object' | 'factory' | 'implementation' | 'parameter';

/** Inclusive bounds of a text's length in characters (of decoded octets for base64 and hexBinary). */
export interface SizeRange {
  readonly min?: number;
  readonly max?: number;
}

/** Inclusive bounds of a number, 64-bit exact. `step` counts from `min` (or from 0). */
export interface NumberRange {
  readonly min?: bigint;
  readonly max?: bigint;
  readonly step?: bigint;
}

export interface EnumerationValue {
  readonly value: string;
  /** false: the value can be read, a peer may not write it (`DiagnosticsState` Complete). */
  readonly writable: boolean;
  /** An implementation need not know it. */
  readonly optional: boolean;
  readonly status: Status;
}

/** The parameter holds the path of another object or parameter (TR-106 `pathRef`). */
export interface PathReference {
  readonly refType: 'strong' | 'weak';
  readonly targetType: 'row' | 'parameter';
  /**
   * Absolute schema paths of the tables whose rows may be named (`Device.IP.Interface.{i}.` for a row reference to that
   * table). Empty: a row of any table.
   */
  readonly targets: readonly string[];
}

/** The values come from another, list-valued parameter (TR-106 `enumerationRef`). */
export interface EnumerationReference {
  /** Absolute schema path of the parameter. */
  readonly target: string;
  /** A value that is allowed beside the listed ones. */
  readonly nullValue?: string;
}

/** Comma-separated list (TR-106 section 3.2.3). The facets of `ValueType` are each item's. */
export interface ListFacet {
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Length of the whole text. */
  readonly sizes: readonly SizeRange[];
  /** Items are themselves lists in square brackets. */
  readonly nestedBrackets: boolean;
}

/** A type with its whole chain of derivation resolved. Several sizes, ranges or patterns are alternatives. */
export interface ValueType {
  readonly base: BaseType;
  /** The named data type it was derived from (`MACAddress`, `StatsCounter64`). */
  readonly named?: string;
  readonly list?: ListFacet;
  readonly sizes: readonly SizeRange[];
  readonly ranges: readonly NumberRange[];
  /** Empty: not an enumeration. */
  readonly enumeration: readonly EnumerationValue[];
  /** XML Schema regular expressions, implicitly anchored; the empty one allows empty text. */
  readonly patterns: readonly string[];
  readonly units?: string;
  readonly pathReference?: PathReference;
  readonly enumerationReference?: EnumerationReference;
}

export interface ParameterDefinition {
  /** Unqualified: `SSID`; with its path inside the arguments where nested: `RouteHops.{i}.Host`. */
  readonly name: string;
  readonly type: ValueType;
  readonly access: ParameterAccess;
  readonly status: Status;
  /** `2.12` */
  readonly since: string;
  /** Lists are without the brackets that the XML writes around them. */
  readonly default?: { readonly kind: DefaultKind; readonly value: string };
  /** Reads as empty for every protocol. */
  readonly hidden: boolean;
  /** Reads as empty unless the protocol's role is allowed to see secrets. */
  readonly secured: boolean;
  /** CWMP only: a write triggers an action and it reads as null (`Reset`). */
  readonly command: boolean;
  readonly activeNotify: 'normal' | 'canDeny' | 'forceEnabled' | 'forceDefaultEnabled';
  readonly forcedInform: boolean;
  /** A ...NumberOfEntries that does not count the rows of a table. */
  readonly customNumEntries: boolean;
  /** Arguments only. */
  readonly mandatory: boolean;
}

/** An object among the arguments of a command or event. */
export interface ArgumentObject {
  /** Relative: `RouteHops.{i}.` */
  readonly path: string;
  readonly table: boolean;
  readonly minEntries: number;
  /** `undefined`: unbounded. */
  readonly maxEntries: number | undefined;
  readonly uniqueKeys: readonly UniqueKey[];
}

export interface Arguments {
  readonly parameters: readonly ParameterDefinition[];
  readonly objects: readonly ArgumentObject[];
}

export interface CommandDefinition {
  /** `Reset()` */
  readonly name: string;
  readonly async: boolean;
  readonly status: Status;
  readonly since: string;
  readonly input: Arguments;
  readonly output: Arguments;
}

export interface EventDefinition {
  /** `Boot!` */
  readonly name: string;
  readonly status: Status;
  readonly since: string;
  readonly args: Arguments;
}

export interface UniqueKey {
  /** true: binds only rows that are enabled, where the table has an enable parameter (TR-106 section 2.3.3.6). */
  readonly functional: boolean;
  readonly parameters: readonly string[];
}

export interface ObjectDefinition {
  /** `Device.WiFi.SSID.{i}.` */
  readonly path: string;
  readonly table: boolean;
  /** Table: rows may be added and deleted. */
  readonly access: 'readOnly' | 'readWrite';
  /** The rows mirror hardware; none can be added or deleted whatever `access` says. */
  readonly fixedObject: boolean;
  readonly status: Status;
  readonly since: string;
  readonly minEntries: number;
  /** `undefined`: unbounded. */
  readonly maxEntries: number | undefined;
  readonly uniqueKeys: readonly UniqueKey[];
  /** Name of the row's own enable parameter that functional keys depend on. */
  readonly enableParameter?: string;
  /** Name of the parent's parameter that counts the rows. */
  readonly numEntriesParameter?: string;
  /** Name of the parent's parameter that says which of several single objects is there. */
  readonly discriminatorParameter?: string;
  /** Any top-level object may appear below. */
  readonly mountPoint: boolean;
  /** In the schema's order. */
  readonly parameters: readonly ParameterDefinition[];
  readonly commands: readonly CommandDefinition[];
  readonly events: readonly EventDefinition[];
  parameter(name: string): ParameterDefinition | undefined;
  /** @param name `Reset()` */
  command(name: string): CommandDefinition | undefined;
  /** @param name `Boot!` */
  event(name: string): EventDefinition | undefined;
}

/** One protocol's Device:2 data model. */
export interface SchemaView {
  readonly protocol: Protocol;
  /** @param path with `{i}` and trailing dot: `Device.WiFi.SSID.{i}.` */
  object(path: string): ObjectDefinition | undefined;
  /** @param path full: `Device.WiFi.SSID.{i}.SSID` */
  parameter(path: string): ParameterDefinition | undefined;
  /** Without decoding anything. */
  has(objectPath: string): boolean;
  /** Paths of the objects that have a parameter with `forcedInform`, or with an `activeNotify` that is on unless it is turned off. */
  unasked(): readonly string[];
  /** Paths of the direct child objects; a table counts once, as `X.{i}.`. In path order. */
  children(path: string): readonly string[];
  /** The object itself, if it exists, and everything below it; depth first, in path order. '' gives everything. */
  below(path: string): readonly string[];
}

export interface Schema {
  /** `Device:2.19` */
  readonly model: string;
  view(protocol: Protocol): SchemaView;
}
