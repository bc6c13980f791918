import { ok, type Result, refused } from '#base';
import type { ModelFault } from '../api.ts';
import type { NumberRange, ParameterDefinition, SizeRange, ValueType } from '../schema/types.ts';
import {
  boundsOf,
  canonicalBase64,
  canonicalDecimal,
  canonicalHexBinary,
  parseBoolean,
  parseDateTime,
  parseInteger,
  trimBlanks,
} from './lexical.ts';
import { splitList, splitPlainList } from './list.ts';
import { matchesAny } from './pattern.ts';
import { checkReference } from './reference.ts';

export interface CheckContext {
  /** false: the device itself sets the value, so that values which are read-only for peers pass. Default: true. */
  readonly byPeer?: boolean;
  /**
   * What the parameter's `enumerationRef` lists at present (or what the mapping can express, if that is more than the
   * schema knows). The schema's own values stay allowed.
   */
  readonly furtherValues?: readonly string[];
}

/** An unbounded text type takes no more than this (characters): above it no pattern is run. */
const longestText = 1 << 20;

/**
 * Whether `text` is a value of the parameter, in its canonical form. The fault never quotes the value, which may be a
 * secret: `invalid-type` when the text is not of the data type at all, `invalid-value` when a facet refuses it.
 */
export function checkValue(
  definition: Pick<ParameterDefinition, 'type'>,
  text: string,
  context: CheckContext = {},
): Result<string, ModelFault> {
  const { type } = definition;
  return type.list ? checkList(type, text, context) : checkItem(type, text, context);
}

function checkList(type: ValueType, text: string, context: CheckContext): Result<string, ModelFault> {
  const { minItems = 0, maxItems, sizes, nestedBrackets } = type.list!;
  if (text.length > longestText) return invalidValue('the list is too long');
  const items = nestedBrackets || type.pathReference ? splitList(text) : splitPlainList(text);
  if (items.length < minItems) return invalidValue(`fewer than ${minItems} items`);
  if (maxItems !== undefined && items.length > maxItems) return invalidValue(`more than ${maxItems} items`);
  const canonical: string[] = [];
  for (const [index, item] of items.entries()) {
    const inner = nestedBrackets ? unwrap(item) : item;
    if (inner === undefined) return invalidType(`item ${index + 1}: square brackets are expected`);
    const checked = nestedBrackets ? checkNested(type, inner, context) : checkItem(type, inner, context);
    if (!checked.ok) return refused({ ...checked.fault, message: `item ${index + 1}: ${checked.fault.message}` });
    canonical.push(nestedBrackets ? `[${checked.value}]` : checked.value);
  }
  const joined = canonical.join(',');
  return sizeFault(sizes, characters(joined), 'list') ?? ok(joined);
}

const unwrap = (item: string): string | undefined =>
  item.length >= 2 && item.startsWith('[') && item.endsWith(']') ? item.slice(1, -1) : undefined;

/** What is in the brackets is one text for a string type, and again a list for the others. */
function checkNested(type: ValueType, inner: string, context: CheckContext): Result<string, ModelFault> {
  if (type.base === 'string') return checkItem(type, inner, context);
  const canonical: string[] = [];
  for (const item of splitPlainList(inner)) {
    const checked = checkItem(type, item, context);
    if (!checked.ok) return checked;
    canonical.push(checked.value);
  }
  return ok(canonical.join(','));
}

function checkItem(type: ValueType, text: string, context: CheckContext): Result<string, ModelFault> {
  if (text.length > longestText) return invalidValue('the text is too long');
  if (type.named === 'Alias' && context.byPeer !== false && !/^[A-Za-z]/.test(text)) {
    return invalidValue('an Alias begins with a letter');
  }
  switch (type.base) {
    case 'string':
      return checkString(type, text, context);
    case 'boolean': {
      const value = parseBoolean(trimBlanks(text));
      return value === undefined ? invalidType('not a boolean') : ok(String(value));
    }
    case 'decimal': {
      const value = canonicalDecimal(trimBlanks(text));
      return value === undefined ? invalidType('not a decimal number') : ok(value);
    }
    case 'dateTime': {
      const value = parseDateTime(trimBlanks(text));
      return value === undefined ? invalidType('not a dateTime') : ok(value.text);
    }
    case 'base64':
      return checkBinary(type, canonicalBase64(text));
    case 'hexBinary':
      return checkBinary(type, canonicalHexBinary(trimBlanks(text)));
    default:
      return checkInteger(type, trimBlanks(text));
  }
}

function checkInteger(type: ValueType, text: string): Result<string, ModelFault> {
  const value = parseInteger(text);
  if (value === undefined) return invalidType('not an integer');
  const [lowest, highest] = boundsOf(type.base)!;
  if (value < 0n && lowest === 0n) return invalidType('negative');
  if (value < lowest || value > highest) return invalidValue(`outside ${type.base}`);
  if (type.ranges.length > 0 && !type.ranges.some((range) => inRange(range, value)))
    return invalidValue('outside the allowed range');
  return ok(String(value));
}

function inRange(range: NumberRange, value: bigint): boolean {
  if (range.min !== undefined && value < range.min) return false;
  if (range.max !== undefined && value > range.max) return false;
  return range.step === undefined || (value - (range.min ?? 0n)) % range.step === 0n;
}

function checkString(type: ValueType, text: string, context: CheckContext): Result<string, ModelFault> {
  // TR-106 strings are made of the characters of XML 1.0: the others could never be reported.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text) || !isWellFormed(text))
    return invalidValue('a character that XML does not have');
  if (isEnumerated(type, context) && !isListed(type, text, context)) return invalidValue('not one of the values');
  const sized = sizeFault(type.sizes, characters(text), 'text');
  if (sized) return sized;
  if (!matchesAny(type.patterns, text)) return invalidValue('not of the required form');
  return type.pathReference ? checkReference(type.pathReference, text) : ok(text);
}

const isEnumerated = (type: ValueType, context: CheckContext): boolean =>
  type.enumeration.length > 0 || (type.enumerationReference !== undefined && context.furtherValues !== undefined);

function isListed(type: ValueType, text: string, context: CheckContext): boolean {
  const known = type.enumeration.find((item) => item.value === text);
  if (known) return known.writable || context.byPeer === false;
  return text === type.enumerationReference?.nullValue || (context.furtherValues?.includes(text) ?? false);
}

function checkBinary(type: ValueType, value: { text: string; octets: number } | undefined): Result<string, ModelFault> {
  if (!value) return invalidType(`not ${type.base}`);
  return sizeFault(type.sizes, value.octets, 'value') ?? ok(value.text);
}

function sizeFault(sizes: readonly SizeRange[], length: number, what: string): Result<never, ModelFault> | undefined {
  if (sizes.length === 0) return undefined;
  if (sizes.some(({ min = 0, max = Number.POSITIVE_INFINITY }) => length >= min && length <= max)) return undefined;
  return invalidValue(`the ${what}'s length is not allowed`);
}

/** Characters are code points, not UTF-16 units. */
function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at++) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) count--;
  }
  return count;
}

const isWellFormed = (text: string): boolean =>
  !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

const invalidType = (message: string): Result<never, ModelFault> => refused({ kind: 'invalid-type', message });
const invalidValue = (message: string): Result<never, ModelFault> => refused({ kind: 'invalid-value', message });
