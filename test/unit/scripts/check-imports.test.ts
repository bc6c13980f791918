import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, '../../../scripts/check-imports.mjs');
const directory = mkdtempSync(join(tmpdir(), 'tandem-imports-'));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function check(files: Record<string, string>): { code: number | null; said: string } {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, 'src', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, join(directory, 'src')], {
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr };
}

describe('the import rules', () => {
  it('let pass what goes down through a door', () => {
    const { code } = check({
      'base/index.ts': "export { a } from './a.ts';",
      'base/a.ts': 'export const a = 1;',
      'platform/index.ts':
        "import { a } from '#base';\nimport { readFileSync } from 'node:fs';\nexport { a, readFileSync };",
    });
    expect(code).toBe(0);
  });

  it.each([
    ['upwards', { 'base/index.ts': "import { x } from '#model';" }, "not below 'base'"],
    ['to a sibling', { 'cwmp/index.ts': "import { x } from '#usp';" }, "not below 'cwmp'"],
    ['past a door', { 'model/index.ts': "import { x } from '#base/a';" }, 'through its door only'],
    ['into another room', { 'model/index.ts': "import { x } from '../base/a.ts';" }, 'reaches into another room'],
    ['of I/O', { 'model/index.ts': "import { readFileSync } from 'node:fs';" }, "Node's I/O"],
    ['of I/O when it is needed', { 'usp/index.ts': "const net = () => import('node:net');" }, "Node's I/O"],
    ['of our own when it is needed', { 'usp/index.ts': "const b = () => import('./b.ts');" }, 'imported statically'],
    ['of the lab in the device', { 'compose/agent.ts': "import { x } from '#lab';" }, 'not below'],
    ['in a circle', { 'base/a.ts': "import './b.ts';", 'base/b.ts': "import './a.ts';" }, 'cycle: base/a.ts'],
    ['from no room', { 'utils/a.ts': 'export const a = 1;' }, 'not a room of the design'],
  ])('stop an import %s', (_, files, reason) => {
    const { code, said } = check(files as Record<string, string>);
    expect(code).toBe(1);
    expect(said).toContain(reason);
  });
});
