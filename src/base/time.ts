/** The clock that everything long-lived is handed; tests hand in one that they move themselves. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. It may jump. */
  now(): number;
  /** Milliseconds that only ever grow, for measuring waits. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; the timer never keeps the process alive by itself. */
  timer(delayMs: number, callback: () => void): Disposable;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(delayMs, callback) {
    return longTimer(delayMs, callback);
  },
};

// setTimeout takes 31 bits; a periodic inform of a month is longer than that.
const longestStepMs = 0x7fff_ffff;

function longTimer(delayMs: number, callback: () => void): Disposable {
  let left = Math.max(0, delayMs);
  let handle: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const step = Math.min(left, longestStepMs);
    left -= step;
    handle = setTimeout(() => (left > 0 ? arm() : callback()), step);
    handle.unref();
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(handle) };
}

/** Resolves after `delayMs`; rejects with the signal's reason when aborted first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = (): void => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Before this no device with this software can have run: a clock that says so has not been set. */
const firstPossibleMs = Date.UTC(2026, 0, 1);
export const clockIsSet = (nowMs: number): boolean => nowMs >= firstPossibleMs;

/** TR-106 dateTime in UTC, whole seconds: `2026-11-21T01:45:00Z`. */
export function formatDateTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** TR-106 "unknown time". */
export const unknownTime = '0001-01-01T00:00:00Z';
