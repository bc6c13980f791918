/**
 * A path without what says which rows: instance numbers, wildcards, search expressions, `{i}`. That is how services register (R-REG.2).
 * `Device.A.[X=="a.b"].B` → `Device.A.B`. @returns `undefined` for one that follows references
 */
export function plainPath(path: string): string | undefined {
  let plain = '';
  let depth = 0;
  let quoted = false;
  for (const character of path) {
    if (depth > 0) {
      if (character === '"') quoted = !quoted;
      else if (!quoted && character === '[') depth++;
      else if (!quoted && character === ']') depth--;
    } else if (character === '[') depth++;
    else plain += character;
  }
  if (depth > 0 || /[+#]/.test(plain)) return undefined;
  return plain
    .split('.')
    .filter((word, index, words) => !/^([0-9]+|\*|\{i\})$/.test(word) && (word !== '' || index === words.length - 1))
    .join('.');
}

/** Whether what was registered has this (plain) path in it. */
export const covers = (registered: string, plain: string): boolean =>
  registered.endsWith('.') ? plain.startsWith(registered) || `${plain}.` === registered : plain === registered;

/** How many levels below an object something registered lies. */
export const levelsBelow = (object: string, registered: string): number =>
  registered.slice(object.length).replace(/\.$/, '').split('.').length;
