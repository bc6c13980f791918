import { ok, type Result, refused } from '#base';
import { childText, type Element } from '../codec/element.ts';
import { type CwmpFault, invalidArguments } from '../faults.ts';
import { wholeNumber } from './arguments.ts';
import type { TransferWindow, WindowMode } from './transfer.ts';

const modes: readonly WindowMode[] = ['1 At Any Time', '2 Immediately', '3 When Idle', '4 Confirmation Needed'];
const windowLimit = 2;

/** TR-069 A.3.2.8: after the delay, and begun within an hour of it. */
export function delayWindow(nowMs: number, delaySeconds: number): TransferWindow {
  const beginMs = nowMs + delaySeconds * 1000;
  return { beginMs, endMs: beginMs + 3600_000, mode: '2 Immediately', maxRetries: -1, hard: false };
}

/**
 * TR-069 A.4.1.8, TimeWindowList: one window or two, in order and apart.
 * @param random where in its first half a window of `1 At Any Time` is begun, so that a fleet does not come all at once
 */
export function readWindows(
  list: Element | undefined,
  nowMs: number,
  random: () => number,
): Result<TransferWindow[], CwmpFault> {
  const entries = list?.children ?? [];
  if (entries.length === 0 || entries.length > windowLimit) {
    return refused(invalidArguments('TimeWindowList has one window or two'));
  }
  const windows: TransferWindow[] = [];
  for (const entry of entries) {
    const start = wholeNumber(childText(entry, 'WindowStart') ?? '');
    const end = wholeNumber(childText(entry, 'WindowEnd') ?? '');
    const mode = modes.find((known) => known === childText(entry, 'WindowMode'));
    const retries = childText(entry, 'MaxRetries') ?? '-1';
    if (start === undefined || end === undefined || start >= end) {
      return refused(invalidArguments('WindowStart lies before WindowEnd'));
    }
    if (!mode) return refused(invalidArguments('WindowMode is not known here'));
    if (!/^(-1|[0-9]{1,4})$/.test(retries)) return refused(invalidArguments('MaxRetries is -1 or a number of tries'));
    const startMs = nowMs + start * 1000;
    const endMs = nowMs + end * 1000;
    if (startMs < (windows.at(-1)?.endMs ?? 0)) return refused(invalidArguments('the windows overlap'));
    const beginMs = mode === '1 At Any Time' ? startMs + Math.floor((random() * (endMs - startMs)) / 2) : startMs;
    windows.push({ beginMs, endMs, mode, maxRetries: Number(retries), hard: true });
  }
  return ok(windows);
}
