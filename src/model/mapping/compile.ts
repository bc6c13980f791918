import { toSchemaPath } from '../path/index.ts';
import { isVendorObject, vendorName } from '../schema/extend.ts';
import type { ParameterDefinition, SchemaView } from '../schema/index.ts';
import { compileActions } from './compile-actions.ts';
import type {
  CompiledObject,
  CompiledParameter,
  ListedRows,
  MeantSections,
  RowSource,
  SectionSource,
  Target,
  Variable,
} from './compiled.ts';
import { itemCodes } from './dhcp-items.ts';
import { type Expression, type Formula, parseConditions, parseExpression, parseFormula } from './expression.ts';
import type { MappingProblem, ObjectText, ParameterRule } from './grammar.ts';
import { type ItemForm, parseItemForm, partNames } from './list-item.ts';
import type { MergedObject } from './merge.ts';

type Say = (below: string, reason: string) => void;

/**
 * Checks one object of a mapping against the schema.
 * @param textOf what the mappings say of another object
 * @returns no object where there is a problem: then nothing is taken from the file (DESIGN "Vendors without code")
 */
export function compileObject(
  file: string,
  path: string,
  mapping: MergedObject,
  textOf: (path: string) => ObjectText | undefined,
  views: readonly SchemaView[],
): { object: CompiledObject | undefined; problems: MappingProblem[] } {
  const { text } = mapping;
  const problems: MappingProblem[] = [];
  const say: Say = (below, reason) => problems.push({ file, path: path + below, reason });
  const definition = firstOf(views, (view) => view.object(path));
  if (!definition) {
    say('', 'is not an object of the schema');
    return { object: undefined, problems };
  }
  const parsers = parsersOf(mapping, say);
  const [rows = none, ...more] = rowSources(text, mapping, say, parsers);
  if (definition.table && rows.kind === 'none') say('', 'is a table and needs rows');
  if (!definition.table && text.rows) say('', 'is a single object and has no rows');
  const item = itemForm(text, rows, say);
  if (text.add && rows.kind !== 'sections' && !item)
    say('add', 'needs rows that are sections, or items that can be written');
  if (text.add && item && Object.keys(text.add).length > 0) say('add', 'has no options where rows are items');
  const variables = variablesOf(text.let, parsers);
  const inSection =
    rows.kind === 'sections' || rows.kind === 'listed' || rows.kind === 'section' || insideSection(path, textOf);
  const parameters = new Map<string, CompiledParameter>();
  for (const [name, ruleText] of Object.entries(text.parameters)) {
    if (ruleText === null) continue;
    const parameter = definition.parameter(name) ?? firstOf(views, (view) => view.parameter(path + name));
    if (!parameter) {
      say(
        name,
        `is not a parameter of the schema${/^x_/i.test(name) ? '; a name of your own is X_EXAMPLE-COM_Name' : ''}`,
      );
      continue;
    }
    const rule: ParameterRule = typeof ruleText === 'string' ? { at: ruleText } : ruleText;
    if (rule.type !== undefined && !vendorName.test(name) && !isVendorObject(path))
      say(name, 'has its type from the schema');
    for (const { table } of targetsOf(rule))
      if (!views.some((view) => view.has(toSchemaPath(table)))) say(name, `'${table}' is not an object`);
    parameters.set(
      name,
      compileParameter(parameter, rule, mapping, inSection, item, parsers, (reason) => say(name, reason)),
    );
  }
  const object: CompiledObject = {
    path,
    acts: acts(text),
    refersTo: refersTo(text),
    maps: (name) => parameters.has(name),
    definition,
    rows,
    more,
    variables,
    item,
    add: text.add,
    when: text.when === undefined ? undefined : parsers.formula('when', text.when),
    keep: text.keep ?? true,
    same: (text.same ?? []).flatMap((name) => {
      const parameter = parameters.get(name);
      if (!parameter) say('same', `'${name}' is not mapped`);
      return parameter ?? [];
    }),
    sources: mapping.sources,
    parameters,
    ...compileActions(text, definition, views, say),
  };
  return { object: problems.length === 0 ? object : undefined, problems };
}

const noTables: readonly string[] = [];

/** Tables that references of the object name rows of. */
export function refersTo({ parameters }: ObjectText): readonly string[] {
  const tables = Object.values(parameters).flatMap((rule) =>
    typeof rule === 'object' && rule ? targetsOf(rule).map(({ table }) => table) : [],
  );
  return tables.length === 0 ? noTables : tables;
}

const noTargets: readonly Target[] = [];

function targetsOf({ to, by }: ParameterRule): readonly Target[] {
  if (to === undefined) return noTargets;
  if (typeof to === 'string') return [{ table: to, by }];
  return Object.entries(to).map(([table, by]) => ({ table, by: by || undefined, readOnly: by === null }));
}

/** It has commands or events. */
export function acts(text: ObjectText): boolean {
  return Object.keys(text.commands).length + Object.keys(text.events).length > 0;
}

interface Parsers {
  readonly expression: (below: string, source: string) => Expression | undefined;
  readonly formula: (below: string, source: string) => Formula | undefined;
}

/** By the sources of a file, which its objects share. */
const sourceNames = new WeakMap<object, ReadonlySet<string>>();

function parsersOf(mapping: Pick<MergedObject, 'sources'>, say: Say): Parsers {
  let names = sourceNames.get(mapping.sources);
  if (!names) {
    names = new Set(Object.keys(mapping.sources));
    sourceNames.set(mapping.sources, names);
  }
  const known = names;
  const parser =
    <T>(parse: (source: string, names: ReadonlySet<string>) => T | string) =>
    (below: string, source: string): T | undefined => {
      const result = parse(source, known);
      if (typeof result !== 'string') return result;
      say(below, result);
      return undefined;
    };
  return { expression: parser(parseExpression), formula: parser(parseFormula) };
}

function variablesOf(texts: ObjectText['let'], { formula: parse }: Parsers): Map<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const [name, source] of Object.entries(texts ?? {})) {
    const all = typeof source !== 'string';
    const formula = parse(`let/${name}`, all ? source[0] : source);
    if (formula) variables.set(name, { formula, all });
  }
  return variables;
}

function compileParameter(
  definition: ParameterDefinition,
  rule: ParameterRule,
  mapping: Pick<MergedObject, 'sources'>,
  inSection: boolean,
  item: ItemForm | undefined,
  parsers: Parsers,
  say: (reason: string) => void,
): CompiledParameter {
  const { name } = definition;
  if ((rule.at === undefined) === (rule.is === undefined)) say("has either 'at' or 'is'");
  if (rule.as === 'ref' && !rule.to) say("a ref says 'to' which table");
  if ((rule.as === 'address' || rule.as === 'power') !== (rule.of !== undefined))
    say("an address says 'of' which network, and a power 'of' which");
  if (rule.put !== undefined && rule.pick === undefined) say("'put' needs the pick of the items it replaces");
  if (rule.else && typeof rule.as !== 'object') say("'else' is for a table of values");
  const pattern = (text: string | undefined): RegExp | undefined => {
    try {
      return text === undefined ? undefined : new RegExp(text, 'u');
    } catch {
      say(`'${text}' is not a regular expression`);
      return undefined;
    }
  };
  const section = rule.in === undefined ? undefined : sectionSource(rule.in, mapping);
  if (rule.in !== undefined && !section) say("'in' is source/type or source/type/name of a UCI source");
  const formulas = (sources: string | readonly string[] = []): Formula[] =>
    [sources]
      .flat()
      .map((source) => parsers.formula(name, source))
      .filter((formula) => formula !== undefined);
  const expressions = formulas(rule.at);
  const own = expressions.map(optionOf).find((option) => option !== undefined);
  if (own && !inSection && !section)
    say(`names an option ('${own}'), but the row is no section; a member of an answer is $item/${own}`);
  else if (typeof rule.write === 'string' && !inSection && !section)
    say(`writes an option ('${rule.write}'), but the row is no section`);
  if (rule.same && rule.is === undefined) say("'same' needs the constant that it is about");
  if (rule.input !== undefined && !rule.run) say("'input' is what a program reads");
  const writable = definition.access !== 'readOnly' && rule.write !== false;
  const option = typeof rule.write === 'string' ? rule.write : own;
  const stored = writable && rule.is === undefined ? option : undefined;
  const part = item !== undefined && partNames(item).includes(name);
  if (part && (![rule.at].flat().includes('$item') || rule.pick === undefined))
    say("is part of the item: it needs 'at' $item and a pick");
  const place = item !== undefined && rule.at?.includes('$of') && rule.as === 'ref' && rule.by === 'id';
  const turned = item !== undefined && rule.at === '$listed';
  const listed = !writable ? undefined : part ? 'part' : place ? 'place' : turned ? 'switch' : undefined;
  return {
    definition,
    rule,
    expressions,
    pick: pattern(rule.pick),
    fits: pattern(rule.fits && `^(?:${rule.fits})$`),
    takes: pattern(rule.takes && `^(?:${rule.takes})$`),
    base: formulas(rule.of),
    otherwise: formulas(rule.else),
    fixed: rule.fixed === undefined ? undefined : parsers.formula(name, rule.fixed),
    section,
    option: stored,
    named: own,
    listed,
    targets: targetsOf(rule),
    writable:
      stored !== undefined || listed !== undefined || (writable && (rule.run !== undefined || rule.same === true)),
  };
}

function itemForm(text: ObjectText, rows: RowSource, say: Say): ItemForm | undefined {
  if (text.item === undefined) return undefined;
  const form = parseItemForm(text.item);
  if (typeof form === 'string') {
    say('item', form);
    return undefined;
  }
  if (rows.kind !== 'listed') say('item', 'needs rows that are items of a list in sections');
  if (text.code !== undefined && !itemCodes[text.code]) say('code', `'${text.code}' is no code`);
  for (const name of partNames(form)) if (!text.parameters[name]) say('item', `'${name}' is not mapped`);
  return form;
}

/** What picks the first part out of an item. What is wrong with it is said where the parameter is compiled. */
function itemKey({ item, parameters }: ObjectText): RegExp | undefined {
  const form = item === undefined ? '' : parseItemForm(item);
  const rule = typeof form === 'string' ? undefined : parameters[form.key];
  if (!rule || typeof rule === 'string' || rule.pick === undefined) return undefined;
  try {
    return new RegExp(rule.pick, 'u');
  } catch {
    return undefined;
  }
}

function listedRows(text: ObjectText, option: string, from: MeantSections | undefined): ListedRows {
  return { kind: 'listed', from, option, code: itemCodes[text.code ?? ''], key: itemKey(text) };
}

/** The option that a formula is and nothing else. */
function optionOf(formula: Formula): string | undefined {
  if (!('head' in formula)) return undefined;
  return formula.head.kind === 'option' && formula.steps.length === 0 ? formula.head.name : undefined;
}

function sectionSource(text: string, mapping: Pick<MergedObject, 'sources'>): SectionSource | undefined {
  const [source, type, name] = text.split('/');
  const pack = mapping.sources[source ?? '']?.uci;
  return pack && type ? { kind: 'section', package: pack, type, name } : undefined;
}

function firstOf<T>(views: readonly SchemaView[], look: (view: SchemaView) => T | undefined): T | undefined {
  for (const view of views) {
    const found = look(view);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A nested single object (`Security.`) uses the section of the row around it. */
function insideSection(path: string, textOf: (path: string) => ObjectText | undefined): boolean {
  const parent = path.replace(/[^.]*\.?$/, '');
  if (parent === '') return false;
  const text = textOf(parent);
  const ofSections = /^[\w-]+\/[\w-]+(\[.*\])?$/;
  if (text && (text.row || ofSections.test(rowsTexts(text)[0]?.rows ?? ''))) return true;
  return insideSection(parent, textOf);
}

const none: RowSource = { kind: 'none' };

function rowSources(text: ObjectText, mapping: Pick<MergedObject, 'sources'>, say: Say, parsers: Parsers): RowSource[] {
  if (text.row !== undefined) {
    const section = sectionSource(text.row, mapping);
    if (!section) say('row', 'is source/type or source/type/name of a UCI source');
    return section ? [section] : [];
  }
  const id = text.id === undefined ? undefined : parsers.formula('id', text.id);
  return rowsTexts(text).map(({ rows, let: own }): RowSource => {
    const source = rowSource(rows, id, text, mapping, say, parsers);
    return own ? { ...source, variables: variablesOf(own, parsers) } : source;
  });
}

const rowsTexts = ({ rows = [] }: ObjectText): readonly { rows: string; let?: ObjectText['let'] }[] =>
  [rows].flat().map((one) => (typeof one === 'string' ? { rows: one } : one));

function rowSource(
  rows: string,
  id: Formula | undefined,
  text: ObjectText,
  mapping: Pick<MergedObject, 'sources'>,
  say: Say,
  { expression }: Parsers,
): RowSource {
  const listed = /^([\w-]+)\/([\w-]+)(?:\[(.*)\])?\/([\w-]+)\[\]$/.exec(rows);
  if (listed) {
    const [, source, type, filter, option] = listed as unknown as [string, string, string, string | undefined, string];
    const pack = mapping.sources[source]?.uci;
    const conditions = filter === undefined ? [] : parseConditions(filter);
    if (pack && typeof conditions !== 'string') return listedRows(text, option, { package: pack, type, conditions });
    say('rows', typeof conditions === 'string' ? conditions : `'${source}' is not a UCI source of this file`);
    return none;
  }
  const list = /^([\w-]+)\[\]$/.exec(rows);
  if (list && text.item !== undefined) return listedRows(text, list[1]!, undefined);
  if (list) return { kind: 'items', option: list[1]! };
  const sections = /^([\w-]+)\/([\w-]+)(?:\[(.*)\])?$/.exec(rows);
  const pack = sections ? mapping.sources[sections[1]!]?.uci : undefined;
  if (sections && pack) {
    const conditions = sections[3] === undefined ? [] : parseConditions(sections[3]);
    if (typeof conditions !== 'string') return { kind: 'sections', package: pack, type: sections[2]!, conditions };
    say('rows', conditions);
    return none;
  }
  if (mapping.sources[rows]?.uci) say('rows', 'are source/type where the source is a UCI package');
  const members = expression('rows', rows);
  return members ? { kind: 'members', expression: members, id } : none;
}
