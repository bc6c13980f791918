import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildBundles } from '../../support/agent-process.ts';
import { hostileCases, meetHostile, memoryLimitBytes } from '../../support/hostile-campaign.ts';

let bundles: Awaited<ReturnType<typeof buildBundles>>;
beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());

// npm run campaign:hostile goes through all of them; hostile-acs.test.ts shows how each session fails and that it is tried again.
describe('the daemon bears an ACS that means no good', () => {
  it.each(
    hostileCases.filter(({ name }) => /^(10 GB|as many elements)/.test(name)).map((one) => [one.name, one] as const),
  )('%s', async (_, hostile) => {
    const { error, growthBytes, cameBack } = await meetHostile(bundles.dist, hostile);
    expect(error).toContain(hostile.fails);
    expect(growthBytes).toBeLessThanOrEqual(memoryLimitBytes);
    expect(cameBack).toBe(true);
  });
});
