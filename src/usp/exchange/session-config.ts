import type { SessionSettings } from '../session/index.ts';
import { type Row, retryOf } from './config-row.ts';

/** `E2ESession.` of a controller's row. */
export function sessionOf(row: Row): SessionSettings {
  const mode = row.text('E2ESession.SessionMode');
  return {
    mode: mode === 'Require' || mode === 'Forbid' ? mode : 'Allow',
    expirationSeconds: row.number('E2ESession.SessionExpiration', 0),
    retry: retryOf(row, 'E2ESession.SessionRetryMinimumWaitInterval', 'E2ESession.SessionRetryIntervalMultiplier'),
    maxRecordBytes: row.number('E2ESession.MaxUSPRecordSize', 0),
    maxRetransmitTries: row.number('E2ESession.MaxRetransmitTries', 0),
    payloadSecurity: row.text('E2ESession.PayloadSecurity') === 'Plaintext' ? 'plaintext' : 'tls',
  };
}
