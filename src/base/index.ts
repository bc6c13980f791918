export { Emitter } from './emitter.ts';
export { errorCode, explain, InvariantError, TandemError, unreachable } from './errors.ts';
export { GrowingBytes } from './growing-bytes.ts';
export { isListedHost } from './host-list.ts';
export { LinkedAbort } from './linked-abort.ts';
export {
  createLog,
  formatRecord,
  isLogLevel,
  type Log,
  type LogFields,
  type LogLevel,
  type LogRecord,
  oneLine,
  silentLog,
} from './log.ts';
export { type PhasePlan, PhaseTimer } from './phase-timer.ts';
export { type Ok, ok, type Refused, type Result, refused } from './result.ts';
export { type RetryPolicy, retryWaitMs, standardRetry } from './retry.ts';
export { Scope } from './scope.ts';
export { Secret } from './secret.ts';
export { type Clock, clockIsSet, formatDateTime, sleep, systemClock, unknownTime } from './time.ts';
export { TokenBucket } from './token-bucket.ts';
