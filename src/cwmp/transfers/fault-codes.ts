import type { CwmpFault } from '../faults.ts';
import type { FileFault } from './port.ts';

type Codes = Readonly<Record<FileFault['kind'], number>>;

/** What TransferComplete may carry (TR-069 A.5.1; TransferCompleteCPEFaultCodeType of the XSD). */
const downloadCodes: Codes = {
  'unsupported-protocol': 9010,
  contact: 9015,
  authentication: 9012,
  access: 9016,
  incomplete: 9017,
  corrupted: 9018,
  space: 9010,
  'unsupported-type': 9010,
  cancelled: 9010,
  failed: 9010,
};
const uploadCodes: Codes = {
  ...downloadCodes,
  'unsupported-protocol': 9011,
  access: 9011,
  incomplete: 9011,
  corrupted: 9011,
  space: 9011,
  'unsupported-type': 9011,
  cancelled: 9011,
  failed: 9011,
};

export const windowMissed = 9020;
/** FaultString of the XSD. */
const textLimit = 256;

export type Direction = 'download' | 'upload';

export function resultFault(direction: Direction, { kind, message }: FileFault): { code: number; text: string } {
  return { code: (direction === 'download' ? downloadCodes : uploadCodes)[kind], text: message.slice(0, textLimit) };
}

/** A transfer that is refused at once. */
export function requestFault(direction: Direction, fault: FileFault): CwmpFault {
  return fault.kind === 'unsupported-protocol' ? { code: 9013, text: fault.message } : resultFault(direction, fault);
}
