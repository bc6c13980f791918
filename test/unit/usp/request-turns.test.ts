import { describe, expect, it } from 'vitest';
import { RequestTurns } from '../../../src/usp/exchange/request-turns.ts';

/** Answers that take so long each, and wait for nothing. */
function begin(eachMs: number, count: number) {
  let now = 0;
  let answered = 0;
  const turns = new RequestTurns({ monotonicMs: () => now });
  for (let n = 0; n < count; n++) {
    turns.take(`m${n}`, 100, 'proven', async () => {
      now += eachMs;
      answered++;
    });
  }
  return { turns, answered: () => answered };
}
const others = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('requests of one controller that wait for nothing', () => {
  it('leave others the event loop in between', async () => {
    const { turns, answered } = begin(15, 200);
    const after: number[] = [];
    while (answered() < 200) {
      await others();
      after.push(answered());
    }
    const steps = after.map((count, at) => count - (after[at - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(4);
    await turns.idle;
    expect(answered()).toBe(200);
  });

  it('do so only when it is time', async () => {
    const { answered } = begin(0.05, 200);
    await others();
    expect(answered()).toBe(200);
  });
});
