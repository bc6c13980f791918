import { describe, expect, it } from 'vitest';
import { RandomPool } from '#platform';

describe('RandomPool', () => {
  it('gives as much as is asked for, and nothing twice', () => {
    const pool = new RandomPool();
    const seen = new Set<string>();
    for (let round = 0; round < 2000; round++) {
      const piece = pool.take(6 + (round % 11));
      expect(piece.length).toBe(6 + (round % 11));
      expect(piece.some((byte) => byte !== 0)).toBe(true);
      seen.add(piece.toString('hex'));
    }
    expect(seen.size).toBe(2000);
  });

  it('gives more than it holds', () => {
    const piece = new RandomPool().take(2000);
    expect(piece.length).toBe(2000);
    expect(new Set(piece).size).toBeGreaterThan(200);
  });

  it('gives every value of a byte about as often', () => {
    const pool = new RandomPool();
    const counts = new Array<number>(256).fill(0);
    for (let round = 0; round < 20_000; round++) for (const byte of pool.take(16)) counts[byte]!++;
    // 1,250 each; eight standard deviations (35) either side.
    expect(Math.min(...counts)).toBeGreaterThan(970);
    expect(Math.max(...counts)).toBeLessThan(1530);
  });
});
