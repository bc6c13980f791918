import { ok, refused } from '#base';
import type { Write } from '#model';
import { parameterFailureOf } from '../errors.ts';
import { tooManyChanges } from './limits.ts';
import { objectPath } from './object-path.ts';
import { byObject, objectFailure, wholeRefused } from './refusals.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The Set Message". */
export const set: Verb<'set', 'setResp'> = async (request, { model, view, origin, signal }) => {
  const tooMany = tooManyChanges(request.updateObjs.length);
  if (tooMany) return tooMany;
  const writes: Write[] = request.updateObjs.map(({ objPath, paramSettings }) => ({
    op: 'set',
    path: objectPath(objPath),
    parameters: paramSettings.map(({ param, value, required }) => ({ name: param, value, required })),
  }));
  const answer = await model.write(view, writes, { origin, partial: request.allowPartial, signal });
  if (!answer.committed && !request.allowPartial && writes.length > 0) return refused(wholeRefused(answer.outcomes));
  return ok({
    updatedObjResults: answer.outcomes.map(({ result }, index) => {
      const requestedPath = request.updateObjs[index]!.objPath;
      if (!result.ok) {
        const failure = { ...objectFailure(result.fault), updatedInstFailures: byObject(result.fault) };
        return { requestedPath, operStatus: { operFailure: failure } };
      }
      const updatedInstResults = result.value.map((object) => ({
        affectedPath: object.path,
        paramErrs: object.refusals.map(({ path, fault }) => ({
          param: path.slice(object.path.length),
          ...parameterFailureOf(fault),
        })),
        // R-SET.3
        updatedParams: Object.fromEntries(
          object.parameters
            .filter(({ name }) => view.access?.allows('Param', 'r', object.path + name) ?? true)
            .map(({ name, value }) => [name, value]),
        ),
      }));
      return { requestedPath, operStatus: { operSuccess: { updatedInstResults } } };
    }),
  });
};
