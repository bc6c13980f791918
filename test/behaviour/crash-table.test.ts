import { readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CrashTest, prepareDevice, scenarios } from '../support/crash-scenarios.ts';
import { stepList, troubles, tryEveryStep } from '../support/crash-table.ts';

const page = readFileSync('docs/crash-table.md', 'utf8');
let template: string;
beforeAll(async () => {
  template = await prepareDevice();
});
afterAll(() => rmSync(template, { recursive: true, force: true }));

/** The page's cell of a scenario. */
function cellOf(name: string, column: number): string {
  const line = page.split('\n').find((text) => text.startsWith(`| ${name} |`)) ?? '';
  return (line.split('|')[column + 3] ?? '').trim();
}

describe('trouble at every step of a write leaves all or nothing', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    '%s',
    async (name, scenario) => {
      const { test, steps } = await CrashTest.of(template, scenario);
      expect(page, 'docs/crash-table.md is made by npm run crash-table').toContain(`### ${name}\n${stepList(steps)}\n`);
      // The script tries everything; here the strictest trouble, and all of them where most is at stake.
      const all = name.startsWith('three packages');
      for (const [column, { kind }] of troubles.entries()) {
        if (!all && kind !== 'power-lost') continue;
        const { cell, wrong } = await tryEveryStep(test, scenario, kind, steps);
        expect(wrong).toEqual([]);
        expect(cell).toBe(cellOf(name, column));
      }
    },
    60_000,
  );
});
