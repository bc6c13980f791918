import { explain, ok, type Result, refused } from '#base';
import type { BlobValue, Bus } from '#platform';
import { type TransferFault, transferFault } from './fault.ts';

const severities = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'];
const facilities = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
];
const timeoutMs = 20_000;

/** What logd keeps, a line for each entry: `2026-11-21T01:45:00.123Z daemon.info text`. */
export async function readLog(bus: Bus): Promise<Result<string, TransferFault>> {
  try {
    const { log } = await bus.invoke('log', 'read', { lines: 0, stream: false, oneshot: true }, { timeoutMs });
    return ok(Array.isArray(log) ? log.map(lineOf).join('') : '');
  } catch (error) {
    return refused(transferFault('failed', `the log can not be read: ${explain(error)}`));
  }
}

function lineOf(entry: BlobValue): string {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return '';
  const { msg, time, priority } = entry as Readonly<Record<string, BlobValue>>;
  const code = typeof priority === 'number' ? priority : 0;
  const at = new Date(Number(time ?? 0));
  const when = Number.isNaN(at.getTime()) ? '-' : at.toISOString();
  const facility = facilities[code >> 3] ?? `local${(code >> 3) - 16}`;
  return `${when} ${facility}.${severities[code & 7]} ${String(msg ?? '').trimEnd()}\n`;
}
