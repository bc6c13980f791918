import { type Clock, ok, type Result, refused } from '#base';
import type { Element } from '../codec/element.ts';
import { child } from '../codec/element.ts';
import { type CwmpFault, invalidArguments } from '../faults.ts';
import { transferArguments } from './arguments.ts';
import { requestFault } from './fault-codes.ts';
import { downloadType, type FileType, uploadType } from './file-type.ts';
import type { FileEngine } from './port.ts';
import type { TransferQueue } from './queue.ts';
import { directionOf, type Transfer } from './transfer.ts';
import { delayWindow, readWindows } from './windows.ts';

export interface TransferDeskParts {
  readonly queue: TransferQueue;
  readonly engine: FileEngine;
  readonly clock: Clock;
  readonly random: () => number;
  readonly uniqueId: () => string;
  /** Whether a row of `Device.DeviceInfo.VendorConfigFile.` or `VendorLogFile.` is there. */
  readonly hasRow: (path: string) => Promise<boolean>;
}

/** Takes orders for transfers: what can not come to anything is refused at once, everything else is queued. */
export class TransferDesk {
  readonly #parts: TransferDeskParts;
  readonly queue: TransferQueue;

  constructor(parts: TransferDeskParts) {
    this.#parts = parts;
    this.queue = parts.queue;
  }

  async order(method: Transfer['method'], request: Element): Promise<Result<void, CwmpFault>> {
    const { engine, clock, random, uniqueId, queue } = this.#parts;
    const read = transferArguments(request);
    if (!read.ok) return read;
    const { delaySeconds, ...given } = read.value;
    const direction = directionOf(method);
    const type = direction === 'download' ? downloadType(given.fileType) : uploadType(given.fileType);
    if (!type) return refused(invalidArguments(`FileType '${given.fileType}' is not known`));
    if (!(await this.#exists(type))) return refused(invalidArguments(`${given.fileType}: there is no such instance`));
    const windows =
      method === 'ScheduleDownload'
        ? readWindows(child(request, 'TimeWindowList'), clock.now(), random)
        : ok([delayWindow(clock.now(), delaySeconds)]);
    if (!windows.ok) return windows;
    const problem = engine.problemOf(direction, type.use, given.url);
    if (problem) return refused(requestFault(direction, problem));
    if (given.fileSize > engine.freeBytes()) {
      return refused({ code: 9010, text: `there is no room for ${given.fileSize} bytes` });
    }
    return queue.add({
      id: uniqueId(),
      method,
      ...given,
      use: type.use,
      windows: windows.value,
      confirmed: false,
    });
  }

  async #exists({ use, instance }: FileType): Promise<boolean> {
    if (instance === undefined) return true;
    const table = use === 'log' ? 'VendorLogFile' : 'VendorConfigFile';
    return this.#parts.hasRow(`Device.DeviceInfo.${table}.${instance}.`);
  }
}
