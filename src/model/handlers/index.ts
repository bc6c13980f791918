import type { Clock } from '#base';
import type { Files, Programs, Uci } from '#platform';
import { cpuLoad } from './cpu.ts';
import { ipv6Addresses } from './ipv6-addresses.ts';
import { umbimModems, uqmiModems } from './modems.ts';
import { processes } from './processes.ts';
import { sockets } from './sockets.ts';
import { temperatures } from './temperatures.ts';

/** What a mapping's source may name as `handler`: answers that no file or call of the device gives in a form that expressions can take apart. */
export const handlerNames = [
  'cpu',
  'processes',
  'sockets',
  'memory',
  'temperatures',
  'uqmi',
  'umbim',
  'ipv6-addresses',
] as const;
export type HandlerName = (typeof handlerNames)[number];
/**
 * A promise is waited for as an answer of the bus is.
 * @param row identity of the row that a command is about; a read is about all
 */
export type Handlers = Readonly<Record<HandlerName, (row?: string) => unknown>>;

export interface HandlerPorts {
  readonly files: Files;
  readonly uci: Uci;
  readonly clock: Clock;
  /** Absent: nothing is run, and what would be asked that way is not there. */
  readonly programs?: Programs;
}

export function createHandlers(ports: HandlerPorts): Handlers {
  const { files, clock, programs } = ports;
  const modems = programs && { ...ports, programs };
  return {
    cpu: cpuLoad(files, clock),
    processes: () => processes(files),
    sockets: () => sockets(files),
    memory: () => memory(files),
    'ipv6-addresses': () => ipv6Addresses(files),
    temperatures: temperatures(files, clock),
    uqmi: async () => (modems ? uqmiModems(modems) : {}),
    umbim: async () => (modems ? umbimModems(modems) : {}),
  };
}

/** Percentage of the memory that is in use, from `/proc/meminfo`. */
function memory(files: Files): Record<string, unknown> {
  const text = files.readText('/proc/meminfo') ?? '';
  const kibibytes = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+)`, 'm').exec(text)?.[1]);
  const used = 1 - kibibytes('MemAvailable') / kibibytes('MemTotal');
  return Number.isFinite(used) ? { used: Math.round(100 * used) } : {};
}
