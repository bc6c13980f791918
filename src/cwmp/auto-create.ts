import type { Model, ParameterWrite, RowPart, Write } from '#model';
import { AliasResolver, hasAlias, type MissingRow, stepPattern } from './instance-names.ts';

/** A name of SetParameterValues with its rows by number, or as a parameter of a row that is made with it. */
export type Target = { readonly path: string } | { readonly missing: MissingRow };

/**
 * Finds where the values of SetParameterValues go whose names have aliases (TR-069 A.3.2.1, AutoCreateInstances: an alias that no row has names one that is to be made);
 * all others go where their names say.
 * @returns with the names of rows that are not there and are not made
 */
export async function findTargets(
  model: Model,
  names: readonly string[],
  autoCreate: boolean,
): Promise<{ readonly of: ReadonlyMap<string, Target>; readonly unknown: ReadonlySet<string> }> {
  const resolver = new AliasResolver(model);
  const of = new Map<string, Target>();
  const unknown = new Set<string>();
  for (const name of names) {
    if (!hasAlias(name)) continue;
    const target = await resolver.resolve(name);
    if ('missing' in target && !autoCreate) unknown.add(name);
    else of.set(name, target);
  }
  return { of, unknown };
}

interface Part<Entry> {
  readonly op: RowPart['op'];
  readonly path: string;
  readonly alias: string;
  readonly values: Map<string, Entry>;
  readonly parts: Map<string, Part<Entry>>;
}
const partOf = <Entry>(op: RowPart['op'], path: string, alias: string): Part<Entry> => ({
  ...{ op, path, alias, values: new Map(), parts: new Map() },
});

/** A row that is to be made, with all that is set on it and below it: one write, so that it comes to be with everything or not at all. */
export class NewRow<Entry extends { readonly value: string }> {
  readonly #row: Part<Entry>;
  /** By their places in the row, other rows as `{i}`. */
  readonly #entries = new Map<string, Entry[]>();

  constructor({ table, alias }: MissingRow) {
    this.#row = partOf('add', table, alias);
  }

  get entries(): Entry[] {
    return [...this.#entries.values()].flat();
  }

  get write(): Write {
    return { ...writeOf(this.#row), op: 'add' };
  }

  /** @param rest its place in the row: `Enable`, `Stats.Reset`, `Server.[one].Port`. @returns false: it is there already */
  take(rest: string, entry: Entry): boolean {
    const steps = rest.match(stepPattern) ?? [];
    const name = steps.pop() ?? '';
    let part = this.#row;
    const into = (op: RowPart['op'], path: string, alias: string): void => {
      const key = `${path}[${alias}]`;
      const known = part.parts.get(key) ?? partOf<Entry>(op, path, alias);
      part.parts.set(key, known);
      part = known;
    };
    let path = '';
    for (const step of steps) {
      if (!step.startsWith('[')) path += `${step}.`;
      else {
        into('add', path, step.slice(1, -1));
        path = '';
      }
    }
    if (path !== '') into('set', path, '');
    if (part.values.has(name)) return false;
    part.values.set(name, entry);
    const place = placeIn(rest);
    this.#entries.set(place, [...(this.#entries.get(place) ?? []), entry]);
    return true;
  }

  /** @param path of a parameter that was refused, rows by number */
  at(path: string): readonly Entry[] {
    const place = path.slice(this.#row.path.length).replace(/^\d+\./, '');
    return this.#entries.get(place.replace(/(?<=\.)\d+(?=\.)/g, '{i}')) ?? [];
  }
}

/** As a path of the schema. */
export const placeIn = (rest: string): string =>
  (rest.match(stepPattern) ?? []).map((step) => (step.startsWith('[') ? '{i}' : step)).join('.');

function writeOf<Entry extends { readonly value: string }>({ op, path, alias, values, parts }: Part<Entry>): RowPart {
  const parameters = [...values].map(([name, { value }]): ParameterWrite => ({ name, value, required: true }));
  if (op === 'add' && !values.has('Alias')) parameters.unshift({ name: 'Alias', value: alias, required: true });
  return { op, path, parameters, ...(parts.size > 0 && { parts: [...parts.values()].map(writeOf) }) };
}
