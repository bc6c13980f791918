import type { BaseType } from '../api.ts';

/**
 * TR-106 data types (section 3.2) as text: what each looks like, and the one canonical text of each value. All answer
 * `undefined` for text that is not of the type; none throws.
 */

const integerPattern = /^[+-]?[0-9]{1,64}$/;
const decimalPattern = /^([+-]?)([0-9]{0,64})(?:\.([0-9]{0,64}))?$/;
const dateTimePattern =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,12}))?(Z|[+-][0-9]{2}:[0-9]{2})?$/;
// What must not be there: a search for one character stays linear however long the text is.
const notHex = /[^0-9A-Fa-f]/;
const notBase64 = /[^A-Za-z0-9+/]/;

const bounds: Partial<Record<BaseType, readonly [bigint, bigint]>> = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  unsignedInt: [0n, 2n ** 32n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  unsignedLong: [0n, 2n ** 64n - 1n],
};

/** Inclusive bounds of an integer type; `undefined` for the other types. */
export const boundsOf = (base: BaseType): readonly [bigint, bigint] | undefined => bounds[base];

export function parseInteger(text: string): bigint | undefined {
  if (!integerPattern.test(text)) return undefined;
  return text.startsWith('+') ? BigInt(text.slice(1)) : BigInt(text);
}

export function parseBoolean(text: string): boolean | undefined {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  return undefined;
}

/** No plus sign, no needless zeros: `-0.50` is `-0.5`, `007.` is `7`. */
export function canonicalDecimal(text: string): string | undefined {
  const match = decimalPattern.exec(text);
  if (!match || (!match[2] && !match[3])) return undefined;
  const whole = match[2]!.replace(/^0+(?=.)/, '') || '0';
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  const digits = fraction === '' ? whole : `${whole}.${fraction}`;
  return match[1] === '-' && digits !== '0' ? `-${digits}` : digits;
}

/** Below 0: a is less. Both canonical. */
export function compareDecimals(a: string, b: string): number {
  const scaled = (text: string, digits: number): bigint => {
    const [whole, fraction = ''] = text.split('.');
    return BigInt(whole! + fraction.padEnd(digits, '0'));
  };
  const digits = Math.max(...[a, b].map((text) => text.split('.')[1]?.length ?? 0));
  const difference = scaled(a, digits) - scaled(b, digits);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

export interface DateTime {
  /** Since the Unix epoch, whole; a time without a zone is taken as UTC (TR-106 section 3.2.1). */
  readonly seconds: number;
  /** Decimal digits without trailing zeros. */
  readonly fraction: string;
  /** `0001-01-01T00:00:00Z` */
  readonly unknown: boolean;
  /** Offsets are turned into UTC; a missing zone stays missing. */
  readonly text: string;
}

export function parseDateTime(text: string): DateTime | undefined {
  const match = dateTimePattern.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  date.setUTCHours(hour, minute, second);
  const offsetSeconds = zoneOffsetSeconds(match[8]);
  if (offsetSeconds === undefined) return undefined;
  const seconds = date.getTime() / 1000 - offsetSeconds;
  const fraction = (match[7] ?? '').replace(/0+$/, '');
  const zoned = match[8] !== undefined;
  const whole = new Date(seconds * 1000).toISOString();
  // XML Schema has no year 0, and the year has four digits; an offset may lead out of these bounds.
  if (seconds < unknownSeconds || whole.length !== 24) return undefined;
  return {
    seconds,
    fraction,
    unknown: seconds === unknownSeconds && fraction === '',
    text: `${whole.slice(0, 19)}${match[7] === undefined ? '' : `.${match[7]}`}${zoned ? 'Z' : ''}`,
  };
}

const unknownSeconds = Date.parse('0001-01-01T00:00:00Z') / 1000;

function zoneOffsetSeconds(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}

/** Below 0: a is earlier. */
export function compareDateTimes(a: DateTime, b: DateTime): number {
  if (a.seconds !== b.seconds) return a.seconds - b.seconds;
  return a.fraction < b.fraction ? -1 : a.fraction > b.fraction ? 1 : 0;
}

/** White space inside is allowed by XML Schema and dropped. @returns the text and how many octets it stands for */
export function canonicalBase64(text: string): { text: string; octets: number } | undefined {
  const bare = text.replace(/[ \t\r\n]/g, '');
  const padding = bare.endsWith('==') ? 2 : bare.endsWith('=') ? 1 : 0;
  if (bare.length % 4 !== 0 || notBase64.test(bare.slice(0, bare.length - padding))) return undefined;
  return { text: bare, octets: (bare.length / 4) * 3 - padding };
}

export function canonicalHexBinary(text: string): { text: string; octets: number } | undefined {
  return text.length % 2 === 0 && !notHex.test(text)
    ? { text: text.toUpperCase(), octets: text.length / 2 }
    : undefined;
}

const isBlank = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

/** Types other than string ignore white space around the value (XML Schema part 2, `whiteSpace` collapse). */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start++;
  while (end > start && isBlank(text[end - 1])) end--;
  return text.slice(start, end);
}
