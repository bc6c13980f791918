import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '#base';
import { startRouter } from '#lab';
import { createDataModel } from '#model';
import { connectUbus, FileStateStore, loadDataModelFiles, RootedFiles, RootedScripts, UciFiles } from '#platform';
import { type Figures, median } from './figures.ts';

/**
 * Calls of a first read of the whole tree, then our own time in reads that follow at once: CPU of this process, in which answers
 * of ubus are used again while they are fresh, so that the router's work (it runs in this process) and decoding are not in it.
 */
export async function treeFigures(): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  await using router = await startRouter({ directory });
  await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const files = loadDataModelFiles('datamodel');
  const { model } = createDataModel(files.schema, files.mappings, {
    bus,
    uci: new UciFiles(join(router.root, 'etc/config'), silentLog),
    files: new RootedFiles(router.root),
    scripts: new RootedScripts(router.root),
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
  const params = await read();
  const calls = model.sourceCalls - before;
  for (let warm = 0; warm < 50; warm++) await read();
  const samples: number[] = [];
  for (let round = 0; round < 50; round++) {
    const start = process.cpuUsage();
    await read();
    const { user, system } = process.cpuUsage(start);
    samples.push((user + system) / params);
  }
  await model[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
  return { tree_read_params: params, tree_read_ubus_calls: calls, tree_read_us_per_param: median(samples) };
}
