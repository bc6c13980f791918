import { formatDateTime } from '#base';
import type { ParameterDefinition } from '../schema/index.ts';
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
  'duration',
  'netmask',
  'oui',
  'mac-digits',
  'leading-number',
  'duplex',
] as const;
export type ConverterName = (typeof converterNames)[number];

const trueWords = new Set(['1', 'true', 'on', 'yes', 'enabled']);

/** From the source's values to TR-106 text. `undefined`: no value. References are resolved elsewhere. */
export function toParameter(
  values: readonly unknown[],
  rule: ParameterRule,
  definition: ParameterDefinition,
): string | undefined {
  if (rule.as === 'count') return String(values.length);
  if (definition.type.list || rule.as === 'list' || rule.as === 'words') {
    const items = values.flatMap((value) => itemsOf(value, rule.as === 'words'));
    const converted = items.map((item) => convertOne(item, rule, definition)).filter((item) => item !== undefined);
    return converted.length === 0 ? undefined : converted.join(',');
  }
  const first = values[0];
  if (first === undefined || first === null || (typeof first === 'object' && !Array.isArray(first))) return undefined;
  return convertOne(Array.isArray(first) ? first[0] : first, rule, definition);
}

function itemsOf(value: unknown, split: boolean): unknown[] {
  if (Array.isArray(value)) return value;
  if (split && typeof value === 'string') return value.split(/\s+/).filter((word) => word !== '');
  return value === undefined || value === null ? [] : [value];
}

function convertOne(value: unknown, rule: ParameterRule, definition: ParameterDefinition): string | undefined {
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
    case 'leading-number':
      return /^-?[0-9]+/.exec(text)?.[0];
    case 'duplex':
      return /F$/.test(text) ? 'Full' : /H$/.test(text) ? 'Half' : 'Unknown';
    case 'datetime':
      return Number.isFinite(Number(text)) ? formatDateTime(Number(text) * 1000) : undefined;
  }
  if (definition.type.base === 'boolean') return trueWords.has(text.toLowerCase()) ? 'true' : 'false';
  if (typeof value === 'number' && isInteger(definition)) return String(Math.trunc(value));
  // A range or a name where a number is wanted is no value, rather than one of another type.
  if (isInteger(definition) && !/^[-+]?[0-9]+$/.test(text)) return undefined;
  return text;
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

/** A prefix length as a dotted mask; a dotted mask stays. */
function netmask(text: string): string | undefined {
  if (/^[0-9]+(\.[0-9]+){3}$/.test(text)) return text;
  const length = Number(text);
  if (!/^[0-9]{1,2}$/.test(text) || length > 32) return undefined;
  const bits = length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

function isInteger(definition: ParameterDefinition): boolean {
  return ['int', 'unsignedInt', 'long', 'unsignedLong'].includes(definition.type.base);
}

/** From canonical TR-106 text to what UCI stores. `undefined`: the table of values has no way back. */
export function toOption(
  text: string,
  rule: ParameterRule,
  definition: ParameterDefinition,
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
      return text.split(',').join(' ');
    case 'mac':
    case 'lower':
      return text.toLowerCase();
    case 'scale':
      return String(Math.round(Number(text) / (rule.factor ?? 1)));
    case 'duration':
      return text === '-1' ? 'infinite' : text;
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
