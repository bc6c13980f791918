import type { UspRecord } from '../codec/record.ts';

/** TR-369 "USP Record Errors". */
export const recordError = {
  unreadable: 7100,
  secureSessionRequired: 7101,
  secureSessionUnsupported: 7102,
  invalidValue: 7104,
  sessionTerminated: 7105,
  sessionNotAllowed: 7106,
} as const;

export interface RecordProblem {
  readonly code: number;
  readonly reason: string;
}

const types = [
  'noSessionContext',
  'sessionContext',
  'websocketConnect',
  'mqttConnect',
  'stompConnect',
  'udsConnect',
  'disconnect',
] as const;

/** What a record must be, whoever it is from (TR-369 "Record Definition", R-ENC.2, R-ENC.4, R-E2E.26, R-E2E.41). */
export function problemOf(record: UspRecord): RecordProblem | undefined {
  const invalid = (reason: string): RecordProblem => ({ code: recordError.invalidValue, reason });
  if (!/^[0-9]{1,4}\.[0-9]{1,4}$/.test(record.version)) return invalid('version is not Major.Minor');
  if (!types.some((type) => record[type] !== undefined)) return invalid('no record type');
  if (record.payloadSecurity !== 0 && record.payloadSecurity !== 1) return invalid('payload_security is unknown');
  const { noSessionContext, sessionContext } = record;
  if (noSessionContext) {
    if (record.payloadSecurity !== 0) return invalid('TLS needs a session context');
    if (noSessionContext.payload.length === 0) return invalid('no payload');
  }
  if (sessionContext) {
    const { sessionId, sequenceId, expectedId, payloadSarState, payloadrecSarState, payload } = sessionContext;
    if (sessionId === 0n) return invalid('session_id is missing');
    if (sequenceId === 0n) return invalid('sequence_id is missing');
    if (expectedId === 0n) return invalid('expected_id is missing');
    for (const state of [payloadSarState, payloadrecSarState]) {
      if (state < 0 || state > 3) return invalid('a SAR state is unknown');
    }
    if (payload.length > payloadLimit) return invalid('too many payloads');
  }
  return undefined;
}

/** TLS records of a message of 5 MiB, with room to spare. */
const payloadLimit = 4096;

/** Newest version of the protocol, and what goes into our records for a peer that last spoke another. */
export const newestVersion = '1.4';
export function versionFor(heard: string): string | undefined {
  return /^1\.[0-4]$/.test(heard) ? heard : undefined;
}
