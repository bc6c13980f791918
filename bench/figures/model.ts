import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { silentLog } from '#base';
import { compileMappings, openSchema } from '#model';
import { loadDataModelFiles, UciFiles } from '#platform';
import { openBenchModel } from './bench-model.ts';
import { type Figures, median } from './figures.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
function heapMb(): number {
  for (let round = 0; round < 3; round++) collect();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Start and memory of the data model, and a write to a large package. To be run before anything else has warmed the code up. */
export async function modelFigures(): Promise<Figures> {
  const files = loadDataModelFiles('datamodel');
  // Processor time: others may be using the machine.
  const before = process.cpuUsage();
  const { objects } = compileMappings(openSchema(files.schema), files.mappings, {});
  const { user, system } = process.cpuUsage(before);
  const compiled = (user + system) / 1000;
  if (objects.length === 0) throw new Error('nothing is mapped');
  return { compile_mappings_ms: compiled, heap_after_tree_mb: await heapAfterTree(), ...(await largePackage()) };
}

/** What a read of everything leaves behind. */
async function heapAfterTree(): Promise<number> {
  await using bench = await openBenchModel();
  const before = heapMb();
  for (let round = 0; round < 3; round++) {
    const [reading] = await bench.model.get({ protocol: 'usp' }, ['Device.']);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  }
  return heapMb() - before;
}

/** A package of a thousand sections: one option is changed, as a transaction does it. */
async function largePackage(): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    const section = (n: number): string =>
      `config redirect 'r${n}'\n\toption src_dport '${n}'\n\toption proto 'tcp'\n\toption target 'DNAT'\n\toption dest_ip '192.168.1.${n % 250}'\n`;
    writeFileSync(join(directory, 'firewall'), Array.from({ length: 1000 }, (_, n) => section(n)).join('\n'));
    // Without the lock, which starts a process.
    const uci = new UciFiles(directory, silentLog, async (_paths, work) => work());
    const samples: number[] = [];
    for (let round = 0; round < 20; round++) {
      const before = performance.now();
      await uci.hold(['firewall'], async (held) => {
        const change = { op: 'set', section: 'r500', option: 'dest_ip', value: `10.0.0.${round}` } as const;
        held.stage('firewall', uci.preview('firewall', [change]));
        held.place();
      });
      if (uci.load('firewall')?.sections.length !== 1000) throw new Error('not read back');
      samples.push(performance.now() - before);
    }
    return { uci_write_1000_sections_ms: median(samples) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
