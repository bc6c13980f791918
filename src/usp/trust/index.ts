export { type AccessOptions, accessOf, type Permission, type Role } from './access.ts';
export { Authority, type Voucher } from './authority.ts';
export { type FoundTargets, findTargets } from './target.ts';
export { noTrust, readTrust, type TrustConfig, type TrustRow } from './trust-config.ts';
