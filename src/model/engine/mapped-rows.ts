import type { UciPackage, UciSection } from '#platform';
import type {
  CompiledObject,
  ListedRows,
  MeantSections,
  RowSource,
  SectionSource,
  Variable,
} from '../mapping/compiled.ts';
import {
  evaluateFormula,
  evaluateKeyed,
  type Formula,
  meets,
  type Surroundings,
  textOf,
} from '../mapping/expression.ts';
import { partOf } from '../mapping/list-item.ts';
import { listedIdentity, readDraft } from './listed-identity.ts';
import { type Node, tableOf } from './node.ts';

export type Place = NonNullable<Node['section']>;

/** A row of a source, before it has a number. */
export interface FoundRow {
  readonly identity: string;
  readonly section: Node['section'];
  readonly item: unknown;
  readonly readOnly?: boolean;
  /** What the row goes by when it is in its list: the device may not know yet that it is not. */
  readonly insteadOf?: string;
  readonly keys?: readonly string[];
  readonly around?: readonly unknown[];
  /** Of rows of its source alone. */
  readonly lets?: ReadonlyMap<string, Variable> | undefined;
}

/** What finding rows needs of the evaluation. */
export interface RowTools {
  uci(name: string): UciPackage | undefined;
  /** What a section without a name goes by. */
  anonymous(pack: UciPackage, section: UciSection): string;
  /** What rows of a table go by that were added and are not complete yet. */
  drafts(tablePath: string): readonly string[];
  /** What the expressions of a mapping see at a node. */
  surroundings(node: Node, mapped: CompiledObject): Surroundings;
}

/**
 * The rows of a mapped table below one parent, of all its sources. A later source adds what the earlier ones do not know, and its rows are read
 * only.
 */
export function rowsOf(mapped: CompiledObject, parent: Node, tools: RowTools): FoundRow[] {
  const own = mapped.rows.variables;
  const found = find(mapped.rows, parent, mapped, tools);
  const first = own ? found.map((row) => ({ ...row, lets: own })) : found;
  if (mapped.more.length === 0) return first;
  const known = new Set(first.flatMap(({ identity, insteadOf = identity }) => [identity, insteadOf]));
  const all = [...first];
  for (const rows of mapped.more) {
    for (const row of find(rows, parent, mapped, tools)) {
      if (known.has(row.identity)) continue;
      known.add(row.identity);
      all.push({ ...row, readOnly: true, lets: rows.variables });
    }
  }
  return all;
}

/** The section that a single object, or a parameter, is about. */
export function sectionOf({ package: name, type, name: sectionName }: SectionSource, tools: RowTools): Node['section'] {
  const pack = tools.uci(name);
  const section = sectionName ? pack?.section(sectionName) : sectionsOf(pack, type)[0];
  return section && section.type === type ? { package: name, section } : undefined;
}

const noSections: readonly UciSection[] = [];
/** A package is read again and again, and only once for each of its texts. */
const byType = new WeakMap<UciPackage, Map<string, UciSection[]>>();

function sectionsOf(pack: UciPackage | undefined, type: string): readonly UciSection[] {
  if (!pack) return noSections;
  let types = byType.get(pack);
  if (!types) {
    types = new Map();
    byType.set(pack, types);
    for (const section of pack.sections) {
      const same = types.get(section.type);
      if (same) same.push(section);
      else types.set(section.type, [section]);
    }
  }
  return types.get(type) ?? noSections;
}

function find(rows: RowSource, parent: Node, mapped: CompiledObject, tools: RowTools): FoundRow[] {
  switch (rows.kind) {
    case 'sections': {
      const pack = tools.uci(rows.package);
      return meantSections(rows, parent, mapped, tools).map((section) => {
        // An anonymous section has no name to go by until a write gives it one.
        const identity = section.anonymous ? tools.anonymous(pack!, section) : section.name;
        return { identity, section: { package: rows.package, section }, item: undefined };
      });
    }
    case 'members': {
      const seen = new Set<string>();
      return evaluateKeyed(rows.expression, tools.surroundings(parent, mapped)).flatMap(({ value, keys, around }) => {
        const row = { item: withKey(value, keys.at(-1) ?? ''), keys, around };
        const identity = rows.id
          ? identityOf(rows.id, { ...parent, ...row, variables: undefined }, mapped, tools)
          : keys.join('.');
        if (identity === '' || seen.has(identity)) return [];
        seen.add(identity);
        return [{ identity, section: parent.section, ...row }];
      });
    }
    case 'listed':
      return [...listed(rows, parent, mapped, tools), ...drafts(rows, parent, mapped, tools)];
    case 'items': {
      const option = parent.section?.section.options.get(rows.option);
      return [...new Set(listItems(option))].map((item) => ({ identity: item, section: parent.section, item }));
    }
    default:
      return [];
  }
}

/** The sections that a table is about, of those below one parent. */
function meantSections(
  { package: name, type, conditions }: MeantSections,
  parent: Node,
  mapped: CompiledObject,
  tools: RowTools,
): readonly UciSection[] {
  const sections = sectionsOf(tools.uci(name), type);
  if (conditions.length === 0) return sections;
  const surroundings = tools.surroundings(parent, mapped);
  return sections.filter((section) =>
    meets(Object.fromEntries([...section.options, ['.name', section.name]]), conditions, surroundings),
  );
}

/** The sections whose items are the rows of a table below one parent. */
export function placesOf(
  { from }: ListedRows,
  parent: Node,
  mapped: CompiledObject,
  tools: RowTools,
): readonly Place[] {
  if (!from) return parent.section ? [parent.section] : [];
  return meantSections(from, parent, mapped, tools).map((section) => ({ package: from.package, section }));
}

/** A list, or a text of words, as UCI has both. */
export const listItems = (option: string | readonly string[] | undefined): readonly string[] =>
  typeof option === 'string' ? option.split(/\s+/).filter(Boolean) : (option ?? []);

function listed(rows: ListedRows, parent: Node, mapped: CompiledObject, tools: RowTools): FoundRow[] {
  const found = new Map<string, FoundRow>();
  for (const place of placesOf(rows, parent, mapped, tools)) {
    const { section } = place;
    const name = section.anonymous ? tools.anonymous(tools.uci(place.package)!, section) : section.name;
    for (const written of listItems(section.options.get(rows.option))) {
      const item = rows.code ? rows.code.read(written) : written;
      const key = item !== undefined && rows.key ? partOf(item, rows.key) : item;
      if (key === undefined) continue;
      const identity = listedIdentity(name, key);
      if (!found.has(identity)) found.set(identity, { identity, section: place, item, keys: [section.name, item!] });
    }
  }
  return [...found.values()];
}

/** Rows that are in no list, for now: what is known of them is in what they go by. */
function drafts(rows: ListedRows, parent: Node, mapped: CompiledObject, tools: RowTools): FoundRow[] {
  return tools.drafts(tableOf(parent, mapped.path)).map((identity): FoundRow => {
    const { place, item } = readDraft(identity);
    const { from } = rows;
    const section = from && tools.uci(from.package)?.section(place);
    const known = section && section.type === from.type ? { package: from.package, section } : undefined;
    const own = from ? known : parent.section;
    const insteadOf = own && rows.key && listedIdentity(own.section.name, partOf(item, rows.key) ?? '');
    return { identity, section: own, item, keys: [known ? place : '', item], ...(insteadOf && { insteadOf }) };
  });
}

function identityOf(id: Formula, node: Node, mapped: CompiledObject, tools: RowTools): string {
  const found = evaluateFormula(id, tools.surroundings(node, mapped))[0];
  return textOf(found) ?? '';
}

function withKey(value: unknown, key: string): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return { ...value, '.key': key };
}
