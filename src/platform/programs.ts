import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { TandemError } from '#base';
import type { ProgramOptions, ProgramOutput, Programs } from './ports.ts';

/** PROGRAM_ABSENT, PROGRAM_FAILED (could not be started, killed), PROGRAM_TIMEOUT, PROGRAM_OUTPUT (too much) */
export class ProgramError extends TandemError {}

const directories = ['usr/sbin', 'usr/bin', 'sbin', 'bin'];
const outputLimitBytes = 64 * 1024;

/** Programs of the device's own image, from the directories where it keeps them; never through a shell. */
export class RootedPrograms implements Programs {
  readonly #root: string;
  constructor(root = '/') {
    this.#root = resolve(root);
  }

  run(
    name: string,
    args: readonly string[],
    { timeoutMs, signal, input = '' }: ProgramOptions,
  ): Promise<ProgramOutput> {
    const file = this.#find(name);
    if (file === undefined) return Promise.reject(new ProgramError('PROGRAM_ABSENT', `there is no ${name} here`));
    return new Promise((done, fail) => {
      const options = {
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: outputLimitBytes,
        // The parsers read English.
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
        ...(signal && { signal }),
      } as const;
      const child = execFile(file, [...args], options, (error, stdout, stderr) => {
        if (!error || typeof error.code === 'number') {
          done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
          return;
        }
        fail(problem(name, error));
      });
      // A program that does not read what it gets says so by its exit code.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  #find(name: string): string | undefined {
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(name)) return undefined;
    return directories.map((directory) => join(this.#root, directory, name)).find(isExecutable);
  }
}

function problem(name: string, error: Error & { killed?: boolean; code?: unknown }): ProgramError {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return new ProgramError('PROGRAM_OUTPUT', `${name} said too much`, { cause: error });
  }
  if (error.killed && error.name !== 'AbortError') return new ProgramError('PROGRAM_TIMEOUT', `${name} took too long`);
  return new ProgramError('PROGRAM_FAILED', `${name} failed`, { cause: error });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
