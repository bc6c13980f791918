import type { CrashTest, Run, Scenario, Trouble } from './crash-scenarios.ts';

export const troubles: readonly { readonly kind: Trouble; readonly title: string }[] = [
  { kind: 'power', title: 'power cut' },
  { kind: 'power-lost', title: 'power cut, unsynced lost' },
  { kind: 'full', title: 'flash full' },
  { kind: 'full-for-good', title: 'flash full for good' },
  { kind: 'read-only', title: 'read-only' },
  { kind: 'ubus-hangs', title: 'ubusd hangs' },
];

/** What a run must not be, in words; `undefined`: it is as it has to be. */
export function wrongIn(
  scenario: Scenario,
  kind: Trouble,
  { outcome, committed, atOnce, untold }: Run,
): string | undefined {
  if (outcome !== 'all' && outcome !== 'nothing') return `half done: ${outcome}`;
  if (untold) return 'a service was not told of what is in its package now';
  if (scenario.afterwards === 'recover') return undefined;
  if (committed !== undefined && committed !== (outcome === 'all'))
    return `the answer was ${committed}, and ${outcome} was done`;
  if (atOnce !== undefined && atOnce !== outcome) return `${atOnce} before the restart, ${outcome} after it (${kind})`;
  return undefined;
}

/** Trouble at each step, one after the other. @returns how it went, as a cell of the table; and everything that is wrong */
export async function tryEveryStep(
  test: CrashTest,
  scenario: Scenario,
  kind: Trouble,
  steps: readonly string[],
): Promise<{ cell: string; wrong: string[] }> {
  const outcomes: string[] = [];
  const wrong: string[] = [];
  for (const [at, step] of steps.entries()) {
    // Whoever else waits for the event loop (the test runner) gets his turn.
    await new Promise((done) => setImmediate(done));
    const run = await test.run(kind, at);
    const problem = wrongIn(scenario, kind, run);
    if (problem !== undefined) wrong.push(`${scenario.name}, ${kind} at step ${at + 1} (${step}): ${problem}`);
    outcomes.push(run.outcome === 'all' || run.outcome === 'nothing' ? run.outcome : 'HALF');
  }
  return { cell: ranges(outcomes), wrong };
}

/** `nothing 1–9, all 10–13` */
function ranges(outcomes: readonly string[]): string {
  const parts: string[] = [];
  for (let at = 0; at < outcomes.length; ) {
    let end = at;
    while (end + 1 < outcomes.length && outcomes[end + 1] === outcomes[at]) end++;
    parts.push(`${outcomes[at]} ${at === end ? at + 1 : `${at + 1}–${end + 1}`}`);
    at = end + 1;
  }
  return parts.join(', ');
}

/** Headings of the page are the scenarios' names. */
export const stepList = (steps: readonly string[]): string => steps.map((step, at) => `${at + 1}. ${step}`).join('\n');
