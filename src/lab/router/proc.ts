import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface RunningProgram {
  readonly pid: number;
  readonly command: readonly string[];
}

/** What runs on every router beside procd's services: process 1, ubusd and threads of the kernel. */
const always: readonly RunningProgram[] = [
  { pid: 1, command: ['/sbin/procd'] },
  { pid: 2, command: [] },
  { pid: 12, command: [] },
  { pid: 417, command: ['/sbin/ubusd'] },
];
const threads: Readonly<Record<number, string>> = { 2: 'kthreadd', 12: 'ksoftirqd/0' };

/** `/proc/<pid>/stat` and `cmdline` (proc(5)) of what runs; what has ended goes. */
export function writeProcesses(root: string, running: readonly RunningProgram[]): void {
  const programs = [...always, ...running];
  const wanted = new Set(programs.map(({ pid }) => String(pid)));
  for (const name of readdirSync(join(root, 'proc'))) {
    if (/^[0-9]+$/.test(name) && !wanted.has(name)) rmSync(join(root, 'proc', name), { recursive: true, force: true });
  }
  for (const { pid, command } of programs) {
    const directory = join(root, 'proc', String(pid));
    if (existsSync(directory)) continue;
    mkdirSync(directory, { recursive: true });
    const name = threads[pid] ?? command[0]!.split('/').at(-1)!.slice(0, 15);
    const bytes = command.length === 0 ? 0 : (1500 + (pid % 700)) * 1024;
    // pid (name) state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime priority nice threads itrealvalue starttime vsize …
    const fields = [
      'S',
      pid === 1 ? 0 : 1,
      pid,
      pid,
      0,
      -1,
      4194560,
      240,
      0,
      0,
      0,
      30 + (pid % 40),
      12,
      0,
      0,
      20,
      0,
      1,
      0,
      300 + pid,
      bytes,
      400,
    ];
    writeFileSync(join(directory, 'stat'), `${pid} (${name}) ${fields.join(' ')}\n`);
    writeFileSync(join(directory, 'cmdline'), command.map((word) => `${word}\0`).join(''));
  }
}

/** Sockets of a stock router: SSH and the web server on all addresses, dnsmasq's on the LAN's. */
export function writeSockets(root: string): void {
  const heading = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
  const line = ([local, remote, state]: readonly [string, string, string], index: number): string =>
    `${String(index).padStart(4)}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${1800 + index} 1 0000000000000000 100 0 0 10 0\n`;
  const any = '00000000:0000';
  const four = [
    ['00000000:0016', any, '0A'],
    ['00000000:0050', any, '0A'],
    ['00000000:01BB', any, '0A'],
    ['0101A8C0:0035', any, '0A'],
    ['0101A8C0:0016', '8801A8C0:D2F0', '01'],
  ] as const;
  const six = [['00000000000000000000000000000000:0016', '00000000000000000000000000000000:0000', '0A']] as const;
  mkdirSync(join(root, 'proc/net'), { recursive: true });
  writeFileSync(join(root, 'proc/net/tcp'), heading + four.map(line).join(''));
  writeFileSync(join(root, 'proc/net/tcp6'), heading + six.map(line).join(''));
}
