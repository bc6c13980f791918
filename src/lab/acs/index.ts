export { Acs, type AcsInform, type AcsOptions, startAcs } from './acs.ts';
export type { AcsAuthentication } from './authentication.ts';
export { type AcsEvent, formatAcsEvent } from './events.ts';
export type { AcsAnswer, AcsFault, AcsRpc } from './rpc.ts';
