import type { FaultKind, ModelFault } from '#model';
import type { ErrorBody, OperationFailure } from './codec/types.ts';

/** The one table from the model's refusals to USP's codes (TR-369 "Error Codes"). */
const codes: Readonly<Record<FaultKind, number>> = {
  'path-syntax': 7008,
  'unsupported-path': 7026,
  'no-instance': 7016,
  'not-writable': 7013,
  'invalid-type': 7011,
  'invalid-value': 7012,
  'value-conflict': 7014,
  'duplicate-key': 7025,
  'not-a-table': 7018,
  'not-creatable': 7019,
  'not-deletable': 7024,
  'required-parameter': 7021,
  'not-a-command': 7022,
  'command-arguments': 7027,
  'command-failed': 7022,
  canceled: 7023,
  denied: 7006,
  resources: 7005,
  'apply-failed': 7009,
  busy: 7002,
  internal: 7003,
};

export function failureOf(fault: ModelFault): OperationFailure {
  return { errCode: codes[fault.kind], errMsg: fault.message };
}

/** Of one parameter: a name that is unknown has a code of its own. */
export function parameterFailureOf(fault: ModelFault): OperationFailure {
  return { errCode: fault.kind === 'unsupported-path' ? 7010 : codes[fault.kind], errMsg: fault.message };
}

export function errorBody(errCode: number, errMsg: string, paramErrs: ErrorBody['paramErrs'] = []): ErrorBody {
  return { errCode, errMsg, paramErrs };
}

/** A whole request refused: an Error message instead of a response. */
export const notSupported = errorBody(7001, 'Message not supported');
export const internalError = errorBody(7003, 'Internal error');
