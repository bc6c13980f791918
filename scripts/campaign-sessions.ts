// npm run campaign:sessions -- [--sessions N]: one agent, session after session, and what it holds in between.
import { parseArgs } from 'node:util';
import { buildBundles } from '../test/support/agent-process.ts';
import { growthOf, type Holding, manySessions } from '../test/support/session-campaign.ts';

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '10000' } } });
const sessions = Number(values.sessions);
const mb = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MB`;
const show = ({ files, timers, heap, external, resident }: Omit<Holding, 'sessions'>): string =>
  `${files} files, ${timers} timers, heap ${mb(heap)}, external ${mb(external)}, resident ${mb(resident)}`;

const { dist, remove } = await buildBundles();
try {
  const samples = await manySessions({
    dist,
    sessions,
    sampleEach: sessions / 10,
    onSample: (holding) => console.log(`${String(holding.sessions).padStart(6)} sessions: ${show(holding)}`),
  });
  // In the first half what runs often is compiled again, and what is cached once is cached.
  const growth = growthOf(samples[samples.length / 2 - 1]!, samples.at(-1)!);
  console.log(`growth in the second half: ${show(growth)}`);
  const grown =
    growth.files > 0 || growth.timers > 2 || growth.heap + growth.external > 1 << 19 || growth.resident > 4 << 20;
  process.exitCode = grown ? 1 : 0;
} finally {
  remove();
}
