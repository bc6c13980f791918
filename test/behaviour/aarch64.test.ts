import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

// Installs an emulator and fetches node only where TANDEM_AARCH64 asks for it.
it('the bundles run on aarch64', { timeout: 600_000 }, (context) => {
  const run = spawnSync(
    join(import.meta.dirname, '../../scripts/smoke-aarch64'),
    process.env.TANDEM_AARCH64 ? [] : ['--no-install'],
    { encoding: 'utf8' },
  );
  if (run.status === 77) context.skip(run.stderr.trim());
  expect(run.stderr + run.stdout).toContain('the same on both processors');
  expect(run.status).toBe(0);
});
