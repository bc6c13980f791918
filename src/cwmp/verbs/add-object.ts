import { ok, refused } from '#base';
import { childText } from '../codec/element.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { AliasResolver, hasWildcard } from '../instance-names.ts';
import { acsView, parameterKeyLimit, statusOf, type Verb } from './verb.ts';

/** TR-069 A.3.2.6. */
export const addObject: Verb = async (request, { model, acs, storeParameterKey, signal }) => {
  const path = childText(request, 'ObjectName') ?? '';
  const key = childText(request, 'ParameterKey') ?? '';
  if (!path.endsWith('.')) return refused(invalidArguments('ObjectName ends with a dot'));
  if (key.length > parameterKeyLimit) return refused(invalidArguments('ParameterKey is too long'));
  if (hasWildcard(path)) return refused({ code: 9005, text: 'one row is added at a time' });
  // `Table.[alias].` makes a row of this alias (Alias-based addressing).
  const named = /^(.*\.)\[([^\]]*)\]\.$/.exec(path);
  if (named && !('missing' in (await new AliasResolver(model).resolve(path)))) {
    return refused({ code: 9005, text: `${path} is there already` });
  }
  const origin = { by: 'cwmp', peer: acs } as const;
  const parameters = named ? [{ name: 'Alias', value: named[2]!, required: true }] : [];
  const write = { op: 'add', path: named?.[1] ?? path, parameters } as const;
  const answer = await model.write(acsView, [write], { origin, partial: false, signal });
  const result = answer.outcomes[0]!.result;
  if (!result.ok) return refused(cwmpFault(result.fault.fault));
  const row = result.value[0];
  if (!row) return refused({ code: 9005, text: `${path} is not there` });
  await storeParameterKey(key);
  const instance = Number(/([0-9]+)\.$/.exec(row.path)![1]);
  return ok((writer) => writer.leaf('InstanceNumber', instance).leaf('Status', statusOf(answer)));
};
