import { explain, type Log, ok, refused } from '#base';
import type { BlobTable } from '#platform';
import type { CommandDeclaration, CommandResult, Origin } from '../api.ts';
import type { Handlers } from '../handlers/index.ts';
import type { CompiledCommand, CompiledEvent, CompiledObject } from '../mapping/compiled.ts';
import { memberOf } from '../mapping/expression.ts';
import type { SourcePorts } from '../mapping/sources.ts';
import type { Arguments } from '../schema/index.ts';
import { checkValue } from '../validate/index.ts';
import type { Evaluator } from './evaluate.ts';
import type { Node } from './node.ts';
import type { Tree } from './tree.ts';

/** What commands and events of mapping files need of the data model. */
export interface ActionTools {
  readonly ports: SourcePorts;
  readonly handlers: Handlers;
  /** All rows of an object as they are now, with what evaluates their variables. */
  rowsOf(schemaPath: string): Promise<{ readonly evaluator: Evaluator; readonly nodes: readonly Node[] }>;
  raise(path: string, args: Readonly<Record<string, string>>, origin: Origin): void;
}

/** Binds the commands and events of all mapping files. */
export function declareActions(mapped: readonly CompiledObject[], tree: Tree, tools: ActionTools): Disposable {
  const listening: Disposable[] = [];
  for (const object of mapped) {
    if (!object.acts) continue;
    const commands = [...object.commands].map(
      ([name, command]) => [name, mappedCommand(object, command, tools)] as const,
    );
    tree.declare({
      path: object.path,
      commands: Object.fromEntries(commands),
      events: [...object.events.keys()],
    });
    for (const event of object.events.values()) listening.push(mappedEvent(object, event, tools));
  }
  return {
    [Symbol.dispose]() {
      for (const each of listening) each[Symbol.dispose]();
    },
  };
}

const defaultTimeoutSeconds = 30;
const device: Origin = { by: 'device', peer: '' };

/** A command that a mapping file describes: one ubus call, or one run of a script. */
function mappedCommand(object: CompiledObject, command: CompiledCommand, tools: ActionTools): CommandDeclaration {
  const { definition, rule } = command;
  const run = async (
    args: Readonly<Record<string, string>>,
    path: string,
    signal: AbortSignal,
  ): Promise<CommandResult> => {
    const { bus, scripts, log } = tools.ports;
    const timeoutMs = (rule.timeout ?? defaultTimeoutSeconds) * 1000;
    const named = path + definition.name;
    try {
      const { evaluator, nodes } = await tools.rowsOf(object.path);
      const node = nodes.find((candidate) => candidate.path === path);
      if (node && rule.script) {
        // A script can not know which row has which number.
        const id = object.path.endsWith('{i}.') ? evaluator.mapped.variable(node, 'id') : undefined;
        const input = JSON.stringify({ path: named, id, args });
        return ok(outputOf(command, await scripts.run(rule.script, timeoutMs, signal, [], input), log));
      }
      if (node && rule.handler) {
        await tools.handlers[rule.handler](node.identity);
        return ok(outputOf(command, {}, log));
      }
      const call = node && callOf(command, args, (name) => evaluator.mapped.variable(node, name));
      if (!call)
        return refused({ kind: 'command-failed', message: 'the device does not have what it is about', path: named });
      return ok(outputOf(command, await bus.invoke(...call, { timeoutMs, signal }), log));
    } catch (error) {
      log.warn('a command failed', { command: named, error });
      return refused({ kind: 'command-failed', message: explain(error), path: named, cause: error });
    }
  };
  return { run: (args, { row, signal }) => run(args, row.path, signal) };
}

/** @returns `undefined` where a variable of the object's name has no value that could be part of one */
function callOf(
  { definition, rule }: CompiledCommand,
  given: Readonly<Record<string, string>>,
  variable: (name: string) => unknown,
): [object: string, method: string, args: BlobTable] | undefined {
  let complete = true;
  const object = rule.ubus![0].replace(/\$(\w+)/g, (_, name: string) => {
    const value = String(variable(name) ?? '');
    complete &&= /^[\w.@:-]+$/.test(value);
    return value;
  });
  if (!complete) return undefined;
  const args: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(rule.args ?? {})) {
    if (typeof value !== 'string' || !value.startsWith('$')) args[name] = value;
    else if (value.startsWith('$in.')) {
      const argument = value.slice('$in.'.length);
      const text = given[argument];
      if (text !== undefined) args[name] = typed(text, definition.input, argument);
    } else {
      const found = variable(value.slice(1));
      if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') args[name] = found;
    }
  }
  return [object, rule.ubus![1], args];
}

function typed(text: string, { parameters }: Arguments, name: string): string | number | boolean {
  const base = parameters.find((parameter) => parameter.name === name)?.type.base;
  if (base === 'boolean') return text === 'true' || text === '1';
  if ((base === 'int' || base === 'unsignedInt') && /^-?[0-9]+$/.test(text)) return Number(text);
  return text;
}

/** Output arguments that the schema knows; everything else that the device says is dropped. */
function outputOf({ definition, rule }: CompiledCommand, answer: unknown, log: Log): Record<string, string> {
  return { ...saidOf(definition.output, (name) => memberOf(answer, name), definition.name, log), ...rule.returns };
}

/** The arguments that the device has a value for; one that is none of the argument's type is left out. */
function saidOf(
  { parameters }: Arguments,
  said: (name: string) => unknown,
  of: string,
  log: Log,
): Record<string, string> {
  return Object.fromEntries(
    parameters.flatMap((parameter) => {
      const { name } = parameter;
      const value = said(name);
      if (value === undefined || value === null || typeof value === 'object') return [];
      const checked = checkValue(parameter, String(value), { byPeer: false });
      if (checked.ok) return [[name, checked.value]];
      log.warn('an argument is not what it should be', { of, argument: name, reason: checked.fault.message });
      return [];
    }),
  );
}

/** Tells an event of the bus as one of the data model, for each row that it is about. */
function mappedEvent(object: CompiledObject, { definition, rule }: CompiledEvent, tools: ActionTools): Disposable {
  const tell = async (data: unknown): Promise<void> => {
    const { nodes } = await tools.rowsOf(object.path);
    const about = rule.row === undefined ? undefined : String(memberOf(data, rule.row) ?? '');
    const said = (name: string): unknown => (rule.from?.[name] ?? name).split('/').reduce(memberOf, data);
    const args = saidOf(definition.args, said, definition.name, tools.ports.log);
    for (const node of nodes) {
      if (about === undefined || node.identity === about) tools.raise(node.path + definition.name, args, device);
    }
  };
  return tools.ports.bus.listen(rule.on, (_, data) => {
    tell(data).catch((error) => tools.ports.log.error('an event was lost', { event: rule.on, error }));
  });
}
