import { DataModel, type DataModelPorts } from './engine/data-model.ts';
import { type CompiledObject, compileMapping } from './mapping/compile.ts';
import type { MappingProblem } from './mapping/grammar.ts';
import { parseMapping } from './mapping/parse.ts';
import { openSchema } from './schema/index.ts';

export interface MappingText {
  readonly file: string;
  readonly text: string;
}

/**
 * Opens the schema and puts the mappings over it. A mapping file with a problem is left out whole and reported.
 * @param schemaTable the bytes of `datamodel/tr181.bin`
 */
export function createDataModel(
  schemaTable: Uint8Array,
  mappings: readonly MappingText[],
  ports: DataModelPorts,
): { model: DataModel; problems: readonly MappingProblem[] } {
  const schema = openSchema(schemaTable);
  const views = [schema.view('usp'), schema.view('cwmp')];
  const objects = new Map<string, CompiledObject>();
  const problems: MappingProblem[] = [];
  for (const { file, text } of mappings) {
    const parsed = parseMapping(file, text);
    problems.push(...parsed.problems);
    if (parsed.problems.length > 0) continue;
    const compiled = compileMapping(file, parsed.mapping, views);
    problems.push(...compiled.problems);
    for (const object of compiled.objects) objects.set(object.path, object);
  }
  return { model: new DataModel(schema, [...objects.values()], ports), problems };
}
