import type { RetryPolicy } from '#base';

/** TR-181 `Device.STOMP.Connection.{i}.ServerRetry…`: between 0 and m·(k/1000)^(n-1) seconds, n at most 10. @returns milliseconds */
export function stompWaitMs(policy: RetryPolicy, random: () => number, attempt: number): number {
  const { minimumWaitSeconds, intervalMultiplier, maximumWaitSeconds = Number.POSITIVE_INFINITY } = policy;
  const longest = minimumWaitSeconds * (intervalMultiplier / 1000) ** (Math.min(attempt, 10) - 1);
  return Math.round(Math.min(random() * longest, maximumWaitSeconds) * 1000);
}
