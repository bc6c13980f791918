import { checkForm, jsonTrouble, placeOf } from './form.ts';
import type {
  CommandText,
  EventText,
  MappingFile,
  MappingProblem,
  ObjectText,
  ParameterText,
  SourceText,
} from './grammar.ts';

const objectKeys = new Set(['rows', 'id', 'row', 'let', 'add', 'item', 'code', 'when', 'keep', 'same', 'keys']);

/**
 * Reads the JSON of a mapping file into its flat form: nested objects (`"Stats.": {…}`) become entries of their own.
 * @param form JSON Schema of such a file, for those that come from elsewhere
 * @returns what could be read, and every problem of form; what the schema says about it is checked later
 */
export function parseMapping(
  file: string,
  text: string,
  form?: unknown,
): { mapping: MappingFile; problems: MappingProblem[] } {
  const problems: MappingProblem[] = [];
  const sources: Record<string, SourceText> = Object.create(null);
  const objects: Record<string, ObjectText> = Object.create(null);
  const removed: string[] = [];
  let conditions: Readonly<Record<string, unknown>> = {};
  let tables: readonly string[] = [];
  const say = (path: string, reason: string) => problems.push({ file, path, reason });
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const at = /at position (\d+)/.exec(message)?.[1];
    const { line, column } = placeOf(text, at === undefined ? text.length : Number(at));
    say(`line ${line} column ${column}`, `not JSON: ${message}`);
    return { mapping: { sources, objects, removed, conditions, tables }, problems };
  }
  if (!isTable(root)) {
    say('', 'a mapping file is a JSON object');
    return { mapping: { sources, objects, removed, conditions, tables }, problems };
  }
  if (form !== undefined) {
    for (const { line, column, key } of jsonTrouble(text))
      say(`line ${line} column ${column}`, `${key} is there twice`);
    checkForm(form, root, say);
    if (problems.length > 0) return { mapping: { sources, objects, removed, conditions, tables }, problems };
  }
  // What comes with the package has the form, says its test.
  for (const [key, value] of Object.entries(root)) {
    if (key === 'sources') Object.assign(sources, value);
    else if (key === '$if') conditions = value as typeof conditions;
    else if (key === '$tables') tables = value as typeof tables;
    else if (key !== '$schema') readObject(key, value as Record<string, unknown> | null);
  }
  return { mapping: { sources, objects, removed, conditions, tables }, problems };

  function readObject(path: string, value: Readonly<Record<string, unknown>> | null): void {
    if (value === null) {
      removed.push(path);
      return;
    }
    const parameters: Record<string, ParameterText> = Object.create(null);
    const commands: Record<string, CommandText> = Object.create(null);
    const events: Record<string, EventText> = Object.create(null);
    const own: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      if (objectKeys.has(key)) own[key] = member;
      else if (key.endsWith('.')) readObject(path + key, member as Record<string, unknown> | null);
      else if (key.endsWith('()')) commands[key] = member as CommandText;
      else if (key.endsWith('!')) events[key] = member as EventText;
      else parameters[key] = member as ParameterText;
    }
    objects[path] = { ...own, parameters, commands, events };
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
