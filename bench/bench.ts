import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { silentLog, systemClock } from '#base';
import { startRouter } from '#lab';
import { createDataModel } from '#model';
import { connectUbus, FileStateStore, loadDataModelFiles, RootedFiles, UciFiles } from '#platform';

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
const figures: Record<string, number> = {};

const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
const router = await startRouter({ directory });
try {
  execFileSync(process.execPath, ['scripts/build.mjs', join(directory, 'dist')]);
  const bundle = join(directory, 'dist/tandemd.cjs');
  figures.bundle_bytes = statSync(bundle).size;
  figures.bundle_gzip_bytes = gzipSync(readFileSync(bundle)).length;
  figures.rss_idle_mb = await idleRss(bundle);
  await treeRead();
} finally {
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}

/** The daemon as procd starts it, two seconds after it is ready. */
async function idleRss(bundle: string): Promise<number> {
  const flags = ['--optimize-for-size', '--max-semi-space-size=1', '--max-old-space-size=48', '--v8-pool-size=0'];
  const daemon = spawn(process.execPath, [...flags, bundle], {
    env: { ...process.env, TANDEM_ROOT: router.root, TANDEM_UBUS_SOCKET: router.socketPath, TANDEM_SHARE: 'datamodel' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      daemon.stderr.on('data', (chunk: Buffer) => String(chunk).includes(': ready') && resolve());
      daemon.once('exit', (code) => reject(new Error(`tandemd ended with ${code}`)));
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))![1];
    return Number(kilobytes) / 1024;
  } finally {
    daemon.removeAllListeners('exit');
    daemon.kill('SIGKILL');
  }
}

/**
 * Calls of a first read of the whole tree, then our own time in reads that follow at once: CPU of this process, in which answers
 * of ubus are used again while they are fresh, so that the router's work (it runs in this process) and decoding are not in it.
 */
async function treeRead(): Promise<void> {
  await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const files = loadDataModelFiles('datamodel');
  const { model } = createDataModel(files.schema, files.mappings, {
    bus,
    uci: new UciFiles(join(router.root, 'etc/config'), silentLog),
    files: new RootedFiles(router.root),
    state: new FileStateStore(join(directory, 'state'), silentLog),
    clock: systemClock,
    log: silentLog,
    uniqueName: () => 'bench',
  });
  const read = async (): Promise<number> => {
    const [reading] = await model.get({ protocol: 'usp' }, ['Device.']);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    return reading!.result.value.reduce((sum, object) => sum + object.parameters.length, 0);
  };
  const before = model.sourceCalls;
  figures.tree_read_params = await read();
  figures.tree_read_ubus_calls = model.sourceCalls - before;
  for (let warm = 0; warm < 50; warm++) await read();
  const samples: number[] = [];
  for (let round = 0; round < 50; round++) {
    const start = process.cpuUsage();
    await read();
    const { user, system } = process.cpuUsage(start);
    samples.push((user + system) / figures.tree_read_params);
  }
  figures.tree_read_us_per_param = samples.sort((a, b) => a - b)[samples.length >> 1]!;
  await model[Symbol.asyncDispose]();
}

const only = options.only?.split(',');
const shown = Object.fromEntries(
  Object.entries(figures)
    .filter(([name]) => !only || only.includes(name))
    .map(([name, value]) => [name, { value: Math.round(value * 100) / 100, ...budgets[name] }]),
);
let passed = true;
for (const [name, { value, unit, budget, floor, steady }] of Object.entries(shown)) {
  const within = (budget === undefined || value <= budget) && (floor === undefined || value >= floor);
  if (steady) passed &&= within;
  const limit = budget === undefined ? `at least ${floor}` : `at most ${budget}`;
  console.log(
    `${name.padEnd(26)} ${String(value).padStart(10)} ${(unit ?? '').padEnd(12)} ${limit}${within ? '' : '   PASSED OVER'}`,
  );
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(shown, undefined, 2)}\n`);
process.exit(options.check && !passed ? 1 : 0);
