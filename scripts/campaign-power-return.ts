// npm run campaign:power-return -- [--agents N]: a town of agents after a power return, against an ACS that can not take them all at once.
import { parseArgs } from 'node:util';
import { crowded, powerReturn, type TownAcs } from '../test/support/power-return.ts';

const { values } = parseArgs({ options: { agents: { type: 'string', default: '10000' } } });
const agents = Number(values.agents);
const perSecond = Math.max(1, agents / 100);
const scenarios: readonly (readonly [string, TownAcs])[] = [
  ['busy, without a word of when', { awayForSeconds: 0, sessionsPerSecond: perSecond }],
  ['busy, Retry-After 60', { awayForSeconds: 0, sessionsPerSecond: perSecond, retryAfterSeconds: 60 }],
  ['away for 20 seconds', { awayForSeconds: 20, sessionsPerSecond: perSecond }],
  ['away for 10 minutes', { awayForSeconds: 600, sessionsPerSecond: perSecond }],
];
let wrong = 0;
for (const [name, acs] of scenarios) {
  const town = await powerReturn({ agents, acs });
  wrong += crowded(town).length;
  console.log(
    `\n${agents} agents, ACS ${name}, ${perSecond} sessions/s: all of them informed after ${town.seconds.toFixed(0)} s`,
  );
  for (const { attempt, informs, from, to, mean, peak } of town.windows) {
    const ratio = peak / mean;
    console.log(
      `  try ${attempt}: ${String(informs).padStart(6)} Informs, second ${from.toFixed(1)} to ${to.toFixed(1)}, mean ${mean.toFixed(1)}/s, peak ${peak}/s, ${ratio.toFixed(2)}`,
    );
  }
}
const periodicSeconds = 300;
const { periodic } = await powerReturn({
  agents,
  acs: { awayForSeconds: 0, sessionsPerSecond: Number.POSITIVE_INFINITY },
  periodicSeconds,
  forSeconds: 2 * periodicSeconds,
});
const mean = agents / periodicSeconds;
const peak = Math.max(...periodic.filter(Boolean));
if (mean >= 25 && peak > 2 * mean) wrong++;
console.log(`\nperiodic Informs each ${periodicSeconds} s: mean ${mean.toFixed(1)}/s, peak ${peak}/s`);
process.exitCode = wrong > 0 ? 1 : 0;
if (wrong > 0) console.error(`${wrong} windows with more than twice their mean in a second`);
