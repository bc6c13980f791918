export { Emitter } from './emitter.ts';
export { errorCode, explain, InvariantError, TandemError, unreachable } from './errors.ts';
export { createLog, formatRecord, type Log, type LogFields, type LogLevel, type LogRecord, silentLog } from './log.ts';
export { periodicWaitMs } from './periodic.ts';
export { type Ok, ok, type Refused, type Result, refused } from './result.ts';
export { type RetryPolicy, retryWaitMs, standardRetry } from './retry.ts';
export { Scope } from './scope.ts';
export { Secret } from './secret.ts';
export { type Clock, formatDateTime, sleep, systemClock, unknownTime } from './time.ts';
