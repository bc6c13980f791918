import type { Files } from '#platform';

const states: Readonly<Record<string, string>> = {
  R: 'Running',
  S: 'Sleeping',
  T: 'Stopped',
  t: 'Stopped',
  I: 'Idle',
  D: 'Uninterruptible',
  Z: 'Zombie',
};
const processLimit = 512;
/** Linux counts time for user space in hundredths of a second (proc(5), `sysconf(_SC_CLK_TCK)`). */
const tickMs = 10;

/** The processes of the device by their number, from `/proc/<pid>/stat` and `cmdline` (proc(5)). */
export function processes(files: Files): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const numbers = files.list('/proc').filter((name) => /^[0-9]+$/.test(name));
  for (const pid of numbers.slice(0, processLimit)) {
    const stat = files.readText(`/proc/${pid}/stat`, 4096);
    // The name is in parentheses and may hold anything, parentheses too.
    const [, name, rest] = /^[0-9]+ \((.*)\) (.*)$/su.exec(stat?.trim() ?? '') ?? [];
    if (name === undefined) continue;
    const fields = rest!.split(' ');
    const command = (files.readText(`/proc/${pid}/cmdline`, 1024) ?? '').replaceAll('\0', ' ').trim();
    found[pid] = {
      command: Array.from(command || `[${name}]`)
        .slice(0, 256)
        .join(''),
      state: states[fields[0]!] ?? 'Sleeping',
      cpuTime: (Number(fields[11]) + Number(fields[12])) * tickMs,
      // TR-181: 0 is highest, 99 lowest; Linux's nice runs from -20 to 19.
      priority: Number(fields[16]) + 20,
      size: Math.floor(Number(fields[20]) / 1024),
    };
  }
  return found;
}
