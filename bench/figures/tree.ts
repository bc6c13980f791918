import { openBenchModel } from './bench-model.ts';
import { type Figures, median } from './figures.ts';

/**
 * Calls of a first read of the whole tree, then our own time in reads that follow at once: CPU of this process, in which answers
 * of ubus are used again while they are fresh, so that the router's work (it runs in this process) and decoding are not in it.
 */
export async function treeFigures(): Promise<Figures> {
  await using bench = await openBenchModel();
  const { model } = bench;
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
  return { tree_read_params: params, tree_read_ubus_calls: calls, tree_read_us_per_param: median(samples) };
}
