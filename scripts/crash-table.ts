// npm run crash-table: what becomes of a transaction when something goes wrong at each of its steps; writes docs/crash-table.md.
import { rmSync, writeFileSync } from 'node:fs';
import { CrashTest, prepareDevice, scenarios } from '../test/support/crash-scenarios.ts';
import { stepList, troubles, tryEveryStep } from '../test/support/crash-table.ts';

const rows: string[] = [];
const lists: string[] = [];
const wrong: string[] = [];
const template = await prepareDevice();
for (const scenario of scenarios) {
  const { test, steps } = await CrashTest.of(template, scenario);
  const cells: string[] = [];
  for (const { kind } of troubles) {
    const tried = await tryEveryStep(test, scenario, kind, steps);
    cells.push(tried.cell);
    wrong.push(...tried.wrong);
  }
  const row = `| ${scenario.name} | ${steps.length} | ${cells.join(' | ')} |`;
  console.log(row);
  rows.push(row);
  lists.push(`### ${scenario.name}\n${stepList(steps)}\n`);
}
rmSync(template, { recursive: true, force: true });
for (const problem of wrong) console.error(problem);

const page = `# When something goes wrong in the middle of a write

Made by \`npm run crash-table\`, which does every transaction below once for each of its steps, with trouble beginning at that step; \`npm test\`
repeats the strictest part. A step is whatever changes the file system, and each call of ubus. The code under test is the code that ships.

| trouble | |
|---|---|
${[
  '| power cut | nothing runs from that step on; then the agent is started again. A killed process is the same |',
  '| power cut, unsynced lost | and every content and every name that was not synced is gone |',
  '| flash full | no space from that step on, until the agent removes something; the agent goes on running |',
  '| flash full for good | no space at all; then the agent is started again with space |',
  '| read-only | nothing can be changed from that step on; then the agent is started again and it can |',
  '| ubusd hangs | from that step on ubusd takes calls and answers none, an hour later all of them; the agent goes on running, and nobody waits for more than 20 seconds |',
].join('\n')}

*All* and *nothing* are judged over everything: every file of \`/etc/config\` byte for byte, instance numbers, Aliases, stored rows, what is on probation, passwords, and
whether the services know what is in their packages. What the peer was told agrees with it. There is nothing in between.

| transaction | steps | ${troubles.map(({ title }) => title).join(' | ')} |
|---|---|${troubles.map(() => '---').join('|')}|
${rows.join('\n')}

## What is not in the table
- **What a write runs after its commit** (docs/mapping-language.md, \`run\`) has happened with the commit: a cut before or during the program leaves it to the next start,
  which may do it a second time.
- **rpcd absent**: nothing of a write goes through it. **ubusd gone in the middle**: the change stands; the services are told when ubus is back.
- **A ubusd that hangs**: a call ends after 5 seconds, and a request waits 15 for all that it asks; parameters whose source did not answer read as their type's zero with the
  reason, and a write that can not be judged without an answer is refused as a whole. The services are told of what was written when it answers again: the agent
  tries once a minute. \`test/behaviour/hanging-ubusd.test.ts\` has a real socket hang, and its answers come an hour late.
- **A flash that is full while the agent undoes something at its start**: it is undone as soon as there is space, before the next write or at the next start;
  until then reading shows what is there.
- **Somebody else changes a package after the agent was cut off and before it starts again**: that package stays as he made it, the others are put back, and the
  log says so.

## The steps
${lists.join('\n')}`;
writeFileSync('docs/crash-table.md', page);
process.exitCode = wrong.length > 0 ? 1 : 0;
