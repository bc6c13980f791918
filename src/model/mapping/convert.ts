import { formatDateTime } from '#base';
import type { ParameterDefinition } from '../schema/index.ts';
import { addressAt, netmask, positionOf } from './addresses.ts';
import { crypted } from './crypt.ts';
import { textOf } from './expression.ts';
import type { ParameterRule } from './grammar.ts';

/** The closed set of converters that `as` may name, beside a table of values. */
export const converterNames = [
  'bool',
  'not-bool',
  'list',
  'words',
  'ref',
  'mac',
  'scale',
  'datetime',
  'upper',
  'lower',
  'count',
  'sum',
  'duration',
  'netmask',
  'oui',
  'mac-digits',
  'country',
  'local-time',
  'ago',
  'from-now',
  'address',
  'crypt',
  'power',
] as const;
export type ConverterName = (typeof converterNames)[number];

const trueWords = new Set(['1', 'true', 'on', 'yes', 'enabled']);

/** What a conversion depends on beside the value. */
export interface ConversionContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Value of the rule's `of`. */
  readonly base: string | undefined;
}

/** From the source's values to TR-106 text. `undefined`: no value. References are resolved elsewhere. */
export function toParameter(
  values: readonly unknown[],
  rule: ParameterRule,
  definition: ParameterDefinition,
  context: ConversionContext,
): string | undefined {
  if (rule.as === 'count') return String(values.length);
  if (rule.as === 'sum') return sum(values);
  if (definition.type.list || rule.as === 'list' || rule.as === 'words') {
    const items = values.flatMap((value) => itemsOf(value, rule.as === 'words'));
    const converted = items
      .map((item) => convertOne(item, rule, definition, context))
      .filter((item) => item !== undefined);
    // Several values of the source may be one of TR-181.
    const listed = typeof rule.as === 'object' ? [...new Set(converted)] : converted;
    return listed.length === 0 ? undefined : listed.join(',');
  }
  const first = values[0];
  if (first === undefined || first === null || (typeof first === 'object' && !Array.isArray(first))) return undefined;
  return convertOne(Array.isArray(first) ? first[0] : first, rule, definition, context);
}

function sum(values: readonly unknown[]): string | undefined {
  const numbers = values
    .flat()
    .map((value) => Number(textOf(value) ?? Number.NaN))
    .filter(Number.isFinite);
  return numbers.length === 0 ? undefined : String(numbers.reduce((total, number) => total + number, 0));
}

function itemsOf(value: unknown, split: boolean): unknown[] {
  if (Array.isArray(value)) return value;
  if (split && typeof value === 'string') return value.split(/\s+/).filter((word) => word !== '');
  return value === undefined || value === null ? [] : [value];
}

function convertOne(
  value: unknown,
  rule: ParameterRule,
  definition: ParameterDefinition,
  { now, base }: ConversionContext,
): string | undefined {
  if (value === undefined || value === null || typeof value === 'object') return undefined;
  const text = String(value);
  if (typeof rule.as === 'object') return Object.hasOwn(rule.as, text) ? rule.as[text] : rule.as['*'];
  switch (rule.as) {
    case 'not-bool':
      return trueWords.has(text.toLowerCase()) ? 'false' : 'true';
    case 'mac':
    case 'upper':
      return text.toUpperCase();
    case 'lower':
      return text.toLowerCase();
    case 'scale':
      return Number.isFinite(Number(text)) ? String(Math.round(Number(text) * (rule.factor ?? 1))) : undefined;
    case 'duration':
      return seconds(text);
    case 'netmask':
      return netmask(text);
    case 'oui':
      return digitsOf(text).slice(0, 6);
    case 'mac-digits':
      return digitsOf(text);
    case 'datetime':
      return dateTimeAt(Number(text) * 1000);
    case 'local-time':
      return localTime(now, Number(text));
    case 'country':
      return `${text} `;
    case 'ago':
      return distantTime(now, -Number(text));
    case 'from-now':
      return Number(text) < 0 ? forEver : distantTime(now, Number(text));
    case 'address':
      return addressAt(base, text);
    case 'power':
      return percentOf(text, base);
  }
  if (definition.type.base === 'boolean') return trueWords.has(text.toLowerCase()) ? 'true' : 'false';
  if (typeof value === 'number' && isInteger(definition)) return String(Math.trunc(value));
  // A range or a name where a number is wanted is no value, rather than one of another type.
  if (isInteger(definition) && !/^[-+]?[0-9]+$/.test(text)) return undefined;
  return text;
}

/** TR-106 section 3.2.1: infinite. */
const forEver = '9999-12-31T23:59:59Z';
/** Sources count whole seconds from their own now: without rounding, the same instant would read differently each time. */
const distantStepMs = 10_000;

/** Of a time that TR-106 can write: its years have four digits. */
function dateTimeAt(ms: number): string | undefined {
  return ms >= earliestMs && ms <= latestMs ? formatDateTime(ms) : undefined;
}
const earliestMs = Date.parse('0001-01-01T00:00:00Z');
const latestMs = Date.parse('9999-12-31T23:59:59Z');

/** procd's `localtime`: seconds since 1970 plus the zone's offset, which is what the clocks differ by. */
function localTime(now: number, seconds: number): string | undefined {
  if (!Number.isFinite(seconds)) return undefined;
  const quarters = Math.round((seconds * 1000 - now) / 900_000);
  const minutes = Math.abs(quarters) * 15;
  const two = (number: number): string => String(number).padStart(2, '0');
  const zone = `${quarters < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return dateTimeAt(seconds * 1000)?.replace('Z', quarters === 0 ? 'Z' : zone);
}

function distantTime(now: number, seconds: number): string | undefined {
  return dateTimeAt(Math.round((now + seconds * 1000) / distantStepMs) * distantStepMs);
}

const unitSeconds: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `12h`, `30m`, `infinite` as dnsmasq has them, to seconds; -1 is for ever. */
function seconds(text: string): string | undefined {
  if (text === 'infinite') return '-1';
  const match = /^([0-9]{1,9})([smhdw]?)$/.exec(text);
  return match ? String(Number(match[1]) * unitSeconds[match[2]!]!) : undefined;
}

/** A MAC address without its colons; anything else as it is. */
function digitsOf(text: string): string {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? text.replaceAll(':', '').toUpperCase() : text;
}

/**
 * dBm as a share of the most that the radio can send, in percent; of more than it can, all of it.
 * @param powers what it can send, separated by commas
 */
function percentOf(dbm: string, powers = ''): string | undefined {
  if (dbm === 'auto') return '-1';
  const below = Math.max(0, mostOf(powers) - Number(dbm));
  return Number.isNaN(below) ? undefined : String(Math.round(100 / 10 ** (below / 10)));
}

const mostOf = (powers: string): number => (powers === '' ? Number.NaN : Math.max(...powers.split(',').map(Number)));

/** The whole dBm that are this share. */
function dbmOf(percent: string, powers = ''): string | undefined {
  const dbm = String(mostOf(powers) + Math.round(10 * Math.log10(Number(percent) / 100)));
  // No power at all is no dBm.
  return percent !== '0' && percentOf(dbm, powers) === percent ? dbm : undefined;
}

function isInteger(definition: ParameterDefinition): boolean {
  return ['int', 'unsignedInt', 'long', 'unsignedLong'].includes(definition.type.base);
}

/** From canonical TR-106 text to what UCI stores. `undefined`: the table of values has no way back. */
export function toOption(
  text: string,
  rule: ParameterRule,
  definition: ParameterDefinition,
  base?: string,
): string | string[] | undefined {
  if (typeof rule.as === 'object') {
    return Object.keys(rule.as).find((key) => key !== '*' && (rule.as as Record<string, string>)[key] === text);
  }
  switch (rule.as) {
    case 'not-bool':
      return text === 'true' ? '0' : '1';
    case 'list':
      return text === '' ? [] : text.split(',');
    case 'words':
      // A blank inside a word would make it two.
      return /\s/.test(text) ? undefined : text.replaceAll(',', ' ');
    case 'mac':
    case 'lower':
      return text.toLowerCase();
    case 'scale': {
      // What is between two steps of the source is refused rather than rounded: it would read back as another value.
      const factor = rule.factor ?? 1;
      const option = Math.round(Number(text) / factor);
      return Math.round(option * factor) === Number(text) ? String(option) : undefined;
    }
    case 'duration':
      return text === '-1' ? 'infinite' : text;
    case 'country':
      return text.slice(0, 2);
    case 'address':
      return positionOf(base, text);
    case 'power':
      return text === '-1' ? '' : dbmOf(text, base);
    case 'crypt':
      return text && crypted(text);
    case 'datetime':
      return String(Math.floor(Date.parse(text) / 1000));
  }
  if (definition.type.base === 'boolean') return text === 'true' ? '1' : '0';
  return text;
}

/** What a parameter of this type reads as when nothing says otherwise. */
export function zeroValue(definition: ParameterDefinition): string {
  if (definition.default && definition.default.kind !== 'parameter') return definition.default.value;
  if (definition.type.list) return '';
  switch (definition.type.base) {
    case 'boolean':
      return 'false';
    case 'int':
    case 'unsignedInt':
    case 'long':
    case 'unsignedLong':
    case 'decimal':
      return '0';
    case 'dateTime':
      return '0001-01-01T00:00:00Z';
    default:
      return '';
  }
}
