import type { Arguments, ObjectDefinition, SchemaView } from '../schema/index.ts';
import type { CompiledCommand, CompiledEvent } from './compiled.ts';
import type { ObjectText } from './grammar.ts';

/** Commands and events of one object, checked against the schema (a vendor's own are part of it by now). */
export function compileActions(
  text: ObjectText,
  { path }: ObjectDefinition,
  views: readonly SchemaView[],
  say: (below: string, reason: string) => void,
): { commands: Map<string, CompiledCommand>; events: Map<string, CompiledEvent> } {
  const none = Object.keys(text.commands).length + Object.keys(text.events).length === 0;
  // The other view's object is decoded only for this.
  const definitions = none ? [] : views.flatMap((view) => view.object(path) ?? []);
  const commands = new Map<string, CompiledCommand>();
  for (const [name, rule] of Object.entries(text.commands)) {
    const definition = definitions.map((object) => object.command(name)).find((command) => command !== undefined);
    if (!rule || !definition) {
      if (rule) say(name, 'is not a command of the schema');
      continue;
    }
    if (rule.script !== undefined && rule.args !== undefined)
      say(name, 'a script gets all arguments on standard input');
    for (const value of Object.values(rule.args ?? {})) {
      const argument = typeof value === 'string' ? /^\$in\.(.+)$/.exec(value)?.[1] : undefined;
      if (argument !== undefined && !has(definition.input, argument)) say(name, `has no argument '${argument}'`);
    }
    for (const argument of Object.keys(rule.returns ?? {})) {
      if (!has(definition.output, argument)) say(name, `has no output argument '${argument}'`);
    }
    commands.set(name, { definition, rule });
  }
  const events = new Map<string, CompiledEvent>();
  for (const [name, rule] of Object.entries(text.events)) {
    const definition = definitions.map((object) => object.event(name)).find((event) => event !== undefined);
    if (!rule || !definition) {
      if (rule) say(name, 'is not an event of the schema');
      continue;
    }
    for (const argument of Object.keys(rule.from ?? {})) {
      if (!has(definition.args, argument)) say(name, `has no argument '${argument}'`);
    }
    events.set(name, { definition, rule });
  }
  return { commands, events };
}

function has(args: Arguments, name: string): boolean {
  return args.parameters.some((parameter) => parameter.name === name);
}
