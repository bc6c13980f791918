import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildBundles } from '../../support/agent-process.ts';
import { growthOf, manySessions } from '../../support/session-campaign.ts';

let bundles: Awaited<ReturnType<typeof buildBundles>>;
beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());

// npm run campaign:sessions does it ten thousand times.
describe('session after session', () => {
  it('leaves no file and no timer open, and the heap as it was', async () => {
    const samples = await manySessions({ dist: bundles.dist, sessions: 60, sampleEach: 20 });
    expect(samples.map(({ sessions }) => sessions)).toEqual([20, 40, 60]);
    const growth = growthOf(samples[1]!, samples[2]!);
    expect(growth.files).toBeLessThanOrEqual(0);
    // One or two of the sockets that are being closed may have theirs still.
    expect(growth.timers).toBeLessThanOrEqual(2);
    expect(growth.heap + growth.external).toBeLessThan(3 << 19);
  });
});
