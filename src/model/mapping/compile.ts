import { toSchemaPath } from '../path/index.ts';
import { isVendorObject, vendorName } from '../schema/extend.ts';
import type { ObjectDefinition, ParameterDefinition, SchemaView } from '../schema/index.ts';
import { converterNames } from './convert.ts';
import { type Condition, type Expression, parseConditions, parseExpression } from './expression.ts';
import type { MappingFile, MappingProblem, ObjectText, ParameterRule, SourceText } from './grammar.ts';

export interface CompiledParameter {
  readonly definition: ParameterDefinition;
  readonly rule: ParameterRule;
  /** Tried in order; empty for a constant. */
  readonly expressions: readonly Expression[];
  /** Option of the row's section that a write sets; `undefined`: read only. */
  readonly option: string | undefined;
}

/** Where the rows of a table, or the section of a single object, come from. */
export type RowSource =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'sections';
      readonly package: string;
      readonly type: string;
      readonly conditions: readonly Condition[];
    }
  | { readonly kind: 'section'; readonly package: string; readonly type: string; readonly name: string | undefined }
  | { readonly kind: 'members'; readonly expression: Expression; readonly id: Expression | undefined }
  | { readonly kind: 'items'; readonly option: string };

export interface CompiledObject {
  readonly path: string;
  readonly definition: ObjectDefinition;
  readonly rows: RowSource;
  readonly variables: ReadonlyMap<string, Expression>;
  readonly add: Readonly<Record<string, string>> | undefined;
  readonly when: Expression | undefined;
  readonly keep: boolean;
  readonly sources: Readonly<Record<string, SourceText>>;
  readonly parameters: ReadonlyMap<string, CompiledParameter>;
}

/** Checks a mapping against the schema. Nothing is taken from a file with a problem (DESIGN "Vendors without code"). */
export function compileMapping(
  file: string,
  mapping: Pick<MappingFile, 'sources' | 'objects'>,
  views: readonly SchemaView[],
  only: ReadonlySet<string>,
): { objects: CompiledObject[]; problems: MappingProblem[] } {
  const problems: MappingProblem[] = [];
  const objects: CompiledObject[] = [];
  const sourceNames = new Set(Object.keys(mapping.sources));
  for (const [path, text] of Object.entries(mapping.objects)) {
    if (!only.has(path)) continue;
    const say = (below: string, reason: string) => problems.push({ file, path: path + below, reason });
    const definition = firstOf(views, (view) => view.object(path));
    if (!definition) {
      say('', 'is not an object of the schema');
      continue;
    }
    const expression = (below: string, source: string): Expression | undefined => {
      const parsed = parseExpression(source, sourceNames);
      if (typeof parsed !== 'string') return parsed;
      say(below, parsed);
      return undefined;
    };
    const rows = rowSource(text, mapping, say, expression);
    if (definition.table && rows.kind === 'none') say('', 'is a table and needs rows');
    if (!definition.table && text.rows) say('', 'is a single object and has no rows');
    if (text.add && rows.kind !== 'sections') say('add', 'needs rows that are sections');
    const variables = new Map<string, Expression>();
    for (const [name, source] of Object.entries(text.let ?? {})) {
      const parsed = expression(`let/${name}`, source);
      if (parsed) variables.set(name, parsed);
    }
    const parameters = new Map<string, CompiledParameter>();
    for (const [name, ruleText] of Object.entries(text.parameters)) {
      if (ruleText === null) continue;
      const parameter = firstOf(views, (view) => view.parameter(path + name));
      if (!parameter) {
        say(name, 'is not a parameter of the schema');
        continue;
      }
      const rule: ParameterRule = typeof ruleText === 'string' ? { at: ruleText } : ruleText;
      if (rule.type !== undefined && !vendorName.test(name) && !isVendorObject(path))
        say(name, 'has its type from the schema');
      if ((rule.at === undefined) === (rule.is === undefined)) say(name, "has either 'at' or 'is'");
      if (typeof rule.as === 'string' && !(converterNames as readonly string[]).includes(rule.as)) {
        say(name, `'${rule.as}' is not a converter`);
      }
      if (rule.as === 'ref' && !rule.to) say(name, "a ref says 'to' which table");
      if (rule.to && !views.some((view) => view.has(toSchemaPath(rule.to!))))
        say(name, `'${rule.to}' is not an object`);
      const expressions = [rule.at ?? []].flat().flatMap((source) => expression(name, source) ?? []);
      const inSection = rows.kind === 'sections' || rows.kind === 'section';
      const own = expressions.find(({ head, steps }) => head.kind === 'option' && steps.length === 0);
      if (own && !inSection && !insideSection(path, mapping)) say(name, 'names an option, but the row is no section');
      const option = typeof rule.write === 'string' ? rule.write : own?.head.name;
      const writable = parameter.access !== 'readOnly' && rule.write !== false && rule.is === undefined;
      parameters.set(name, { definition: parameter, rule, expressions, option: writable ? option : undefined });
    }
    objects.push({
      path,
      definition,
      rows,
      variables,
      add: text.add,
      when: text.when === undefined ? undefined : expression('when', text.when),
      keep: text.keep ?? true,
      sources: mapping.sources,
      parameters,
    });
  }
  return { objects: problems.length === 0 ? objects : [], problems };
}

function firstOf<T>(views: readonly SchemaView[], look: (view: SchemaView) => T | undefined): T | undefined {
  for (const view of views) {
    const found = look(view);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A nested single object (`Security.`) uses the section of the row around it. */
function insideSection(path: string, mapping: Pick<MappingFile, 'objects'>): boolean {
  const parent = path.replace(/[^.]+\.$/, '');
  const text = mapping.objects[parent];
  if (text)
    return (
      Boolean(text.row) ||
      Boolean(text.rows && /^[\w-]+\/[\w-]+(\[.*\])?$/.test(text.rows)) ||
      insideSection(parent, mapping)
    );
  return parent !== '' && insideSection(parent, mapping);
}

function rowSource(
  text: ObjectText,
  mapping: Pick<MappingFile, 'sources'>,
  say: (below: string, reason: string) => void,
  expression: (below: string, source: string) => Expression | undefined,
): RowSource {
  if (text.row !== undefined) {
    const [source, type, name] = text.row.split('/');
    const pack = mapping.sources[source ?? '']?.uci;
    if (pack && type) return { kind: 'section', package: pack, type, name };
    say('row', 'is source/type or source/type/name of a UCI source');
    return { kind: 'none' };
  }
  if (text.rows === undefined) return { kind: 'none' };
  const list = /^([\w-]+)\[\]$/.exec(text.rows);
  if (list) return { kind: 'items', option: list[1]! };
  const sections = /^([\w-]+)\/([\w-]+)(?:\[(.*)\])?$/.exec(text.rows);
  const pack = sections ? mapping.sources[sections[1]!]?.uci : undefined;
  if (sections && pack) {
    const conditions = sections[3] === undefined ? [] : parseConditions(sections[3]);
    if (typeof conditions === 'string') say('rows', conditions);
    else return { kind: 'sections', package: pack, type: sections[2]!, conditions };
    return { kind: 'none' };
  }
  const members = expression('rows', text.rows);
  if (!members) return { kind: 'none' };
  return { kind: 'members', expression: members, id: text.id === undefined ? undefined : expression('id', text.id) };
}
