// npm run conformance:cwmp -- [--only 1-30,40] [--json FILE]: runs the tests that prove the requirements of TR-069, prints the table and writes its page.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { conformancePage } from '../test/conformance/cwmp/page.ts';
import { type Requirement, requirements } from '../test/conformance/cwmp/requirements.ts';

const { values: options } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'string' } } });
const chosen = (options.only ?? '1-132').split(',').flatMap((part) => {
  const [from, to = from] = part.split('-').map(Number);
  return Array.from({ length: to! - from! + 1 }, (_, n) => from! + n);
});
const wanted = requirements.filter(({ number }) => chosen.includes(number));
const files = [...new Set(wanted.flatMap(({ proofs }) => proofs.map((proof) => proof.split(' › ')[0]!)))];

interface Ran {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}
/** Titles with a place for values are there with the values in them. */
const pattern = (title: string): RegExp =>
  new RegExp(title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%[sijd]/g, '.*'), 's');

const directory = mkdtempSync(join(tmpdir(), 'tandem-conformance-'));
let ran: Ran = { testResults: [] };
try {
  const report = join(directory, 'report.json');
  if (files.length > 0) {
    spawnSync('npx', ['vitest', 'run', '--reporter=json', `--outputFile=${report}`, ...files], { stdio: 'ignore' });
    ran = JSON.parse(readFileSync(report, 'utf8')) as Ran;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

type Verdict = { readonly verdict: 'pass' | 'fail' | 'skip'; readonly reason: string };
const judge = ({ proofs, open, applies }: Requirement): Verdict => {
  if (proofs.length === 0) return { verdict: 'skip', reason: open ?? '' };
  const skipped: string[] = [];
  for (const proof of proofs) {
    const [file, title] = proof.split(' › ') as [string, string];
    const tests = ran.testResults
      .filter(({ name }) => relative(process.cwd(), name) === file)
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ fullName }) => pattern(title).test(fullName));
    if (tests.length === 0) return { verdict: 'fail', reason: `no test: ${proof}` };
    const bad = tests.find(({ status }) => status === 'failed');
    if (bad) return { verdict: 'fail', reason: `${file}: ${bad.fullName}` };
    if (tests.every(({ status }) => status !== 'passed')) skipped.push(proof);
  }
  if (applies === false) return { verdict: 'skip', reason: `not applicable: ${open}` };
  return skipped.length > 0
    ? { verdict: 'skip', reason: `not run here: ${skipped.join(', ')}` }
    : { verdict: 'pass', reason: open ? `open: ${open}` : '' };
};

const verdicts = Object.fromEntries(wanted.map((requirement) => [requirement.number, judge(requirement)]));
for (const { number, text } of wanted) {
  const { verdict, reason } = verdicts[number]!;
  console.log(`${String(number).padStart(3)} ${verdict} ${text}${reason ? ` (${reason})` : ''}`);
}
const count = (verdict: string): number => Object.values(verdicts).filter((one) => one.verdict === verdict).length;
console.log(`${count('pass')} pass, ${count('fail')} fail, ${count('skip')} skip`);
writeFileSync('docs/cwmp-conformance.md', conformancePage());
if (options.json) writeFileSync(options.json, `${JSON.stringify(verdicts, undefined, 2)}\n`);
process.exit(count('fail') > 0 ? 1 : 0);
