import { ok, refused } from '#base';
import type { ObjectWritten, View, Write } from '#model';
import type { AddResp } from '../codec/types.ts';
import { parameterFailureOf } from '../errors.ts';
import { tooManyChanges } from './limits.ts';
import { objectPath, tablesOf } from './object-path.ts';
import { objectFailure, wholeRefused } from './refusals.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The Add Message". A search path that reaches several tables has one result for each row. */
export const add: Verb<'add', 'addResp'> = async (request, { model, view, origin, signal }) => {
  const writes: Write[] = [];
  /** What was asked for, write by write. */
  const asked: string[] = [];
  for (const { objPath, paramSettings } of request.createObjs) {
    if (tooManyChanges(writes.length)) break;
    const parameters = paramSettings.map(({ param, value, required }) => ({ name: param, value, required }));
    for (const path of await tablesOf(model, view, objectPath(objPath))) {
      writes.push({ op: 'add', path, parameters });
      asked.push(objPath);
    }
  }
  const tooMany = tooManyChanges(writes.length);
  if (tooMany) return tooMany;
  const answer = await model.write(view, writes, { origin, partial: request.allowPartial, signal });
  if (!answer.committed && !request.allowPartial && writes.length > 0) return refused(wholeRefused(answer.outcomes));
  return ok({
    createdObjResults: answer.outcomes.flatMap(({ result }, index): AddResp['createdObjResults'] => {
      const requestedPath = asked[index]!;
      if (!result.ok) return [{ requestedPath, operStatus: { operFailure: objectFailure(result.fault) } }];
      // R-MSG.4a
      if (result.value.length === 0) return [{ requestedPath, operStatus: { operSuccess: nothing } }];
      return result.value.map((object) => ({ requestedPath, operStatus: { operSuccess: created(object, view) } }));
    }),
  });
};

const nothing = { instantiatedPath: '', paramErrs: [], uniqueKeys: {} };

function created({ path: instantiatedPath, refusals, uniqueKeys }: ObjectWritten, { access }: View) {
  return {
    instantiatedPath,
    paramErrs: refusals.map(({ path, fault }) => ({
      param: path.slice(instantiatedPath.length),
      ...parameterFailureOf(fault),
    })),
    // R-ADD.6
    uniqueKeys: Object.fromEntries(
      Object.entries(uniqueKeys).filter(([name]) => access?.allows('Param', 'r', instantiatedPath + name) ?? true),
    ),
  };
}
