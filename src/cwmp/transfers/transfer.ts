import type { FileUse } from './port.ts';

/** WindowMode of TR-069 A.4.1.8; Download and Upload are `2 Immediately`. */
export type WindowMode = '1 At Any Time' | '2 Immediately' | '3 When Idle' | '4 Confirmation Needed';

/** When a transfer may be tried; wall clock, milliseconds since 1970. */
export interface TransferWindow {
  /** Not before this, which lies within the window. */
  readonly beginMs: number;
  readonly endMs: number;
  readonly mode: WindowMode;
  /** Further tries after the first; -1: as many as we think fit. */
  readonly maxRetries: number;
  /** Whether it has to be over when the window closes, or only begun. */
  readonly hard: boolean;
}

/** Ordered by the ACS and not done yet, as it is kept on flash. */
export interface Transfer {
  readonly id: string;
  readonly method: 'Download' | 'ScheduleDownload' | 'Upload';
  readonly commandKey: string;
  /** As the ACS wrote it. */
  readonly fileType: string;
  readonly use: FileUse;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Bytes; 0: not known. */
  readonly fileSize: number;
  readonly targetFileName: string;
  /** In order. */
  readonly windows: readonly TransferWindow[];
  /** `4 Confirmation Needed`: somebody at the device has said yes. */
  readonly confirmed: boolean;
}

/** TR-069 A.4.1.1: not yet started, in progress, completed and about to be reported. */
export type TransferState = 1 | 2 | 3;

export interface ListedTransfer {
  readonly commandKey: string;
  readonly state: TransferState;
  readonly isDownload: boolean;
  readonly fileType: string;
  readonly fileSize: number;
  readonly targetFileName: string;
}

/** Of the XSD's TransferList. */
export const transferLimit = 16;

export const directionOf = (method: Transfer['method']): 'download' | 'upload' =>
  method === 'Upload' ? 'upload' : 'download';
