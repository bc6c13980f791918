import type { CompiledParameter } from './compiled.ts';

/** What the option becomes by a converted value: the value itself, or a part of what is there. */
export function fitted(
  value: string | readonly string[],
  before: string | readonly string[] | undefined,
  { rule, pick, fits }: CompiledParameter,
): string | readonly string[] | undefined {
  let option: string | readonly string[] | undefined = value;
  if (pick && typeof value === 'string') {
    if (rule.put !== undefined) {
      const others = [before ?? []].flat().filter((item) => !pick.test(item));
      option = value === '' ? others : [...others, rule.put + value];
    } else if (value !== '') {
      option = part(before ?? rule.default, pick, value);
    }
  }
  return fits && (typeof option !== 'string' || !fits.test(option)) ? undefined : option;
}

/** Of a list the items that the pattern matches are changed. */
function part(
  option: string | readonly string[] | undefined,
  pattern: RegExp,
  value: string,
): string | readonly string[] | undefined {
  if (typeof option === 'string') return spliced(option, pattern, value);
  const items = option?.map((item) => spliced(item, pattern, value) ?? item);
  return items?.some((item, at) => item !== option![at]) ? items : undefined;
}

/** The text with what the pattern picks out of it replaced. */
function spliced(text: string, pattern: RegExp, value: string): string | undefined {
  const indices = new RegExp(pattern.source, `${pattern.flags}d`).exec(text)?.indices;
  const part = indices && (indices.length > 1 ? indices[1] : indices[0]);
  return part && text.slice(0, part[0]) + value + text.slice(part[1]);
}
