import { ok, refused } from '#base';
import { childText } from '../codec/element.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { hasWildcard } from '../instance-names.ts';
import { acsView, parameterKeyLimit, statusOf, type Verb } from './verb.ts';

/** TR-069 A.3.2.7. */
export const deleteObject: Verb = async (request, { model, acs, attributes, storeParameterKey, signal }) => {
  const path = childText(request, 'ObjectName') ?? '';
  const key = childText(request, 'ParameterKey') ?? '';
  if (!path.endsWith('.')) return refused(invalidArguments('ObjectName ends with a dot'));
  if (hasWildcard(path)) return refused({ code: 9005, text: 'one row is deleted at a time' });
  if (key.length > parameterKeyLimit) return refused(invalidArguments('ParameterKey is too long'));
  const origin = { by: 'cwmp', peer: acs } as const;
  const answer = await model.write(acsView, [{ op: 'delete', path }], { origin, partial: false, signal });
  const result = answer.outcomes[0]!.result;
  if (!result.ok) return refused(cwmpFault(result.fault.fault));
  for (const row of result.value) await attributes.forget(row.path);
  await storeParameterKey(key);
  return ok((writer) => writer.leaf('Status', statusOf(answer)));
};
