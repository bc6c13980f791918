import { explain, ok, refused } from '#base';
import type { BlobTable } from '#platform';
import type { CommandDeclaration, CommandResult, Origin } from '../api.ts';
import type { Handlers } from '../handlers/index.ts';
import type { CompiledCommand, CompiledEvent, CompiledObject } from '../mapping/compiled.ts';
import { memberOf } from '../mapping/expression.ts';
import type { SourcePorts } from '../mapping/sources.ts';
import type { Arguments } from '../schema/index.ts';
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
    try {
      if (rule.script) {
        const input = JSON.stringify({ path: path + definition.name, args });
        return ok(outputOf(command, await scripts.run(rule.script, timeoutMs, signal, [], input)));
      }
      const { evaluator, nodes } = await tools.rowsOf(object.path);
      const node = nodes.find((candidate) => candidate.path === path);
      if (node && rule.handler) {
        await tools.handlers[rule.handler](node.identity);
        return ok(outputOf(command, {}));
      }
      const call = node && callOf(command, args, (name) => evaluator.mapped.variable(node, name));
      if (!call) return refused({ kind: 'command-failed', message: 'the device does not have what it is about', path });
      return ok(outputOf(command, await bus.invoke(...call, { timeoutMs, signal })));
    } catch (error) {
      log.warn('a command failed', { command: path + definition.name, error });
      return refused({ kind: 'command-failed', message: explain(error), path, cause: error });
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
function outputOf({ definition, rule }: CompiledCommand, answer: unknown): Record<string, string> {
  const found = Object.fromEntries(
    definition.output.parameters.flatMap(({ name }) => {
      const value = memberOf(answer, name);
      return value === undefined || value === null || typeof value === 'object' ? [] : [[name, String(value)]];
    }),
  );
  return { ...found, ...rule.returns };
}

/** Tells an event of the bus as one of the data model, for each row that it is about. */
function mappedEvent(object: CompiledObject, { definition, rule }: CompiledEvent, tools: ActionTools): Disposable {
  const tell = async (data: unknown): Promise<void> => {
    const { nodes } = await tools.rowsOf(object.path);
    const about = rule.row === undefined ? undefined : String(memberOf(data, rule.row) ?? '');
    const args = Object.fromEntries(
      definition.args.parameters.flatMap(({ name }) => {
        const steps = (rule.from?.[name] ?? name).split('/');
        const value = steps.reduce(memberOf, data);
        return value === undefined || value === null || typeof value === 'object' ? [] : [[name, String(value)]];
      }),
    );
    for (const node of nodes) {
      if (about === undefined || node.identity === about) tools.raise(node.path + definition.name, args, device);
    }
  };
  return tools.ports.bus.listen(rule.on, (_, data) => {
    tell(data).catch((error) => tools.ports.log.error('an event was lost', { event: rule.on, error }));
  });
}
