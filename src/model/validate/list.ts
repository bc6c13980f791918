import { trimBlanks } from './lexical.ts';

/**
 * Splits a comma-separated list (TR-106 section 3.2.3); white space around items does not count, the empty text has no
 * items. Commas inside square brackets or inside quotes in them belong to their item.
 */
export function splitList(text: string): string[] {
  if (trimBlanks(text) === '') return [];
  const items: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (depth > 0 && character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '[') depth++;
    else if (character === ']') depth = Math.max(0, depth - 1);
    else if (character === ',' && depth === 0) {
      items.push(trimBlanks(text.slice(start, at)));
      start = at + 1;
    }
  }
  items.push(trimBlanks(text.slice(start)));
  return items;
}

/** Splits at every comma, whatever is around it. */
export const splitPlainList = (text: string): string[] =>
  trimBlanks(text) === '' ? [] : text.split(',').map(trimBlanks);
