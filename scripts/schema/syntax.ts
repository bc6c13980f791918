import type { BaseType } from '../../src/model/api.ts';
import type {
  DefaultKind,
  EnumerationValue,
  ListFacet,
  NumberRange,
  SizeRange,
  Status,
} from '../../src/model/schema/types.ts';
import type { Document } from './documents.ts';
import { childNamed, childrenNamed, type Element } from './xml.ts';

/** A type while it is being put together; path references are still relative to the object they stand in. */
export interface RawType {
  base: BaseType;
  named?: string;
  list?: ListFacet;
  sizes: SizeRange[];
  ranges: NumberRange[];
  enumeration: EnumerationValue[];
  patterns: string[];
  units?: string;
  pathReference?: { refType: 'strong' | 'weak'; targetType: 'row' | 'parameter'; targetParents: string[] };
  enumerationReference?: { target: string; nullValue?: string };
}

export interface RawSyntax {
  type: RawType;
  default?: { kind: DefaultKind; value: string };
  hidden: boolean;
  secured: boolean;
  command: boolean;
}

const baseTypes = new Set<string>([
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
]);

/** @param before the syntax that a `base` definition modifies */
export function readSyntax(syntax: Element, document: Document, before?: RawSyntax): RawSyntax {
  const flag = (name: string): boolean | undefined => {
    const value = syntax.attributes.get(name);
    return value === undefined ? undefined : value === 'true';
  };
  const typeElement = syntax.children.find((child) => baseTypes.has(child.name) || child.name === 'dataType');
  const listElement = childNamed(syntax, 'list');
  const type = typeElement ? readType(typeElement, document, before?.type) : before!.type;
  if (listElement) type.list = readList(listElement, before?.type.list);
  const defaultElement = childNamed(syntax, 'default');
  let value = defaultElement?.attributes.get('value') ?? '';
  if (type.list) value = value.replace(/^\[(.*)\]$/, '$1');
  return {
    type,
    default: defaultElement ? { kind: defaultElement.attributes.get('type') as DefaultKind, value } : before?.default,
    hidden: flag('hidden') ?? before?.hidden ?? false,
    secured: flag('secured') ?? before?.secured ?? false,
    command: flag('command') ?? before?.command ?? false,
  };
}

function readType(element: Element, document: Document, before: RawType | undefined): RawType {
  let type: RawType;
  if (element.name === 'dataType') {
    const name = (element.attributes.get('ref') ?? element.attributes.get('base'))!;
    type = readDataType(name, document);
    if (before && before.named === type.named) type = copy(before);
  } else if (before && before.base === element.name) type = copy(before);
  else type = { base: element.name as BaseType, sizes: [], ranges: [], enumeration: [], patterns: [] };
  applyFacets(type, element);
  return type;
}

function readDataType(name: string, document: Document): RawType {
  const item = document.item('dataType', name);
  if (!item) throw new Error(`${document.file}: no data type ${name}`);
  const { element } = item;
  const base = element.attributes.get('base');
  let type: RawType;
  if (base !== undefined) {
    type = readDataType(base, item.document);
    applyFacets(type, element);
  } else {
    const primitive = element.children.find((child) => baseTypes.has(child.name))!;
    type = readType(primitive, item.document, undefined);
  }
  const list = childNamed(element, 'list');
  if (list) type.list = readList(list, type.list);
  // `_AliasUSP` and `_AliasCWMP` are what the protocols import as `Alias`.
  type.named = element.attributes.get('name')!.replace(/^_(\w+?)(USP|CWMP|Common)$/, '$1');
  return type;
}

const copy = (type: RawType): RawType => ({
  ...type,
  sizes: [...type.sizes],
  ranges: [...type.ranges],
  enumeration: [...type.enumeration],
  patterns: [...type.patterns],
});

/** Sizes and ranges of a derived type replace, enumeration values and patterns are merged. */
function applyFacets(type: RawType, element: Element): void {
  const sizes = readSizes(element);
  if (sizes.length > 0) type.sizes = sizes;
  const ranges = childrenNamed(element, 'range').map(readRange);
  if (ranges.length > 0) type.ranges = ranges;
  for (const child of childrenNamed(element, 'enumeration')) mergeEnumeration(type.enumeration, child);
  for (const child of childrenNamed(element, 'pattern')) {
    const value = child.attributes.get('value')!;
    if (!type.patterns.includes(value)) type.patterns.push(value);
  }
  type.units = childNamed(element, 'units')?.attributes.get('value') ?? type.units;
  const pathRef = childNamed(element, 'pathRef')?.attributes;
  if (pathRef)
    type.pathReference = {
      refType: pathRef.get('refType') as 'strong' | 'weak',
      targetType: (pathRef.get('targetType') ?? 'row') as 'row' | 'parameter',
      targetParents: (pathRef.get('targetParent') ?? '').split(/\s+/).filter((text) => text !== ''),
    };
  const enumerationRef = childNamed(element, 'enumerationRef')?.attributes;
  if (enumerationRef)
    type.enumerationReference = {
      target: enumerationRef.get('targetParam')!,
      nullValue: enumerationRef.get('nullValue'),
    };
}

function mergeEnumeration(values: EnumerationValue[], element: Element): void {
  const value = element.attributes.get('value')!;
  const at = values.findIndex((known) => known.value === value);
  const known = at < 0 ? undefined : values[at];
  const status = element.attributes.get('status') ?? known?.status ?? 'current';
  if (status === 'deleted') {
    if (known) values.splice(at, 1);
    return;
  }
  const access = element.attributes.get('access');
  const merged: EnumerationValue = {
    value,
    writable: access === undefined ? (known?.writable ?? true) : access !== 'readOnly',
    optional: (element.attributes.get('optional') ?? String(known?.optional ?? false)) === 'true',
    status: status as Status,
  };
  if (known) values[at] = merged;
  else values.push(merged);
}

function readSizes(element: Element): SizeRange[] {
  const sizes: SizeRange[] = [];
  for (const child of childrenNamed(element, 'size')) {
    const min = child.attributes.get('minLength');
    const max = child.attributes.get('maxLength');
    if (min === undefined && max === undefined) continue;
    sizes.push({ min: min === undefined ? undefined : Number(min), max: max === undefined ? undefined : Number(max) });
  }
  return sizes;
}

function readRange(element: Element): NumberRange {
  const bound = (name: string): bigint | undefined => {
    const text = element.attributes.get(name);
    return text === undefined ? undefined : BigInt(text);
  };
  return { min: bound('minInclusive'), max: bound('maxInclusive'), step: bound('step') };
}

function readList(element: Element, before: ListFacet | undefined): ListFacet {
  const count = (name: string): number | undefined => {
    const text = element.attributes.get(name);
    return text === undefined || text === 'unbounded' ? undefined : Number(text);
  };
  const sizes = readSizes(element);
  return {
    minItems: count('minItems') ?? before?.minItems,
    maxItems: count('maxItems') ?? before?.maxItems,
    sizes: sizes.length > 0 ? sizes : (before?.sizes ?? []),
    nestedBrackets:
      (element.attributes.get('nestedBrackets') ?? (before?.nestedBrackets ? 'required' : '')) === 'required',
  };
}
