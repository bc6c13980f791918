import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { RootedPrograms } from '#platform';

const root = mkdtempSync(join(tmpdir(), 'tandem-programs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'bin'));
const install = (name: string, text: string): void => {
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(root, 'bin', name), 0o755);
};
install('say', 'echo "$#: $*"; echo problem >&2; exit 3');
install('sleeper', 'exec sleep 600');
install('flood', 'while :; do echo 0123456789012345678901234567890123456789; done');
install('reader', 'cat; echo end');
writeFileSync(join(root, 'bin/text'), 'not a program');
const programs = new RootedPrograms(root);
const code = (run: Promise<unknown>): Promise<unknown> => run.then(() => 'ran', errorCode);

describe('programs of the device', () => {
  it('are run with their arguments as they are, and say how they ended', async () => {
    const words = [`$(touch ${root}/x)`, 'a b', ';reboot', '*'];
    expect(await programs.run('say', words, { timeoutMs: 5000 })).toEqual({
      code: 3,
      stdout: `4: ${words.join(' ')}\n`,
      stderr: 'problem\n',
    });
    expect(existsSync(join(root, 'x'))).toBe(false);
  });
  it('have nothing to read', async () => {
    expect((await programs.run('reader', [], { timeoutMs: 5000 })).stdout).toBe('end\n');
  });
  it('are found by name only', async () => {
    for (const name of ['nothing', 'text', '../bin/say', '/bin/sh', '']) {
      expect(await code(programs.run(name, [], { timeoutMs: 5000 }))).toBe('PROGRAM_ABSENT');
    }
  });
  it('are killed at their time, when they say too much, and when nobody wants them any more', async () => {
    expect(await code(programs.run('sleeper', [], { timeoutMs: 20 }))).toBe('PROGRAM_TIMEOUT');
    expect(await code(programs.run('flood', [], { timeoutMs: 30_000 }))).toBe('PROGRAM_OUTPUT');
    const abort = new AbortController();
    const run = code(programs.run('sleeper', [], { timeoutMs: 600_000, signal: abort.signal }));
    abort.abort();
    expect(await run).toBe('PROGRAM_FAILED');
  });
});
