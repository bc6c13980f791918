import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readDescriptor } from './descriptor.ts';
import { selection, tests } from './plan.ts';
import { line, table } from './report.ts';
import { runTests } from './run.ts';
import { openSession } from './session.ts';
import { type Mtp, mtps } from './side/link.ts';
import { type Run, summary } from './summary.ts';

const usage = `npm run conformance -- [--mtp ${mtps.join('|')}] [--only 1.1-1.20,2,3.8] [--agent FILE] [--json FILE] [--verbose]
       npm run conformance -- --summary FILE…

Runs the tests of TP-469 1.4.0 on an agent. Without --agent (docs/tp469.md says what is in it) that is Tandem on the simulated router.
--summary prints a table by chapter and transport of what --json has written.
Exit code 0: nothing failed, 1: something did, 2: it could not be run.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      mtp: { type: 'string', default: 'ws' },
      only: { type: 'string' },
      agent: { type: 'string', default: 'lab' },
      json: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      summary: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.summary) {
    const runs = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Run);
    process.stdout.write(`${summary(runs)}\n`);
    return 0;
  }
  if (values.help || !mtps.includes(values.mtp as Mtp)) {
    process.stderr.write(usage);
    return values.help ? 0 : 2;
  }
  const mtp = values.mtp as Mtp;
  const wanted = values.only === undefined ? () => true : selection(values.only);
  const descriptor = values.agent === 'lab' ? undefined : readDescriptor(readFileSync(values.agent, 'utf8'));
  await using session = await openSession({ descriptor, mtp, loud: values.verbose });
  const results = await runTests(
    session,
    tests.filter(({ number }) => wanted(number)),
    (result) => process.stdout.write(`${line(result)}\n`),
  );
  process.stdout.write(`\n${session.descriptor.name} over ${mtp}\n\n${table(results)}\n`);
  if (values.json !== undefined) {
    const text = { agent: session.descriptor.name, mtp, plan: 'TP-469 1.4.0', results };
    writeFileSync(values.json, `${JSON.stringify(text, undefined, 1)}\n`);
  }
  return results.some(({ verdict }) => verdict === 'fail') ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(2);
  },
);
