import type { RetryPolicy } from '#base';

/** `Device.LocalAgent.Controller.{i}.E2ESession.` */
export interface SessionSettings {
  readonly mode: 'Require' | 'Allow' | 'Forbid';
  /** Without any record; 0: never. */
  readonly expirationSeconds: number;
  readonly retry: RetryPolicy;
  /** Of a whole record; 0: nothing is segmented. */
  readonly maxRecordBytes: number;
  /** -1: without end. */
  readonly maxRetransmitTries: number;
  /** Of sessions that we begin. */
  readonly payloadSecurity: 'plaintext' | 'tls';
}

/** Record field `payload_security`. */
export const payloadSecurity = { plaintext: 0, tls: 1 } as const;
export type PayloadSecurity = (typeof payloadSecurity)[keyof typeof payloadSecurity];
