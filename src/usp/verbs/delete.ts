import { ok, refused } from '#base';
import type { Write, WriteAnswer } from '#model';
import { failureOf } from '../errors.ts';
import { tooManyChanges } from './limits.ts';
import { objectPath } from './object-path.ts';
import { wholeRefused } from './refusals.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The Delete Message". A row that is not there is a success with nothing affected, allow_partial or not (R-DEL.2a, TP-469 1.25). */
export const deleteObjects: Verb<'delete', 'deleteResp'> = async (request, { model, view, origin, signal }) => {
  const tooMany = tooManyChanges(request.objPaths.length);
  if (tooMany) return tooMany;
  const paths = request.objPaths.map(objectPath);
  const attempt = (wanted: readonly string[]): Promise<WriteAnswer> => {
    const writes = wanted.map((path): Write => ({ op: 'delete', path }));
    return model.write(view, writes, { origin, partial: request.allowPartial, signal });
  };
  let answer = await attempt(paths);
  const absent = new Set(
    answer.outcomes.flatMap(({ requested, result }) => (isAbsent(result) ? [requested.path] : [])),
  );
  if (!answer.committed && !request.allowPartial && absent.size > 0 && absent.size < paths.length) {
    answer = await attempt(paths.filter((path) => !absent.has(path)));
  }
  const failed = answer.outcomes.filter(({ result }) => !result.ok && !isAbsent(result));
  if (!answer.committed && !request.allowPartial && failed.length > 0) return refused(wholeRefused(failed));
  const outcomes = new Map(answer.outcomes.map(({ requested, result }) => [requested.path, result]));
  return ok({
    deletedObjResults: request.objPaths.map((requestedPath, index) => {
      const result = outcomes.get(paths[index]!);
      if (result && !result.ok && !isAbsent(result)) {
        return { requestedPath, operStatus: { operFailure: failureOf(result.fault.fault) } };
      }
      // R-DEL.2
      const readable = (path: string): boolean => view.access?.allows('Obj', 'r', path) ?? true;
      const affectedPaths = result?.ok ? result.value.map(({ path }) => path).filter(readable) : [];
      return { requestedPath, operStatus: { operSuccess: { affectedPaths, unaffectedPathErrs: [] } } };
    }),
  });
};

const isAbsent = (result: WriteAnswer['outcomes'][number]['result']): boolean =>
  !result.ok && result.fault.fault.kind === 'no-instance';
