import { type ExecFileException, execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { explain, TandemError } from '#base';
import type { Scripts } from './ports.ts';

/** SCRIPT_UNTRUSTED, SCRIPT_FAILED, SCRIPT_TIMEOUT, SCRIPT_OUTPUT */
export class ScriptError extends TandemError {}

const outputLimitBytes = 256 * 1024;

/**
 * Runs the vendor's scripts: executables that print one JSON document. Only what nobody but the agent's own user can have written is run, without a shell;
 * its output is bounded, and so is its time.
 */
export class RootedScripts implements Scripts {
  readonly #root: string;
  constructor(root = '/') {
    this.#root = resolve(root);
  }

  run(
    path: string,
    timeoutMs: number,
    signal?: AbortSignal,
    args: readonly string[] = [],
    input = '',
  ): Promise<unknown> {
    const file = join(this.#root, resolve('/', path));
    const distrust = this.#distrust(file);
    if (distrust !== undefined) return Promise.reject(new ScriptError('SCRIPT_UNTRUSTED', `${path} ${distrust}`));
    return new Promise((done, fail) => {
      const options = {
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: outputLimitBytes,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
        ...(signal && { signal }),
      } as const;
      const child = execFile(file, [...args], options, (error, output, said) => {
        if (error) {
          const code = error.killed ? 'SCRIPT_TIMEOUT' : 'SCRIPT_FAILED';
          fail(new ScriptError(code, `${path} ${error.killed ? 'took too long' : `failed: ${reasonOf(error, said)}`}`));
          return;
        }
        try {
          done(JSON.parse(output));
        } catch {
          fail(new ScriptError('SCRIPT_OUTPUT', `${path} did not print JSON`));
        }
      });
      // A script that does not read what it gets is its own affair.
      child.stdin?.on('error', () => {});
      child.stdin?.end(input);
    });
  }

  #distrust(file: string): string | undefined {
    try {
      const { uid, mode } = statSync(file);
      if (uid !== 0 && uid !== process.getuid?.()) return 'belongs to somebody else';
      if ((mode & 0o022) !== 0) return 'can be written by others';
      return undefined;
    } catch {
      return 'is not there';
    }
  }
}

/** What the script has said last on standard error, or how it ended. */
function reasonOf(error: ExecFileException, said: string): string {
  const line = said.trim().split('\n').at(-1)!.slice(0, 200);
  return line || (typeof error.code === 'number' ? `exit code ${error.code}` : explain(error));
}
