import { handlerNames } from '../handlers/index.ts';
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

const sourceKinds = ['uci', 'ubus', 'file', 'script', 'value', 'handler'];
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
  for (const [key, value] of Object.entries(root)) {
    if (key === 'sources') {
      if (!isTable(value)) say('sources', 'is an object of sources');
      else for (const [name, source] of Object.entries(value)) readSource(name, source);
    } else if (key === '$if') {
      if (isTable(value)) conditions = value;
      else say('$if', 'is an object of conditions');
    } else if (key === '$tables') {
      if (Array.isArray(value) && value.every((name) => typeof name === 'string' && /^[a-z0-9]+$/.test(name))) {
        tables = value;
      } else say('$tables', 'is a list of tables of the schema');
    } else if (key.endsWith('.')) {
      readObject(key, value);
    } else if (key !== '$schema') {
      say(key, 'an object path ends in a dot');
    }
  }
  return { mapping: { sources, objects, removed, conditions, tables }, problems };

  function readSource(name: string, value: unknown): void {
    const kinds = isTable(value) ? sourceKinds.filter((kind) => value[kind] !== undefined) : [];
    const handler = isTable(value) ? value.handler : undefined;
    if (handler !== undefined && !(handlerNames as readonly unknown[]).includes(handler))
      say(`sources/${name}`, `'${handler}' is not a handler`);
    if (kinds.length === 1) sources[name] = value as unknown as SourceText;
    else say(`sources/${name}`, 'is one of uci, ubus, file, script, handler and value');
  }

  function readObject(path: string, value: unknown): void {
    if (value === null) {
      removed.push(path);
      return;
    }
    if (!isTable(value)) {
      say(path, 'is an object of parameters');
      return;
    }
    const parameters: Record<string, ParameterText> = Object.create(null);
    const commands: Record<string, CommandText> = Object.create(null);
    const events: Record<string, EventText> = Object.create(null);
    const own: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      if (objectKeys.has(key)) own[key] = member;
      else if (key.endsWith('.')) readObject(path + key, member);
      else if (/[)!]$/.test(key)) {
        if (member !== null && !isTable(member)) say(path + key, 'is an object');
        else if (key.endsWith('()')) commands[key] = member as CommandText;
        else events[key] = member as EventText;
      } else if (member === null || typeof member === 'string' || isTable(member))
        parameters[key] = member as ParameterText;
      else say(path + key, 'is an expression or a rule');
    }
    objects[path] = { ...own, parameters, commands, events };
  }
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
