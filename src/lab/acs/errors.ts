import { TandemError } from '#base';

/** ACS_UNKNOWN_DEVICE, ACS_CONNECTION_REQUEST, ACS_SESSION_LOST, ACS_CLOSED, ACS_TEXT */
export class AcsError extends TandemError {}

/** ACS_VIOLATION: the CPE did what TR-069 does not allow; the text says what. */
export class AcsViolation extends TandemError {
  constructor(message: string) {
    super('ACS_VIOLATION', message);
  }
}
