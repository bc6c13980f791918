import { describe, expect, it } from 'vitest';
import { crowded, powerReturn } from '../../support/power-return.ts';

/** The same on every run: mulberry32. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// npm run campaign:power-return does it with ten thousand.
describe('a town of agents after a power return', () => {
  it.each([
    ['is busy', { awayForSeconds: 0, sessionsPerSecond: 4 }, 3],
    ['asks for a minute', { awayForSeconds: 0, sessionsPerSecond: 4, retryAfterSeconds: 60 }, 3],
    ['is away', { awayForSeconds: 12, sessionsPerSecond: 10 }, 3],
  ])('comes back to an ACS that %s spread over each window of the retry table', async (_, acs, tries) => {
    const town = await powerReturn({ agents: 400, acs, random: chance(1) });
    expect(town.informed).toBe(400);
    expect(town.windows.length).toBeGreaterThanOrEqual(tries);
    expect(town.windows[1]!.informs).toBeGreaterThanOrEqual(390);
    expect(crowded(town)).toEqual([]);
  });

  it('informs periodically at all times when no phase is given', async () => {
    const agents = 400;
    const options = { agents, acs: { awayForSeconds: 0, sessionsPerSecond: agents }, random: chance(2) };
    const { periodic } = await powerReturn({ ...options, periodicSeconds: 20, forSeconds: 40 });
    expect(periodic.slice(0, 40).reduce((sum, count) => sum + (count ?? 0), 0)).toBeGreaterThanOrEqual(2 * agents - 50);
    expect(Math.max(...periodic.filter(Boolean))).toBeLessThanOrEqual((2 * agents) / 20);
  });
});
