import { checkValue } from '../validate/index.ts';
import type { CompiledObject } from './compiled.ts';
import type { MappingProblem } from './grammar.ts';

/** Constants, and values of tables, that the parameter can not have: nothing would tell until somebody reads it. */
export function impossibleValues(file: string, object: CompiledObject | undefined): MappingProblem[] {
  return [...(object?.parameters.values() ?? [])].flatMap(({ definition, rule }) => {
    const values = rule.is !== undefined ? [rule.is] : typeof rule.as === 'object' ? Object.values(rule.as) : [];
    return values.flatMap((value): MappingProblem[] => {
      const checked = checkValue(definition, value, { byPeer: false });
      const path = object!.path + definition.name;
      return checked.ok || value === '' ? [] : [{ file, path, reason: `'${value}': ${checked.fault.message}` }];
    });
  });
}
