import type { WriteOutcome, WriteRefused } from '#model';
import type { ErrorBody, OperationFailure, ParameterError } from '../codec/types.ts';
import { errorBody, failureOf, parameterFailureOf } from '../errors.ts';

/** The object instances at fault, each with its parameters at fault: none, where the fault is the object's own (R-SET.2a). */
export function byObject(refused: WriteRefused): { affectedPath: string; paramErrs: ParameterError[] }[] {
  const objects = new Map<string, ParameterError[]>();
  for (const { path, fault } of refused.refusals) {
    const dot = path.lastIndexOf('.') + 1;
    const errors = objects.get(path.slice(0, dot)) ?? [];
    if (dot < path.length) errors.push({ param: path.slice(dot), ...parameterFailureOf(fault) });
    objects.set(path.slice(0, dot), errors);
  }
  return [...objects].map(([affectedPath, paramErrs]) => ({ affectedPath, paramErrs }));
}

/** Of an object that was not made or not changed: permission is what it lacks where that is all that its parameters lack (TP-469 2.23, 2.26). */
export function objectFailure({ fault, refusals }: WriteRefused): OperationFailure {
  const first = refusals[0]?.fault;
  const denied = fault.kind === 'required-parameter' && refusals.every((refusal) => refusal.fault.kind === 'denied');
  return failureOf(denied && first ? first : fault);
}

/**
 * Without allow_partial one failure refuses the whole message (R-SET.1, R-ADD.1): an Error message with every parameter at fault, or, where the fault is not one of
 * a parameter, every object (TP-469 1.4, 1.26). A failure that is the object's own, or that all have in common for want of permission, keeps its code.
 */
export function wholeRefused(outcomes: readonly WriteOutcome[]): ErrorBody {
  const paramErrs: ParamErr[] = [];
  let own: OperationFailure | undefined;
  for (const { requested, result } of outcomes) {
    if (result.ok) continue;
    const { fault, refusals } = result.fault;
    const parameters = refusals.filter(({ path }) => !path.endsWith('.'));
    for (const { path, fault: refusal } of parameters)
      paramErrs.push({ paramPath: path, ...parameterFailureOf(refusal) });
    if (parameters.length > 0) continue;
    own ??= failureOf(fault);
    // R-MSG.3: of what a search has found, the one at fault. A row that is not made has no path.
    const paramPath = (requested.op !== 'add' && refusals[0]?.path) || requested.path;
    paramErrs.push({ paramPath, ...failureOf(fault) });
  }
  if (own) return errorBody(own.errCode, own.errMsg, paramErrs);
  if (paramErrs.length === 0) return errorBody(7003, 'nothing was changed');
  const denied = paramErrs.every(({ errCode }) => errCode === 7006);
  return errorBody(denied ? 7006 : 7004, denied ? 'not permitted' : 'a parameter was refused', paramErrs);
}

type ParamErr = ErrorBody['paramErrs'][number];
