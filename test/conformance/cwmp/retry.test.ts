import fc from 'fast-check';
import { expect, it } from 'vitest';
import { retryWaitMs } from '#base';

// TR-069 3.2.1.1: the wait before the n-th retry lies between m·(k/1000)^(n-1) and m·(k/1000)^n seconds; n goes no further than 10.
it('61: lies between its bounds for every setting', () => {
  const number = { noNaN: true, noDefaultInfinity: true } as const;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 65_535 }),
      fc.integer({ min: 1000, max: 65_535 }),
      fc.integer({ min: 1, max: 40 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, ...number }),
      (minimumWaitSeconds, intervalMultiplier, count, random) => {
        const waitMs = retryWaitMs({ minimumWaitSeconds, intervalMultiplier }, count, () => random);
        const n = Math.min(count, 10);
        const factor = intervalMultiplier / 1000;
        const least = minimumWaitSeconds * factor ** (n - 1) * 1000;
        expect(waitMs).toBeGreaterThanOrEqual(Math.min(least, Number.MAX_SAFE_INTEGER) * 0.999_999 - 1);
        expect(waitMs).toBeLessThanOrEqual(least * factor * 1.000_001 + 1);
      },
    ),
  );
});

it('62: is the table for the defaults, spread evenly over each line of it', () => {
  const policy = { minimumWaitSeconds: 5, intervalMultiplier: 2000 };
  for (let count = 1; count <= 12; count++) {
    const from = 5000 * 2 ** (Math.min(count, 10) - 1);
    const waits = [0, 0.25, 0.5, 0.999_999].map((random) => retryWaitMs(policy, count, () => random));
    expect(waits.map((wait) => Math.round((wait - from) / (from / 4)))).toEqual([0, 1, 2, 4]);
  }
});
