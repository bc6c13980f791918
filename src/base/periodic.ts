/**
 * Time until the next point of a grid (TR-181 PeriodicInformTime, PeriodicNotifTime): at the phase plus a whole number of intervals.
 * @param phase milliseconds since 1970; `undefined`: counted from now
 * @returns milliseconds, greater than 0
 */
export function periodicWaitMs(now: number, phase: number | undefined, intervalSeconds: number): number {
  const intervalMs = intervalSeconds * 1000;
  if (phase === undefined) return intervalMs;
  const since = (now - phase) % intervalMs;
  return intervalMs - (since < 0 ? since + intervalMs : since);
}
