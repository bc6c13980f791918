import type { FaultKind, ModelFault } from '#model';

/** A refusal on CWMP's wire (TR-069 A.5.1). */
export interface CwmpFault {
  readonly code: number;
  readonly text: string;
  readonly parameters?: readonly { readonly name: string; readonly code: number; readonly text: string }[];
}

/** The one table from the model's refusals to CWMP's codes. */
const codes: Readonly<Record<FaultKind, number>> = {
  'path-syntax': 9005,
  'unsupported-path': 9005,
  'no-instance': 9005,
  'not-writable': 9008,
  'invalid-type': 9006,
  'invalid-value': 9007,
  'value-conflict': 9003,
  'duplicate-key': 9007,
  'not-a-table': 9005,
  'not-creatable': 9005,
  'not-deletable': 9005,
  'required-parameter': 9003,
  'not-a-command': 9005,
  'command-arguments': 9003,
  'command-failed': 9002,
  canceled: 9002,
  denied: 9001,
  resources: 9004,
  'apply-failed': 9002,
  busy: 9002,
  internal: 9002,
};

export function cwmpFault(fault: ModelFault): CwmpFault {
  return { code: codes[fault.kind], text: fault.path ? `${fault.path}: ${fault.message}` : fault.message };
}

export const methodNotSupported: CwmpFault = { code: 9000, text: 'Method not supported' };
export const invalidArguments = (text: string): CwmpFault => ({ code: 9003, text });
