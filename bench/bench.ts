import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { agentFigures } from './figures/agent.ts';
import { bigAnswerFigures } from './figures/big-answer.ts';
import { bundleFigures } from './figures/bundle.ts';
import { cwmpFigures, cwmpNames } from './figures/cwmp.ts';
import type { Figures } from './figures/figures.ts';
import { floodFigures, floodNames } from './figures/flood.ts';
import { modelFigures } from './figures/model.ts';
import { notificationFigures, notificationNames } from './figures/notifications.ts';
import { notifyFigures } from './figures/notify.ts';
import { peerFigures, peerNames } from './figures/ob-usp-agent.ts';
import { rowFigures } from './figures/rows.ts';
import { treeFigures } from './figures/tree.ts';
import { loadFigures, loadNames } from './figures/usp-load.ts';
import { wakeupFigures, wakeupNames } from './figures/wakeups.ts';

// npm run bench -- [--only NAME,…] [--json FILE] [--check]
const { values: options } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, check: { type: 'boolean', default: false } },
});
interface Budget {
  readonly budget?: number;
  readonly floor?: number;
  readonly unit: string;
  /** Does not depend on how fast the machine is: `--check` judges it. */
  readonly steady: boolean;
}
const budgets = JSON.parse(readFileSync('bench/budgets.json', 'utf8')) as Record<string, Budget>;
const only = options.only?.split(',');
const wanted = (names: readonly string[]): boolean => !only || names.some((name) => only.includes(name));

const dist = mkdtempSync(join(tmpdir(), 'tandem-bench-dist-'));
const figures: Figures = {};
try {
  execFileSync(process.execPath, ['scripts/build.mjs', dist]);
  if (wanted(['bundle_bytes', 'bundle_gzip_bytes'])) Object.assign(figures, bundleFigures(dist));
  const model = ['compile_mappings_ms', 'heap_after_tree_mb', 'uci_write_1000_sections_ms'];
  if (wanted(model)) Object.assign(figures, await modelFigures());
  const notify = ['change_to_notify_ms'];
  if (wanted(notify)) Object.assign(figures, await notifyFigures());
  const tree = ['tree_read_params', 'tree_read_ubus_calls', 'tree_read_us_per_param'];
  if (wanted(tree)) Object.assign(figures, await treeFigures());
  const rows = ['rows_add_1000_ms', 'rows_add_per_s', 'unique_key_lookup_ms', 'mapped_key_lookup_ms'];
  if (wanted(rows)) Object.assign(figures, await rowFigures());
  const bigAnswer = ['cwmp_big_answer_params', 'cwmp_big_answer_rss_mb'];
  if (wanted(bigAnswer)) Object.assign(figures, await bigAnswerFigures(dist));
  if (wanted(cwmpNames)) Object.assign(figures, await cwmpFigures(dist));
  if (wanted(notificationNames)) Object.assign(figures, await notificationFigures(dist));
  if (wanted(loadNames)) Object.assign(figures, await loadFigures(dist));
  if (peerNames.length > 0 && wanted(peerNames)) Object.assign(figures, await peerFigures(dist));
  if (wanted(wakeupNames)) Object.assign(figures, await wakeupFigures(dist));
  if (wanted(floodNames)) Object.assign(figures, await floodFigures(dist));
  const others = [
    ...floodNames,
    ...wakeupNames,
    ...loadNames,
    ...peerNames,
    ...model,
    ...notify,
    ...tree,
    ...rows,
    ...notificationNames,
    ...bigAnswer,
    ...cwmpNames,
  ];
  const rest = Object.keys(budgets).filter((name) => !others.includes(name) && !name.startsWith('bundle_'));
  if (wanted(rest)) Object.assign(figures, await agentFigures(dist));
} finally {
  rmSync(dist, { recursive: true, force: true });
}

const shown = Object.fromEntries(
  Object.entries(figures)
    .filter(([name]) => wanted([name]))
    .map(([name, value]) => [name, { value: Math.round(value * 100) / 100, ...budgets[name] }]),
);
let passed = true;
for (const [name, { value, unit, budget, floor, steady }] of Object.entries(shown)) {
  const within = (budget === undefined || value <= budget) && (floor === undefined || value >= floor);
  if (steady) passed &&= within;
  const limit = budget !== undefined ? `at most ${budget}` : floor !== undefined ? `at least ${floor}` : '';
  console.log(
    `${name.padEnd(26)} ${String(value).padStart(10)} ${(unit ?? '').padEnd(12)} ${limit}${within ? '' : '   PASSED OVER'}`,
  );
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(shown, undefined, 2)}\n`);
process.exit(options.check && !passed ? 1 : 0);
