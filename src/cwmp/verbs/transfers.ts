import { ok, refused, unknownTime } from '#base';
import { childText } from '../codec/element.ts';
import { array } from '../codec/write-envelope.ts';
import { invalidArguments } from '../faults.ts';
import type { TransferDesk } from '../transfers/desk.ts';
import type { UnitQueue } from '../transfers/unit-queue.ts';
import { commandKeyLimit, type Verb } from './verb.ts';

/** Download and Upload (TR-069 A.3.2.8, A.4.1.5): never done before the answer, so that Status is 1 and a TransferComplete follows. */
export const transfer =
  (desk: TransferDesk, method: 'Download' | 'Upload'): Verb =>
  async (request) => {
    const ordered = await desk.order(method, request);
    if (!ordered.ok) return ordered;
    return ok((writer) => writer.leaf('Status', 1).leaf('StartTime', unknownTime).leaf('CompleteTime', unknownTime));
  };

/** TR-069 A.4.1.8. */
export const scheduleDownload =
  (desk: TransferDesk): Verb =>
  async (request) => {
    const ordered = await desk.order('ScheduleDownload', request);
    return ordered.ok ? ok(() => {}) : ordered;
  };

/** TR-069 A.4.1.9. A key that nothing is queued under is nothing to complain of: it may just have been reported. */
export const cancelTransfer =
  ({ queue }: TransferDesk): Verb =>
  async (request) => {
    const key = childText(request, 'CommandKey');
    if (key === undefined || key.length > commandKeyLimit) return refused(invalidArguments('CommandKey is needed'));
    const cancelled = await queue.cancel(key);
    return cancelled.ok ? ok(() => {}) : cancelled;
  };

/** TR-069 A.4.1.1, deprecated by the one below. */
export const getQueuedTransfers =
  ({ queue }: TransferDesk): Verb =>
  async () => {
    const transfers = queue.list();
    return ok((writer) =>
      array(writer, 'TransferList', 'cwmp:QueuedTransferStruct', transfers.length, () => {
        for (const { commandKey, state } of transfers) {
          writer.raw('<QueuedTransferStruct>').leaf('CommandKey', commandKey).leaf('State', state);
          writer.raw('</QueuedTransferStruct>');
        }
      }),
    );
  };

/** TR-069 A.4.1.7. */
export const getAllQueuedTransfers =
  ({ queue }: TransferDesk): Verb =>
  async () => {
    const transfers = queue.list();
    return ok((writer) =>
      array(writer, 'TransferList', 'cwmp:AllQueuedTransferStruct', transfers.length, () => {
        for (const { commandKey, state, isDownload, fileType, fileSize, targetFileName } of transfers) {
          writer.raw('<AllQueuedTransferStruct>').leaf('CommandKey', commandKey).leaf('State', state);
          writer.leaf('IsDownload', isDownload ? '1' : '0').leaf('FileType', fileType);
          writer.leaf('FileSize', fileSize).leaf('TargetFileName', targetFileName);
          writer.raw('</AllQueuedTransferStruct>');
        }
      }),
    );
  };

/** TR-069 A.4.1.10: what came of it is told in a DUStateChangeComplete. */
export const changeDuState =
  (units: UnitQueue): Verb =>
  async (request) => {
    const ordered = await units.order(request);
    return ordered.ok ? ok(() => {}) : ordered;
  };
