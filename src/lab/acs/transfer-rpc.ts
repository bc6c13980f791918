import { need, needNumber, textOf, type XmlElement } from './xml.ts';

export interface AcsWindow {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** `2 Immediately` */
  readonly mode: string;
  readonly maxRetries?: number;
}

export interface AcsUnitOperation {
  readonly operation: 'Install' | 'Update' | 'Uninstall';
  readonly url?: string;
  readonly uuid?: string;
}

interface FileOfTransfer {
  readonly fileType: string;
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly commandKey?: string;
}

/** TR-069 A.3.2.8 and A.4.1. */
export type TransferRpc =
  | (FileOfTransfer & {
      readonly rpc: 'Download';
      readonly fileSize?: number;
      readonly targetFileName?: string;
      readonly delaySeconds?: number;
    })
  | (FileOfTransfer & { readonly rpc: 'Upload'; readonly delaySeconds?: number })
  | (FileOfTransfer & {
      readonly rpc: 'ScheduleDownload';
      readonly fileSize?: number;
      readonly targetFileName?: string;
      readonly windows: readonly AcsWindow[];
    })
  | { readonly rpc: 'CancelTransfer'; readonly commandKey: string }
  | { readonly rpc: 'GetQueuedTransfers' | 'GetAllQueuedTransfers' }
  | { readonly rpc: 'ChangeDUState'; readonly operations: readonly AcsUnitOperation[]; readonly commandKey?: string };

export interface AcsTransfer {
  readonly commandKey: string;
  /** 1 not yet started, 2 in progress, 3 completed. */
  readonly state: number;
  readonly fileType: string;
}

type Leaf = (name: string, text: string) => string;
type List = (name: string, type: string, items: readonly string[]) => string;

export function writeTransferArguments(call: TransferRpc, leaf: Leaf, list: List): string {
  switch (call.rpc) {
    case 'GetQueuedTransfers':
    case 'GetAllQueuedTransfers':
      return '';
    case 'CancelTransfer':
      return leaf('CommandKey', call.commandKey);
    case 'ChangeDUState':
      return (
        call.operations
          .map(({ operation, url, uuid }) => {
            const given = (url === undefined ? '' : leaf('URL', url)) + (uuid === undefined ? '' : leaf('UUID', uuid));
            return `<Operations xsi:type="cwmp:${operation}OpStruct">${given}</Operations>`;
          })
          .join('') + leaf('CommandKey', call.commandKey ?? '')
      );
    default: {
      const file =
        leaf('CommandKey', call.commandKey ?? '') +
        leaf('FileType', call.fileType) +
        leaf('URL', call.url) +
        leaf('Username', call.username ?? '') +
        leaf('Password', call.password ?? '');
      if (call.rpc === 'Upload') return file + leaf('DelaySeconds', String(call.delaySeconds ?? 0));
      const target = leaf('FileSize', String(call.fileSize ?? 0)) + leaf('TargetFileName', call.targetFileName ?? '');
      if (call.rpc === 'Download') {
        const urls = leaf('SuccessURL', '') + leaf('FailureURL', '');
        return file + target + leaf('DelaySeconds', String(call.delaySeconds ?? 0)) + urls;
      }
      const windows = call.windows.map(
        ({ startSeconds, endSeconds, mode, maxRetries = 0 }) =>
          `<TimeWindowStruct>${leaf('WindowStart', String(startSeconds))}${leaf('WindowEnd', String(endSeconds))}${leaf('WindowMode', mode)}${leaf('UserMessage', '')}${leaf('MaxRetries', String(maxRetries))}</TimeWindowStruct>`,
      );
      return file + target + list('TimeWindowList', 'cwmp:TimeWindowStruct', windows);
    }
  }
}

/** @throws AcsViolation when something is missing */
export function readTransfers(response: XmlElement): AcsTransfer[] {
  return need(response, 'TransferList').children.map((entry) => ({
    commandKey: need(entry, 'CommandKey').text,
    state: needNumber(entry, 'State'),
    fileType: textOf(entry, 'FileType'),
  }));
}
