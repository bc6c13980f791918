import type { BaseType } from '../api.ts';
import {
  isVendorObject,
  type VendorAction,
  type VendorAdditions,
  type VendorObjects,
  type VendorParameter,
  vendorName,
} from '../schema/extend.ts';
import type { ArgumentText, MappingProblem, ObjectText, ParameterText } from './grammar.ts';
import type { MergedObjects } from './merge.ts';

/**
 * Objects and parameters of vendors, which the schema does not have.
 * @param before those of the earlier files; @param touched paths that this file has given another meaning
 */
export function vendorObjects(
  file: string,
  before: VendorObjects,
  objects: MergedObjects,
  touched: ReadonlySet<string>,
): { objects: VendorObjects; problems: MappingProblem[] } {
  const found = new Map<string, VendorAdditions>(before);
  const problems: MappingProblem[] = [];
  for (const path of touched) {
    found.delete(path);
    const text = objects.get(path)?.text;
    if (!text) continue;
    const own = isVendorObject(path);
    if (text.keys && !own) problems.push({ file, path: `${path}keys`, reason: 'has its keys from the schema' });
    const keys = (text.keys ?? []).map((key) => [key].flat());
    for (const name of keys.flat()) {
      if (!text.parameters[name]) problems.push({ file, path: `${path}keys`, reason: `'${name}' is not mapped` });
    }
    const around = path.replace(/[^.]+\.(?:\{i\}\.)?$/, '');
    if (isVendorObject(around) && !objects.has(around))
      problems.push({ file, path, reason: `is in an object that nothing describes: '${around}'` });
    const parameters: VendorParameter[] = [];
    for (const [name, rule] of Object.entries(text.parameters)) {
      if (!vendorName.test(name) && !(own && name !== 'Alias')) continue;
      const parameter = vendorParameter(name, rule);
      if (typeof parameter === 'string') problems.push({ file, path: path + name, reason: parameter });
      else parameters.push(parameter);
    }
    const { commands, events } = vendorActions(text, own);
    if (own || parameters.length + commands.length + events.length > 0)
      found.set(path, { creatable: text.add !== undefined, keys, parameters, commands, events });
  }
  return { objects: found, problems };
}

function vendorParameter(name: string, rule: ParameterText): VendorParameter | string {
  if (rule === null || typeof rule === 'string') return 'is not in the schema and has to state its type';
  if (rule.type === undefined) return 'states as its type one of TR-106: string, int, boolean, …';
  const at = rule.at === undefined || Array.isArray(rule.at) ? undefined : rule.at;
  const isOption = typeof at === 'string' && /^[\w-]+$/.test(at);
  return {
    name,
    type: rule.type as BaseType,
    list: rule.list === true,
    secured: rule.secured === true,
    writable: rule.is === undefined && rule.write !== false && (isOption || typeof rule.write === 'string'),
  };
}

/** Commands and events that the schema does not have, by their names: a vendor's, and all of a vendor's own object. */
function vendorActions(text: ObjectText, own: boolean): Pick<VendorAdditions, 'commands' | 'events'> {
  const isNew = (name: string): boolean => own || vendorName.test(name.replace(/(\(\)|!)$/, ''));
  const argumentsOf = (texts: Readonly<Record<string, ArgumentText>> = {}): VendorAction['input'] =>
    Object.entries(texts).map(([argument, { type, mandatory }]) => {
      return { name: argument, type: type as BaseType, mandatory: mandatory === true };
    });
  return {
    commands: Object.entries(text.commands).flatMap(([name, rule]) => {
      if (!rule || !isNew(name)) return [];
      const input = argumentsOf(rule.input);
      return [{ name, async: rule.async === true, input, output: argumentsOf(rule.output) }];
    }),
    events: Object.entries(text.events).flatMap(([name, rule]) =>
      rule && isNew(name) ? [{ name, async: false, input: argumentsOf(rule.args), output: [] }] : [],
    ),
  };
}
