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

/** Codes of a CommandFailure (TR-369 "Operate Message Error Codes", "CommandFailure Fields"). */
const ofCommands = new Set([7000, 7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008, 7016, 7022, 7023, 7026, 7027]);

/** Of a command: an argument that is refused is one of the message, and what else has no code there is the command's failure. */
export function commandFailureOf({ kind, message }: ModelFault): OperationFailure {
  const code = codes[kind];
  if (ofCommands.has(code)) return { errCode: code, errMsg: message };
  return { errCode: kind === 'invalid-value' || kind === 'invalid-type' ? 7004 : 7022, errMsg: message };
}

export function errorBody(errCode: number, errMsg: string, paramErrs: ErrorBody['paramErrs'] = []): ErrorBody {
  return { errCode, errMsg, paramErrs };
}

/** A whole request refused: an Error message instead of a response. */
export const notSupported = errorBody(7001, 'Message not supported');
export const internalError = errorBody(7003, 'Internal error');
