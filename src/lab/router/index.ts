export type { CallLog, LoggedCall } from './call-log.ts';
export { defaultPackages } from './config/defaults.ts';
export type { Failures } from './failures.ts';
export { fenwickAx5g, type HostProfile, type Profile, type RadioHardware } from './profile.ts';
export { type NewStation, type RebootReason, Router, type RouterOptions, startRouter } from './router.ts';
