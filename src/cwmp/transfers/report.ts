import { formatDateTime, unknownTime } from '#base';
import type { CwmpNamespace } from '../codec/names.ts';
import { array, message } from '../codec/write-envelope.ts';
import type { XmlWriter } from '../codec/write-xml.ts';
import type { InformEvent } from '../inform.ts';
import type { ListedTransfer, Transfer } from './transfer.ts';

export interface TransferOutcome {
  /** 0: it went well. */
  readonly code: number;
  readonly text: string;
  /** Wall clock, milliseconds since 1970; `undefined`: it did not come to that. */
  readonly startMs: number | undefined;
  readonly completeMs: number | undefined;
}

/** What became of one operation of ChangeDUState (TR-069 A.4.1.10, OpResultStruct). */
export interface UnitOutcome {
  readonly uuid: string;
  readonly unit: string;
  readonly version: string;
  readonly state: 'Installed' | 'Uninstalled' | 'Failed';
  readonly resolved: boolean;
  readonly executionUnits: string;
  readonly outcome: TransferOutcome;
}

/** A change of a software module that the ACS has not ordered. */
export type AutonomousUnit = UnitOutcome & { readonly operation: string };

export interface AutonomousTransfer {
  readonly announceUrl: string;
  readonly transferUrl: string;
  readonly isDownload: boolean;
  readonly fileType: string;
  readonly fileSize: number;
  readonly targetFileName: string;
}

/** Something that has come to pass and that the ACS is owed word of, in a message of its own. */
export type Report =
  | {
      readonly method: 'TransferComplete';
      readonly id: string;
      readonly by: Transfer['method'];
      readonly transfer: Omit<ListedTransfer, 'state'>;
      readonly outcome: TransferOutcome;
    }
  | {
      readonly method: 'AutonomousTransferComplete';
      readonly id: string;
      readonly transfer: AutonomousTransfer;
      readonly outcome: TransferOutcome;
    }
  | {
      readonly method: 'DUStateChangeComplete';
      readonly id: string;
      readonly commandKey: string;
      readonly results: readonly UnitOutcome[];
    }
  | {
      readonly method: 'AutonomousDUStateChangeComplete';
      readonly id: string;
      readonly results: readonly AutonomousUnit[];
    }
  | {
      readonly method: 'RequestDownload';
      readonly id: string;
      readonly fileType: string;
      readonly args: readonly { readonly name: string; readonly value: string }[];
    }
  | {
      readonly method: 'Kicked';
      readonly id: string;
      readonly command: string;
      readonly referer: string;
      readonly arg: string;
      readonly next: string;
    };

/** TR-069 table 8: never lost, over any number of reboots. */
export const isDurable = ({ method }: Report): boolean => method !== 'RequestDownload' && method !== 'Kicked';

/** Which an ACS need not know (TR-069 A.4.2 and what later versions have added): not sent to one that does not list it. */
export const isOptional = ({ method }: Report): boolean =>
  method !== 'TransferComplete' && method !== 'DUStateChangeComplete';

/** The events of the Inform that announces it. */
export function eventsOf(report: Report): InformEvent[] {
  switch (report.method) {
    case 'TransferComplete':
      return [
        { code: '7 TRANSFER COMPLETE', commandKey: '' },
        { code: `M ${report.by}`, commandKey: report.transfer.commandKey },
      ];
    case 'AutonomousTransferComplete':
      return [{ code: '10 AUTONOMOUS TRANSFER COMPLETE', commandKey: '' }];
    case 'DUStateChangeComplete':
      return [
        { code: '11 DU STATE CHANGE COMPLETE', commandKey: '' },
        { code: 'M ChangeDUState', commandKey: report.commandKey },
      ];
    case 'AutonomousDUStateChangeComplete':
      return [{ code: '12 AUTONOMOUS DU STATE CHANGE COMPLETE', commandKey: '' }];
    case 'RequestDownload':
      return [{ code: '9 REQUEST DOWNLOAD', commandKey: '' }];
    case 'Kicked':
      return [{ code: '5 KICKED', commandKey: '' }];
  }
}

/** @param namespace CWMP 1.0 knows fewer faults of transfers than the later ones */
export function writeReport(writer: XmlWriter, report: Report, namespace: CwmpNamespace): void {
  message(writer, report.method, () => {
    switch (report.method) {
      case 'TransferComplete':
        writer.leaf('CommandKey', report.transfer.commandKey);
        writeOutcome(writer, report.outcome, namespace);
        break;
      case 'AutonomousTransferComplete': {
        const { announceUrl, transferUrl, isDownload, fileType, fileSize, targetFileName } = report.transfer;
        writer.leaf('AnnounceURL', announceUrl).leaf('TransferURL', transferUrl);
        writer.leaf('IsDownload', isDownload ? '1' : '0').leaf('FileType', fileType);
        writer.leaf('FileSize', fileSize).leaf('TargetFileName', targetFileName);
        writeOutcome(writer, report.outcome, namespace);
        break;
      }
      case 'DUStateChangeComplete':
        for (const result of report.results) writeUnit(writer, result);
        writer.leaf('CommandKey', report.commandKey);
        break;
      case 'AutonomousDUStateChangeComplete':
        for (const result of report.results) writeUnit(writer, result, result.operation);
        break;
      case 'RequestDownload':
        writer.leaf('FileType', report.fileType);
        array(writer, 'FileTypeArg', 'cwmp:ArgStruct', report.args.length, () => {
          for (const { name, value } of report.args) {
            writer.raw('<ArgStruct>').leaf('Name', name).leaf('Value', value).raw('</ArgStruct>');
          }
        });
        break;
      case 'Kicked':
        writer.leaf('Command', report.command).leaf('Referer', report.referer);
        writer.leaf('Arg', report.arg).leaf('Next', report.next);
        break;
    }
  });
}

const time = (ms: number | undefined): string => (ms === undefined ? unknownTime : formatDateTime(ms));

/** Added to the general 9010 by CWMP 1.1. */
const laterFaults = new Set([9014, 9015, 9016, 9017, 9018, 9019, 9020]);

function writeOutcome(writer: XmlWriter, outcome: TransferOutcome, namespace: CwmpNamespace): void {
  const { text, startMs, completeMs } = outcome;
  const first = namespace === 'urn:dslforum-org:cwmp-1-0';
  const code = first && laterFaults.has(outcome.code) ? 9010 : outcome.code;
  writer.raw('<FaultStruct>').leaf('FaultCode', code).leaf('FaultString', text).raw('</FaultStruct>');
  writer.leaf('StartTime', time(startMs)).leaf('CompleteTime', time(completeMs));
}

function writeUnit(writer: XmlWriter, unit: UnitOutcome, operation?: string): void {
  const { code, text, startMs, completeMs } = unit.outcome;
  writer.raw('<Results>').leaf('UUID', unit.uuid).leaf('DeploymentUnitRef', unit.unit);
  writer
    .leaf('Version', unit.version)
    .leaf('CurrentState', unit.state)
    .leaf('Resolved', unit.resolved ? '1' : '0');
  writer.leaf('ExecutionUnitRefList', unit.executionUnits);
  writer.leaf('StartTime', time(startMs)).leaf('CompleteTime', time(completeMs));
  writer.raw('<Fault>').leaf('FaultCode', code).leaf('FaultString', text).raw('</Fault>');
  if (operation !== undefined) writer.leaf('OperationPerformed', operation);
  writer.raw('</Results>');
}
