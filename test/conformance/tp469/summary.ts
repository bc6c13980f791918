import { chapters, count } from './report.ts';
import type { Result } from './verdict.ts';

/** What `--json` writes. */
export interface Run {
  readonly agent: string;
  readonly mtp: string;
  readonly plan: string;
  readonly results: readonly Result[];
}

/** Chapters by transports, `passed of those that concern it and could be run`; then what did not pass, with the reason. Markdown. */
export function summary(runs: readonly Run[]): string {
  const lines = [`| chapter | ${runs.map(({ mtp }) => mtp).join(' | ')} |`, `|---|${runs.map(() => '---|').join('')}`];
  for (const [chapter, title] of [...Object.entries(chapters), ['', 'all']] as const) {
    const cells = runs.map(({ results }) => {
      const of = results.filter(({ number }) => chapter === '' || number.split('.')[0] === chapter);
      return cell(of);
    });
    lines.push(`| ${`${chapter} ${title}`.trim()} | ${cells.join(' | ')} |`);
  }
  const byReason = new Map<string, Set<string>>();
  const where = new Map<string, Set<string>>();
  for (const { mtp, results } of runs) {
    for (const { number, title, verdict, reason } of results) {
      if (verdict === 'pass' || verdict === 'not applicable') continue;
      const key = `${number} ${title}`;
      byReason.set(key, (byReason.get(key) ?? new Set()).add(`${verdict}: ${reason ?? ''}`.split('\n')[0]!));
      where.set(key, (where.get(key) ?? new Set()).add(mtp));
    }
  }
  lines.push('', '| not passed | on | why |', '|---|---|---|');
  for (const [key, reasons] of [...byReason].sort(([a], [b]) => order(a) - order(b))) {
    lines.push(`| ${key} | ${[...where.get(key)!].join(', ')} | ${[...reasons].join('; ').replaceAll('|', '\\|')} |`);
  }
  return lines.join('\n');
}

function cell(results: readonly Result[]): string {
  const counts = count(results);
  const judged = counts.pass + counts.fail;
  const parts = judged > 0 ? [`${counts.pass} of ${judged}`] : [];
  if (counts['not runnable'] > 0) parts.push(`${counts['not runnable']} not runnable`);
  return parts.join(', ') || '–';
}

function order(key: string): number {
  const [chapter = 0, number = 0] = key.split(' ')[0]!.split('.').map(Number);
  return chapter * 1000 + number;
}
