import { createHash } from 'node:crypto';
import type { UciPackage, UciSection } from '#platform';

/** A section without a name, as it was last seen: what it goes by, and a print of its options. */
export interface KnownSection {
  readonly token: string;
  /** One chunk for each option, in order of their digests. */
  readonly print: string;
}

/** By `package type`. */
export type SavedSections = readonly (readonly [
  string,
  { readonly next: number; readonly known: readonly KnownSection[] },
])[];

const chunkLength = 6;
/** Beyond this many changed sections nobody is looked for by likeness. */
const likenessLimit = 64;

/**
 * What sections without a name go by. UCI knows them by their position, which a foreign edit shifts; here each has a token of its own, and after an edit
 * the sections are found again: by what is in them, then by likeness. One that can not be told apart for sure is a new one.
 */
export class AnonymousSections {
  readonly #lists = new Map<string, { next: number; known: readonly KnownSection[] }>();
  readonly #seen = new WeakMap<UciPackage, Map<string, ReadonlyMap<string, string>>>();
  readonly #changed: () => void;

  /** @param changed something has to be saved */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What the section goes by. */
  token(pack: UciPackage, section: UciSection): string {
    let types = this.#seen.get(pack);
    if (!types) {
      types = new Map();
      this.#seen.set(pack, types);
    }
    let tokens = types.get(section.type);
    if (!tokens) {
      tokens = this.#match(pack, section.type);
      types.set(section.type, tokens);
    }
    return tokens.get(section.name)!;
  }

  saved(): SavedSections {
    return [...this.#lists].filter(([, { known, next }]) => known.length > 0 || next > 1);
  }

  restore(saved: SavedSections): void {
    this.#lists.clear();
    for (const [key, { next, known }] of saved) this.#lists.set(key, { next, known });
  }

  #match(pack: UciPackage, type: string): ReadonlyMap<string, string> {
    const key = `${pack.name} ${type}`;
    const list = this.#lists.get(key) ?? { next: 1, known: [] };
    const sections = pack.sections.filter((section) => section.anonymous && section.type === type);
    const prints = sections.map(printOf);
    const found = match(list.known, prints);
    const known = prints.map((print, at): KnownSection => {
      const token = found[at] ?? `@${pack.name}.${type}#${list.next++}`;
      return { token, print };
    });
    const same =
      known.length === list.known.length &&
      known.every(({ token, print }, at) => list.known[at]!.token === token && list.known[at]!.print === print);
    this.#lists.set(key, { next: list.next, known });
    if (!same) this.#changed();
    return new Map(sections.map(({ name }, at) => [name, known[at]!.token]));
  }
}

/** For each of the prints the token that it had; `undefined`: a new section. */
function match(old: readonly KnownSection[], prints: readonly string[]): (string | undefined)[] {
  const found: (string | undefined)[] = prints.map(() => undefined);
  const left = new Set(old);
  const take = (at: number, section: KnownSection): void => {
    found[at] = section.token;
    left.delete(section);
  };
  // Equal ones are taken from both ends first, so that twins keep their order around what was put in or taken out.
  const shorter = Math.min(old.length, prints.length);
  let head = 0;
  while (head < shorter && old[head]!.print === prints[head]) take(head, old[head++]!);
  for (let tail = 1; tail <= shorter - head && old.at(-tail)!.print === prints.at(-tail); tail++)
    take(prints.length - tail, old.at(-tail)!);
  const byPrint = new Map<string, KnownSection[]>();
  for (const section of left) byPrint.set(section.print, [...(byPrint.get(section.print) ?? []), section]);
  for (const [at, print] of prints.entries()) {
    if (found[at] !== undefined) continue;
    const same = byPrint.get(print)?.shift();
    if (same) take(at, same);
  }
  const open = prints.flatMap((_, at) => (found[at] === undefined ? [at] : []));
  if (open.length === 0 || left.size === 0) return found;
  // Each was edited where it stands.
  if (open.length === left.size && sameOrder(old, [...left], open, prints.length)) {
    const rest = [...left];
    for (const [index, at] of open.entries()) take(at, rest[index]!);
    return found;
  }
  if (open.length > likenessLimit || left.size > likenessLimit) return found;
  const pairs = open
    .flatMap((at) => [...left].map((section) => ({ at, section, likeness: likeness(section.print, prints[at]!) })))
    .filter(({ likeness: value }) => value > 0.5)
    .sort((a, b) => b.likeness - a.likeness);
  for (const { at, section } of pairs) if (found[at] === undefined && left.has(section)) take(at, section);
  return found;
}

/** Nothing was put in, taken out or moved: what is left over stands at the same places. */
function sameOrder(
  old: readonly KnownSection[],
  left: readonly KnownSection[],
  open: readonly number[],
  count: number,
): boolean {
  return old.length === count && left.every((section, index) => old.indexOf(section) === open[index]);
}

const chunksOf = (print: string): string[] => print.match(new RegExp(`.{${chunkLength}}`, 'g')) ?? [];

/** Share of the options that are the same. */
function likeness(a: string, b: string): number {
  const [first, second] = [chunksOf(a), chunksOf(b)];
  const same = first.filter((chunk) => second.includes(chunk)).length;
  return same / Math.max(first.length, second.length, 1);
}

function printOf(section: UciSection): string {
  return [...section.options]
    .map(([name, value]) =>
      createHash('sha256')
        .update(JSON.stringify([name, value]))
        .digest('base64')
        .slice(0, chunkLength),
    )
    .sort()
    .join('');
}
