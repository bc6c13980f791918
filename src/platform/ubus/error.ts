import { TandemError } from '#base';

/** Status codes of ubus (libubus, `enum ubus_msg_status`). */
export const ubusStatus = {
  ok: 0,
  invalidCommand: 1,
  invalidArgument: 2,
  methodNotFound: 3,
  notFound: 4,
  noData: 5,
  permissionDenied: 6,
  timeout: 7,
  notSupported: 8,
  unknownError: 9,
  connectionFailed: 10,
  noMemory: 11,
  parseError: 12,
  systemError: 13,
} as const;

const codeOfStatus = [
  'UBUS_OK',
  'UBUS_INVALID_COMMAND',
  'UBUS_INVALID_ARGUMENT',
  'UBUS_METHOD_NOT_FOUND',
  'UBUS_NOT_FOUND',
  'UBUS_NO_DATA',
  'UBUS_PERMISSION_DENIED',
  'UBUS_TIMEOUT',
  'UBUS_NOT_SUPPORTED',
  'UBUS_UNKNOWN_ERROR',
  'UBUS_DISCONNECTED',
  'UBUS_NO_MEMORY',
  'UBUS_PARSE_ERROR',
  'UBUS_SYSTEM_ERROR',
] as const;

/**
 * One code for each status, and two of our own: UBUS_OBJECT_GONE, the object went away while it worked on the call (status
 * 7, because the daemon says nothing and another client would run into its timeout), and UBUS_TOO_LARGE, a message beyond
 * 1 MiB that was not sent (status 2).
 */
export type UbusErrorCode = (typeof codeOfStatus)[number] | 'UBUS_OBJECT_GONE' | 'UBUS_TOO_LARGE';

/** A call or registration that failed, by an answer of the other side or without one. */
export class UbusError extends TandemError {
  declare readonly code: UbusErrorCode;
  /** Status code of ubus; a method that throws this error answers with it. */
  readonly status: number;

  constructor(status: number, message: string, options?: { cause?: unknown; code?: UbusErrorCode }) {
    super(options?.code ?? codeOfStatus[status] ?? 'UBUS_UNKNOWN_ERROR', message, options);
    this.status = status;
  }
}

/** An answer with a status other than 0. */
export class UbusRefusal extends UbusError {
  /** The daemon itself refused: the call never reached its object. */
  readonly fromDaemon: boolean;
  constructor(status: number, message: string, fromDaemon: boolean) {
    super(status, message);
    this.fromDaemon = fromDaemon;
  }
}
