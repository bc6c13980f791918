import type { ModelFault } from '../api.ts';
import type { ParameterDefinition } from '../schema/index.ts';
import { checkValue } from '../validate/index.ts';

/** What is wrong with a command's arguments. Unknown ones are ignored. Nested ones are never missing by themselves. */
export function checkArguments(
  definitions: readonly ParameterDefinition[],
  args: Readonly<Record<string, string>>,
): ModelFault | undefined {
  const missing = definitions.filter(
    ({ name, mandatory }) => mandatory && !name.includes('.') && !Object.hasOwn(args, name),
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    return { kind: 'command-arguments', message: `${names} ${missing.length === 1 ? 'is' : 'are'} missing` };
  }
  for (const definition of definitions) {
    const given = Object.hasOwn(args, definition.name) ? args[definition.name] : undefined;
    if (given === undefined) continue;
    const checked = checkValue(definition, given);
    if (!checked.ok) return { kind: 'command-arguments', message: `${definition.name}: ${checked.fault.message}` };
  }
  return undefined;
}
