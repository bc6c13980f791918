import type { Clock } from '#base';
import type { Files } from '#platform';
import { cpuLoad } from './cpu.ts';
import { processes } from './processes.ts';
import { sockets } from './sockets.ts';

/** What a mapping's source may name as `handler`: answers that no file or call of the device gives in a form that expressions can take apart. */
export const handlerNames = ['cpu', 'processes', 'sockets', 'memory'] as const;
export type HandlerName = (typeof handlerNames)[number];

export function createHandlers(files: Files, clock: Clock): Readonly<Record<HandlerName, () => unknown>> {
  return {
    cpu: cpuLoad(files, clock),
    processes: () => processes(files),
    sockets: () => sockets(files),
    memory: () => memory(files),
  };
}

/** Percentage of the memory that is in use, from `/proc/meminfo`. */
function memory(files: Files): Record<string, unknown> {
  const text = files.readText('/proc/meminfo') ?? '';
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+)`, 'm').exec(text)?.[1]);
  const used = 1 - kibibytes('MemAvailable') / kibibytes('MemTotal');
  return Number.isFinite(used) ? { used: Math.round(100 * used) } : {};
}
