import type { WriteOutcome, WriteRefused } from '#model';
import type { ErrorBody, ParameterError } from '../codec/types.ts';
import { errorBody, failureOf, parameterFailureOf } from '../errors.ts';

/** The parameters at fault, by object instance. */
export function byObject(refused: WriteRefused): { affectedPath: string; paramErrs: ParameterError[] }[] {
  const objects = new Map<string, ParameterError[]>();
  for (const { path, fault } of refused.refusals) {
    if (path.endsWith('.')) continue;
    const dot = path.lastIndexOf('.') + 1;
    const errors = objects.get(path.slice(0, dot)) ?? [];
    errors.push({ param: path.slice(dot), ...parameterFailureOf(fault) });
    objects.set(path.slice(0, dot), errors);
  }
  return [...objects].map(([affectedPath, paramErrs]) => ({ affectedPath, paramErrs }));
}

/**
 * Without allow_partial one failure refuses the whole message (R-SET.1, R-ADD.1): an Error message with every parameter at fault. A failure that is
 * the object's own keeps its code.
 */
export function wholeRefused(outcomes: readonly WriteOutcome[]): ErrorBody {
  const failed = outcomes.flatMap(({ result }) => (result.ok ? [] : [result.fault]));
  const paramErrs = failed.flatMap(({ refusals }) =>
    refusals
      .filter(({ path }) => !path.endsWith('.'))
      .map(({ path, fault }) => ({ paramPath: path, ...parameterFailureOf(fault) })),
  );
  if (paramErrs.length > 0) return errorBody(7004, 'a parameter was refused', paramErrs);
  const [first] = failed;
  if (!first) return errorBody(7003, 'nothing was changed');
  const { errCode, errMsg } = failureOf(first.fault);
  return errorBody(errCode, errMsg);
}
