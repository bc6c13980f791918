import type { Result, Verdict } from './verdict.ts';

export const chapters: Readonly<Record<string, string>> = {
  '1': 'Messages and path names',
  '2': 'Authentication and access control',
  '3': 'USP records',
  '4': 'General MTP',
  '6': 'STOMP',
  '7': 'WebSocket',
  '8': 'Discovery',
  '9': 'Functionality',
  '10': 'Bulk data',
  '11': 'MQTT',
};
const verdicts: readonly Verdict[] = ['pass', 'fail', 'not applicable', 'not runnable'];

export type Counts = Readonly<Record<Verdict, number>>;

export function count(results: readonly Result[]): Counts {
  const counts = { pass: 0, fail: 0, 'not applicable': 0, 'not runnable': 0 };
  for (const { verdict } of results) counts[verdict]++;
  return counts;
}

/** A Markdown table, a chapter a line. */
export function table(results: readonly Result[]): string {
  const lines = ['| chapter | pass | fail | not applicable | not runnable here |', '|---|---|---|---|---|'];
  for (const [chapter, title] of Object.entries(chapters)) {
    const of = results.filter(({ number }) => number.split('.')[0] === chapter);
    if (of.length === 0) continue;
    const counts = count(of);
    lines.push(`| ${chapter} ${title} | ${verdicts.map((verdict) => counts[verdict]).join(' | ')} |`);
  }
  const counts = count(results);
  lines.push(`| all | ${verdicts.map((verdict) => counts[verdict]).join(' | ')} |`);
  return lines.join('\n');
}

/** What is not passed, with the reason. */
export function line({ number, title, verdict, reason, seconds }: Result): string {
  const time = seconds >= 1 ? ` (${seconds.toFixed(0)} s)` : '';
  return `${number.padEnd(6)} ${verdict.padEnd(14)} ${title}${time}${reason === undefined ? '' : `\n                      ${reason}`}`;
}
