import { ok, type Result, refused } from '#base';
import type { ModelFault } from '../api.ts';
import type { SearchConstant, SearchOperator, SearchTerm } from '../path/types.ts';
import type { ValueType } from '../schema/types.ts';
import {
  canonicalBase64,
  canonicalDecimal,
  canonicalHexBinary,
  compareDateTimes,
  compareDecimals,
  type DateTime,
  parseBoolean,
  parseDateTime,
  parseInteger,
} from './lexical.ts';
import { splitList, splitPlainList } from './list.ts';

type Term = Pick<SearchTerm, 'operator' | 'constant'>;

/**
 * Whether the term may be asked of a parameter of this type (TR-369 section 2.5.4): text is quoted and all else is
 * bare, `~=` is for lists only, and order is for numbers and times only. The fault is of kind `path-syntax`.
 */
export function checkTerm(type: ValueType, term: Term): Result<undefined, ModelFault> {
  const { operator, constant } = term;
  if (type.list) {
    if (operator === '~=') return checkConstant(type, constant);
    // Compared as a whole a list is a text.
    if (operator !== '==' && operator !== '!=') return invalid(`${operator} does not apply to a list`);
    return constant.quoted ? ok(undefined) : invalid('a list is compared with a quoted text');
  }
  if (operator === '~=') return invalid('~= applies to lists only');
  const checked = checkConstant(type, constant);
  if (!checked.ok) return checked;
  if (operator === '==' || operator === '!=') return ok(undefined);
  if (!isOrdered(type)) return invalid(`${operator} does not apply to ${type.base}`);
  if (type.base === 'dateTime' && parseDateTime(constant.text)?.unknown)
    return invalid(`${operator} does not apply to the unknown time`);
  return ok(undefined);
}

/** Whether a value meets a term that `checkTerm` let pass. Values are canonical text; what is not of the type meets none. */
export function matchesTerm(type: ValueType, value: string, term: Term): boolean {
  const { operator, constant } = term;
  if (type.list) {
    if (operator === '~=') return itemsOf(type, value).some((item) => compareAs(type, item, constant.text) === 0);
    const same = itemsOf(type, value).join(',') === itemsOf(type, constant.text).join(',');
    return (operator === '==') === same;
  }
  const order = compareAs(type, value, constant.text);
  if (order === undefined) return operator === '!=';
  // No time is before or after the unknown one (TR-369 section 2.5.4).
  if (type.base === 'dateTime' && operator !== '==' && operator !== '!=' && parseDateTime(value)?.unknown) return false;
  return holds(operator, order);
}

/** Values of one type that are equal, in the sense of `==`, have the same key. `undefined`: only comparing tells. */
export function equalityKey(type: ValueType, text: string): string | undefined {
  if (type.list) return undefined;
  switch (type.base) {
    case 'string':
      return type.pathReference ? withoutDot(text) : text;
    case 'boolean':
      return parseBoolean(text)?.toString();
    case 'int':
    case 'unsignedInt':
    case 'long':
    case 'unsignedLong':
      return parseInteger(text)?.toString();
    default:
      return undefined;
  }
}

const itemsOf = (type: ValueType, text: string): string[] =>
  type.pathReference || type.list?.nestedBrackets ? splitList(text) : splitPlainList(text);

function checkConstant(type: ValueType, constant: SearchConstant): Result<undefined, ModelFault> {
  if (type.base === 'string' && !constant.quoted) return invalid('a text must be quoted');
  // The specification's own example writes a hexBinary bare (`DeviceClass==08`): binary types take both forms.
  if (!isText(type) && constant.quoted) return invalid(`a ${type.base} must not be quoted`);
  return compareAs(type, constant.text, constant.text) === undefined
    ? invalid(`the constant is not of type ${type.base}`)
    : ok(undefined);
}

const isText = (type: ValueType): boolean =>
  type.base === 'string' || type.base === 'base64' || type.base === 'hexBinary';

const isOrdered = (type: ValueType): boolean => !isText(type) && type.base !== 'boolean';

/** Sign of a - b; for types without order only whether it is 0. `undefined`: one of them is not of the type. */
function compareAs(type: ValueType, a: string, b: string): number | undefined {
  switch (type.base) {
    case 'string':
      return type.pathReference ? equality(withoutDot(a), withoutDot(b)) : equality(a, b);
    case 'boolean':
      return both(parseBoolean, a, b, equality);
    case 'decimal':
      return both(canonicalDecimal, a, b, compareDecimals);
    case 'dateTime':
      return both(parseDateTime, a, b, (left: DateTime, right: DateTime) => Math.sign(compareDateTimes(left, right)));
    case 'base64':
      return both((text) => canonicalBase64(text)?.text, a, b, equality);
    case 'hexBinary':
      return both((text) => canonicalHexBinary(text)?.text, a, b, equality);
    default:
      return both(parseInteger, a, b, (left, right) => (left < right ? -1 : left > right ? 1 : 0));
  }
}

const withoutDot = (path: string): string => (path.endsWith('.') ? path.slice(0, -1) : path);

const equality = (a: unknown, b: unknown): number => (a === b ? 0 : 1);

function both<T>(
  parse: (text: string) => T | undefined,
  a: string,
  b: string,
  compare: (a: T, b: T) => number,
): number | undefined {
  const left = parse(a);
  const right = parse(b);
  return left === undefined || right === undefined ? undefined : compare(left, right);
}

function holds(operator: SearchOperator, order: number): boolean {
  switch (operator) {
    case '==':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
    case '<=':
      return order <= 0;
    default:
      return order >= 0;
  }
}

const invalid = (message: string): Result<never, ModelFault> => refused({ kind: 'path-syntax', message });
