import type { Clock } from '#base';
import type { Files } from '#platform';

interface Sample {
  readonly user: number;
  readonly system: number;
  readonly idle: number;
}

/** Two looks that are closer than this say nothing: the second is answered with what the first one found. */
const shortestMs = 1000;

/**
 * How busy each processor has been since the look before (since boot at the first), in percent; from `/proc/stat` (proc(5)): `all`
 * of them together, and `each`.
 */
export function cpuLoad(files: Files, clock: Clock): () => Record<string, unknown> {
  let last = new Map<string, Sample>();
  let lastMs = Number.NEGATIVE_INFINITY;
  let found: Record<string, unknown> = {};
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lastMs < shortestMs) return found;
    const samples = new Map<string, Sample>();
    for (const line of (files.readText('/proc/stat') ?? '').split('\n')) {
      const [name, ...counts] = line.trim().split(/\s+/);
      if (!/^cpu[0-9]*$/.test(name ?? '')) continue;
      const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, ...interrupts] = counts.map(Number);
      const serving = interrupts.slice(0, 3).reduce((sum, count) => sum + count, 0);
      samples.set(name === 'cpu' ? 'all' : name!, {
        user: user + nice,
        system: system + serving,
        idle: idle + waiting,
      });
    }
    const { all, ...each } = Object.fromEntries(
      [...samples].map(([name, sample]) => [name, loadOf(sample, last.get(name))]),
    );
    found = { all, each };
    last = samples;
    lastMs = nowMs;
    return found;
  };
}

function loadOf(now: Sample, before: Sample = { user: 0, system: 0, idle: 0 }): Record<string, number> {
  const user = now.user - before.user;
  const system = now.system - before.system;
  const idle = now.idle - before.idle;
  const total = user + system + idle;
  const percent = (part: number): number => (total <= 0 ? 0 : Math.round((100 * part) / total));
  return { user: percent(user), system: percent(system), idle: percent(idle), busy: percent(user + system) };
}
