import type { BaseType, Protocol } from '../api.ts';
import type { DefaultKind, ParameterAccess, ParameterDefinition, Status } from './types.ts';

/**
 * The table's layout. All fixed numbers are little-endian u32, all others LEB128.
 *
 *   'TDM2' | model name (string id) | offsets of the four sections
 *   strings, types, objects: count | count + 1 offsets from the start of the table | records
 *   paths, before the objects and as many: a byte of marks for each | the paths as lines
 *
 * An object's record is entries. An entry: protocol mask, kind, length, body. A definition that is the same for both
 * protocols has one entry with both bits. Objects are in byte order of their paths, so that everything below one
 * follows it at once. String ids grow with rarity: the frequent ones take one byte. An optional id or count is stored
 * plus one, 0 being absent.
 */
export const magic = 0x324d4454;

export const maskOf: Readonly<Record<Protocol, number>> = { usp: 1, cwmp: 2 };

/** An object's mark, beside its protocols' masks: it has a parameter that an Inform may hold without anybody having asked for it. */
export const unaskedMark = 4;

export const entryKind = { object: 0, parameter: 1, command: 2, event: 3 } as const;

export const baseTypes: readonly BaseType[] = [
  'string',
  'int',
  'unsignedInt',
  'long',
  'unsignedLong',
  'decimal',
  'boolean',
  'dateTime',
  'base64',
  'hexBinary',
];
export const statuses: readonly Status[] = ['current', 'deprecated', 'obsoleted', 'deleted'];
export const accesses: readonly ParameterAccess[] = ['readOnly', 'readWrite', 'writeOnceReadOnly'];
export const defaultKinds: readonly DefaultKind[] = ['object', 'factory', 'implementation', 'parameter'];
export const notifies: readonly ParameterDefinition['activeNotify'][] = [
  'normal',
  'canDeny',
  'forceEnabled',
  'forceDefaultEnabled',
];

/** Bits of a parameter's flags; access, status and notification take two each. */
export const parameterBit = {
  access: 0,
  status: 2,
  notify: 4,
  hidden: 6,
  secured: 7,
  command: 8,
  forcedInform: 9,
  customNumEntries: 10,
  mandatory: 11,
  hasDefault: 12,
  defaultKind: 13,
} as const;

export const objectBit = { table: 0, writable: 1, fixed: 2, mountPoint: 3, status: 4 } as const;
export const typeBit = {
  list: 0,
  nested: 1,
  pathReference: 2,
  enumerationReference: 3,
  weak: 4,
  toParameter: 5,
} as const;
export const enumerationBit = { readOnly: 0, optional: 1, status: 2 } as const;

/**
 * `since` is a number: in a table of Device:2 its minor version, in one of a service model this.
 * A table is of a service model when its model's name does not begin with `Device:`.
 */
export const serviceVersion = (major: number, minor: number): number => major * 256 + minor;

/** The first minor version of Device:2 that USP knows: the official USP view shows nothing older (2.12). */
export const oldestUspMinor = 12;
