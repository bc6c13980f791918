/**
 * The retry table that TR-069 (Amendment 6, section 3.2.1.1) and TR-369 (R-MTP and R-NOT retry clauses) share: the wait before
 * attempt n is uniform in [m·(k/1000)^(n-1), m·(k/1000)^n] seconds, n capped at 10.
 */
export interface RetryPolicy {
  /** m, seconds. */
  readonly minimumWaitSeconds: number;
  /** k, thousandths. */
  readonly intervalMultiplier: number;
  /** No wait is longer; absent: the table's own end. */
  readonly maximumWaitSeconds?: number;
}

export const standardRetry: RetryPolicy = { minimumWaitSeconds: 5, intervalMultiplier: 2000 };

/**
 * @param attempt 1 for the first retry
 * @param random uniform in [0, 1); per device, never seeded by time
 * @param notBeforeSeconds the peer has asked for it; those that it has asked at the same time come back as far apart as the table has them
 * @returns milliseconds
 */
export function retryWaitMs(policy: RetryPolicy, attempt: number, random: () => number, notBeforeSeconds = 0): number {
  const n = Math.min(Math.max(1, attempt), 10);
  const factor = policy.intervalMultiplier / 1000;
  const low = policy.minimumWaitSeconds * factor ** (n - 1);
  const high = policy.minimumWaitSeconds * factor ** n;
  const longest = policy.maximumWaitSeconds ?? Number.POSITIVE_INFINITY;
  const earliest = Math.max(low, notBeforeSeconds);
  return Math.round(Math.min(earliest + random() * (high - low), Math.max(longest, notBeforeSeconds)) * 1000);
}
