import { ok, refused } from '#base';
import type { WriteAnswer, WriteOutcome } from '#model';
import type { DeleteResp } from '../codec/types.ts';
import { failureOf } from '../errors.ts';
import { tooManyChanges } from './limits.ts';
import { objectPath } from './object-path.ts';
import { wholeRefused } from './refusals.ts';
import type { Verb } from './verb.ts';

type Result = DeleteResp['deletedObjResults'][number];

/** TR-369 "The Delete Message". A row that is not there is a success with nothing affected, allow_partial or not (R-DEL.2a, TP-469 1.25). */
export const deleteObjects: Verb<'delete', 'deleteResp'> = async (request, { model, view, origin, signal }) => {
  const tooMany = tooManyChanges(request.objPaths.length);
  if (tooMany) return tooMany;
  const paths = request.objPaths.map(objectPath);
  const attempt = (wanted: readonly string[]): Promise<WriteAnswer> => {
    const writes = wanted.map((path) => ({ op: 'delete', path }) as const);
    return model.write(view, writes, { origin, partial: request.allowPartial, signal });
  };
  let answer = await attempt(paths);
  /** Those that are not there, where the others were tried again without them. */
  let absent: ReadonlySet<string> = new Set();
  const there = answer.outcomes.filter((outcome) => !isAbsent(outcome));
  if (!answer.committed && there.length > 0 && there.every(({ result }) => result.ok)) {
    absent = new Set(answer.outcomes.filter(isAbsent).map(({ requested }) => requested.path));
    answer = await attempt(paths.filter((path) => !absent.has(path)));
  }
  const failed = answer.outcomes.filter((outcome) => !outcome.result.ok && !isAbsent(outcome));
  if (!answer.committed && !request.allowPartial && failed.length > 0) return refused(wholeRefused(failed));
  const outcomes = answer.outcomes[Symbol.iterator]();
  // R-DEL.2, R-DEL.4
  const readable = (path: string): boolean => view.access?.allows('Obj', 'r', path) ?? true;
  const resultOf = (outcome: WriteOutcome | undefined): Result['operStatus'] => {
    if (!outcome || isAbsent(outcome)) return { operSuccess: { affectedPaths: [], unaffectedPathErrs: [] } };
    const { result, kept = [] } = outcome;
    if (!result.ok) return { operFailure: failureOf(result.fault.fault) };
    return {
      operSuccess: {
        affectedPaths: result.value.map(({ path }) => path).filter(readable),
        unaffectedPathErrs: kept
          .filter(({ path }) => readable(path))
          .map(({ path, fault }) => ({ unaffectedPath: path, ...failureOf(fault) })),
      },
    };
  };
  return ok({
    deletedObjResults: request.objPaths.map((requestedPath, index) => ({
      requestedPath,
      operStatus: resultOf(absent.has(paths[index]!) ? undefined : outcomes.next().value),
    })),
  });
};

const isAbsent = ({ result }: WriteOutcome): boolean => !result.ok && result.fault.fault.kind === 'no-instance';
