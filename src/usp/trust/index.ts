export { type AccessOptions, accessOf, type Permission, type Role } from './access.ts';
export type { Authority } from './authority.ts';
export type { FirstUse } from './first-use.ts';
export type { IdentityPolicy, TransportEnd, Verdict, Voucher } from './judge.ts';
export { type FoundTargets, findTargets } from './target.ts';
export { Trust, type TrustPort } from './trust.ts';
export { noTrust, readTrust, type TrustConfig, type TrustRow } from './trust-config.ts';
