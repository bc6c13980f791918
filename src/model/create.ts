import { TandemError } from '#base';
import { DataModel } from './engine/data-model.ts';
import type { DataModelPorts } from './engine/ports.ts';
import { acts, compileObject, refersTo } from './mapping/compile.ts';
import type { CompiledObject } from './mapping/compiled.ts';
import { type DeviceFacts, holds } from './mapping/condition.ts';
import type { MappingProblem, ObjectText } from './mapping/grammar.ts';
import { LazyObject } from './mapping/lazy.ts';
import { type MergedObject, type MergedObjects, mergeMapping } from './mapping/merge.ts';
import { parseMapping } from './mapping/parse.ts';
import { impossibleValues } from './mapping/values.ts';
import { unknownVariables } from './mapping/variables.ts';
import { vendorObjects } from './mapping/vendor.ts';
import type { VendorObjects } from './schema/extend.ts';
import { extendSchema } from './schema/extend.ts';
import { layerSchemas, openSchema, type Schema, type SchemaView } from './schema/index.ts';

export interface MappingText {
  readonly file: string;
  readonly text: string;
  /** It ships with the package, whose tests have checked it against the schema: what it says is compiled when it is needed. */
  readonly checked?: boolean;
  /** Why it could not be read; then there is no text. */
  readonly unread?: string;
}

/**
 * Opens the schema and lays the mappings over it, one file after the other. A file with a problem is left out whole and reported.
 * @param schemaTable the bytes of `datamodel/tr181.bin`
 * @param table bytes of a further table that a mapping names in `$tables`
 */
export function createDataModel(
  schemaTable: Uint8Array,
  mappings: readonly MappingText[],
  ports: DataModelPorts,
  facts: DeviceFacts = {},
  table: FurtherTable = () => undefined,
  form?: MappingForm,
): { model: DataModel; problems: readonly MappingProblem[]; elsewhere: readonly string[] } {
  const { objects, ...made } = compileMappings(openSchema(schemaTable), mappings, facts, table, form);
  return { model: new DataModel(made.schema, objects, ports), ...made };
}

export type FurtherTable = (name: string) => Uint8Array | undefined;

/** JSON Schema of mapping files, read when a file is there that does not come with the package. */
export type MappingForm = () => unknown;

/**
 * Everything that the files say together, checked; without a device.
 * @param facts `any`: every condition holds
 * @returns `elsewhere`: files that are for other devices
 */
export function compileMappings(
  schema: Schema,
  mappings: readonly MappingText[],
  facts: DeviceFacts | 'any',
  table: FurtherTable = () => undefined,
  form: MappingForm = () => undefined,
): {
  schema: Schema;
  objects: readonly CompiledObject[];
  problems: readonly MappingProblem[];
  elsewhere: readonly string[];
} {
  let merged: MergedObjects = new Map();
  let additions: VendorObjects = new Map();
  let extended = schema;
  /** Tables that a good file needs; nothing else is ever opened. */
  let tables: ReadonlyMap<string, Schema> = new Map();
  const compiled = new Map<string, CompiledObject>();
  /** What the files say of each object in the end, as JSON: a fifth of what the same takes as objects. */
  const texts = new Map<string, string>();
  const problems: MappingProblem[] = [];
  const elsewhere: string[] = [];
  for (const { file, text, checked, unread } of mappings) {
    if (unread !== undefined) {
      problems.push({ file, path: '', reason: unread });
      continue;
    }
    const parsed = parseMapping(file, text, checked ? undefined : form());
    const met = parsed.problems.length > 0 ? false : holds(parsed.mapping.conditions, facts === 'any' ? {} : facts);
    if (typeof met === 'string') parsed.problems.push({ file, path: '$if', reason: met });
    problems.push(...parsed.problems);
    if (parsed.problems.length > 0) continue;
    if (met !== true && facts !== 'any') {
      elsewhere.push(file);
      continue;
    }
    const next = mergeMapping(file, merged, parsed.mapping);
    const vendor = vendorObjects(file, additions, next.objects, next.touched);
    const needed = openTables(file, parsed.mapping.tables, tables, table);
    const candidate = extendSchema(layerSchemas(schema, [...needed.tables.values()]), vendor.objects);
    const views = [candidate.view('usp'), candidate.view('cwmp')];
    const found = [...next.problems, ...vendor.problems, ...needed.problems];
    if (found.length > 0) {
      problems.push(...unique(found));
      continue;
    }
    const made: CompiledObject[] = [];
    for (const path of next.touched) {
      const object = next.objects.get(path);
      if (!object) continue;
      if (checked) {
        made.push(lazily(file, path, object, texts, views));
        continue;
      }
      const textOf = (other: string): ObjectText | undefined => next.objects.get(other)?.text;
      const result = compileObject(file, path, object, textOf, views);
      found.push(
        ...result.problems,
        ...impossibleValues(file, result.object),
        ...unknownVariables(file, path, { textOf, sources: parsed.mapping.sources }),
      );
      if (result.object) made.push(result.object);
    }
    if (found.length > 0) {
      problems.push(...unique(found));
      continue;
    }
    merged = next.objects;
    additions = vendor.objects;
    tables = needed.tables;
    extended = candidate;
    for (const path of next.touched) compiled.delete(path);
    for (const object of made) compiled.set(object.path, object);
  }
  for (const [path, { text }] of merged) texts.set(path, JSON.stringify(text));
  return { schema: extended, objects: [...compiled.values()], problems, elsewhere };
}

/** @throws TandemError MAPPING_BROKEN when it is needed: a file of the package is not the one that was checked */
function lazily(
  file: string,
  path: string,
  { text, sources }: MergedObject,
  texts: ReadonlyMap<string, string>,
  views: readonly SchemaView[],
): LazyObject {
  const textOf = (of: string): ObjectText | undefined => {
    const kept = texts.get(of);
    return kept === undefined ? undefined : (JSON.parse(kept) as ObjectText);
  };
  return new LazyObject(path, sources, Object.keys(text.parameters), refersTo(text), acts(text), () => {
    const { object, problems } = compileObject(file, path, { text: textOf(path)!, sources }, textOf, views);
    if (object) return object;
    throw new TandemError('MAPPING_BROKEN', `${path} of the shipped mappings: ${problems[0]?.reason}`);
  });
}

function openTables(
  file: string,
  names: readonly string[],
  open: ReadonlyMap<string, Schema>,
  table: FurtherTable,
): { tables: ReadonlyMap<string, Schema>; problems: MappingProblem[] } {
  const tables = new Map(open);
  const problems: MappingProblem[] = [];
  for (const name of names) {
    if (tables.has(name)) continue;
    const bytes = table(name);
    if (bytes) tables.set(name, openSchema(bytes));
    else problems.push({ file, path: '$tables', reason: `there is no table '${name}'` });
  }
  return { tables, problems };
}

function unique(problems: readonly MappingProblem[]): MappingProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, reason }) => !seen.has(`${path} ${reason}`) && seen.add(`${path} ${reason}`));
}
