import type { ModelFault } from '../api.ts';
import type { ParameterDefinition } from '../schema/index.ts';
import { checkValue } from '../validate/index.ts';

/** What is wrong with a command's arguments. Unknown ones are ignored. Nested ones are never missing by themselves. */
export function checkArguments(
  definitions: readonly ParameterDefinition[],
  args: Readonly<Record<string, string>>,
): ModelFault | undefined {
  for (const definition of definitions) {
    const given = Object.hasOwn(args, definition.name) ? args[definition.name] : undefined;
    if (given === undefined) {
      if (definition.mandatory && !definition.name.includes('.')) {
        return { kind: 'command-arguments', message: `${definition.name} is missing` };
      }
      continue;
    }
    const checked = checkValue(definition, given);
    if (!checked.ok) return { kind: 'command-arguments', message: `${definition.name}: ${checked.fault.message}` };
  }
  return undefined;
}
