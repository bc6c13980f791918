import { ok, refused } from '#base';
import type { Write } from '#model';
import { failureOf } from '../errors.ts';
import { wholeRefused } from './refusals.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The Delete Message". With allow_partial a row that is not there is a success with nothing affected (R-DEL.2a). */
export const deleteObjects: Verb<'delete', 'deleteResp'> = async (request, { model, view, controller, signal }) => {
  const writes: Write[] = request.objPaths.map((path) => ({ op: 'delete', path }));
  const origin = { by: 'usp', peer: controller } as const;
  const answer = await model.write(view, writes, { origin, partial: request.allowPartial, signal });
  if (!answer.committed && !request.allowPartial && writes.length > 0) return refused(wholeRefused(answer.outcomes));
  return ok({
    deletedObjResults: answer.outcomes.map(({ requested, result }) => {
      const success = (affectedPaths: readonly string[]) => ({
        requestedPath: requested.path,
        operStatus: { operSuccess: { affectedPaths, unaffectedPathErrs: [] } },
      });
      if (result.ok) return success(result.value.map(({ path }) => path));
      if (result.fault.fault.kind === 'no-instance') return success([]);
      return { requestedPath: requested.path, operStatus: { operFailure: failureOf(result.fault.fault) } };
    }),
  });
};
