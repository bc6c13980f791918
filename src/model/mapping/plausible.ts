import type { BaseType } from '../api.ts';
import type { ParameterDefinition } from '../schema/index.ts';

// Digits first: what is longer than the type's longest number is none, however it goes on.
const patterns: Partial<Record<BaseType, RegExp>> = {
  boolean: /^(?:true|false)$/,
  int: /^-?[0-9]{1,10}$/,
  unsignedInt: /^[0-9]{1,10}$/,
  long: /^-?[0-9]{1,19}$/,
  unsignedLong: /^[0-9]{1,20}$/,
  decimal: /^-?[0-9]{1,40}(?:\.[0-9]{1,40})?$/,
  dateTime:
    /^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?$/,
  hexBinary: /^(?:[0-9A-Fa-f]{2})*$/,
};
const largest: Partial<Record<BaseType, readonly [bigint, bigint]>> = {
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  unsignedInt: [0n, 2n ** 32n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
  unsignedLong: [0n, 2n ** 64n - 1n],
};

/** Whether what a source gave can be a value of the parameter's type at all. Asked of every value that is read, so it is quick. */
export function isPlausible({ type }: ParameterDefinition, text: string): boolean {
  const pattern = patterns[type.base];
  if (!pattern || text === '') return true;
  if (!type.list) return fits(type.base, pattern, text);
  return text.split(',').every((item) => item === '' || fits(type.base, pattern, item));
}

function fits(base: BaseType, pattern: RegExp, text: string): boolean {
  if (!pattern.test(text)) return false;
  const limits = text.length >= 10 ? largest[base] : undefined;
  return !limits || (BigInt(text) >= limits[0] && BigInt(text) <= limits[1]);
}

/** The number of the schema's ranges that is next to what the source says: a loopback's MTU is 65536. */
export function withinRange({ type }: ParameterDefinition, text: string): string {
  if (type.ranges.length === 0 || type.list || text === '') return text;
  let nearest: bigint | undefined;
  const value = BigInt(text);
  const distance = (to: bigint): bigint => (to < value ? value - to : to - value);
  for (const { min, max, step } of type.ranges) {
    let next = min !== undefined && value < min ? min : max !== undefined && value > max ? max : value;
    if (step !== undefined) next -= (next - (min ?? 0n)) % step;
    if (nearest === undefined || distance(next) < distance(nearest)) nearest = next;
  }
  return String(nearest);
}
