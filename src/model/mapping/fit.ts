import type { CompiledParameter } from './compiled.ts';

type Option = string | readonly string[];

/**
 * What the option becomes by a converted value: the value itself, or a part of what is there.
 * @returns `undefined` where the option would not say the value then
 */
export function fitted(value: Option, before: Option | undefined, parameter: CompiledParameter): Option | undefined {
  const { pick, fits, rule } = parameter;
  let option: Option | undefined = value;
  if (pick && typeof value === 'string') {
    if (rule.put !== undefined) option = withItem(value, before ?? rule.default ?? [], pick, rule.put, rule.empty);
    else if (value !== '') option = part(before ?? rule.default ?? value, pick, value);
  }
  return fits && (typeof option !== 'string' || !fits.test(option)) ? undefined : option;
}

/** The items that the pattern does not match, and one of this text and the value. */
function withItem(value: string, before: Option, pattern: RegExp, put: string, empty?: string): Option | undefined {
  const others = [before].flat().filter((item) => !pattern.test(item) && item !== empty);
  if (value !== '') return pickedOf(put + value, pattern) === value ? [...others, put + value] : undefined;
  return others.length === 0 && empty !== undefined ? [empty] : others;
}

function pickedOf(text: string, pattern: RegExp): string | undefined {
  const match = pattern.exec(text);
  return match?.[1] ?? match?.[0];
}

/** Of a list the items that the pattern matches are changed. */
function part(option: Option, pattern: RegExp, value: string): Option | undefined {
  if (typeof option === 'string') return spliced(option, pattern, value);
  const items = option.map((item) => spliced(item, pattern, value) ?? item);
  return items.some((item, at) => item !== option[at]) ? items : undefined;
}

/** The text with what the pattern picks out of it replaced. */
function spliced(text: string, pattern: RegExp, value: string): string | undefined {
  const indices = new RegExp(pattern.source, `${pattern.flags}d`).exec(text)?.indices;
  const found = indices && (indices[1] ?? indices[0]);
  const changed = found && text.slice(0, found[0]) + value + text.slice(found[1]);
  return changed !== undefined && pickedOf(changed, pattern) === value ? changed : undefined;
}
