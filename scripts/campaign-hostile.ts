// npm run campaign:hostile: the daemon and an ACS that means no good, case by case: how its session ends, and what it takes of memory.
import { buildBundles } from '../test/support/agent-process.ts';
import { hostileCases, meetHostile, memoryLimitBytes } from '../test/support/hostile-campaign.ts';

const { dist, remove } = await buildBundles();
let wrong = 0;
try {
  for (const hostile of hostileCases) {
    const { error, growthBytes, cameBack } = await meetHostile(dist, hostile);
    const asMeant = hostile.fails === undefined ? error === '' : error.includes(hostile.fails);
    if (!asMeant || !cameBack || growthBytes > memoryLimitBytes) wrong++;
    const end = error === '' ? 'ends well' : error.replace(/^\S+ /, '');
    console.log(
      `${hostile.name.padEnd(38)} ${(growthBytes / 2 ** 20).toFixed(1).padStart(5)} MB  ${end}${cameBack ? '' : ', and does not come back'}`,
    );
  }
} finally {
  remove();
}
process.exitCode = wrong > 0 ? 1 : 0;
