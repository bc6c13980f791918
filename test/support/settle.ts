import type { HandClock } from './hand-clock.ts';

/** Lets everything run that waits for nothing but its turn. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Moves the clock from timer to timer, so that what each begins has run before the next one rings. */
export async function pass(clock: HandClock, ms: number): Promise<void> {
  let left = ms;
  for (;;) {
    await settled();
    const next = clock.nextMs;
    if (next === undefined || next > left) break;
    clock.advance(next);
    left -= next;
  }
  clock.advance(left);
  await settled();
}
