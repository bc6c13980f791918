export { Acs, type AcsOptions, startAcs } from './acs.ts';
export type { AcsAuthentication, AcsCredentials } from './authentication.ts';
export { AcsError } from './errors.ts';
export type { AcsEvent } from './events.ts';
export { formatAcsEvent } from './format-event.ts';
export type { AcsInform } from './inform.ts';
export type { AcsDevice } from './inform-log.ts';
export type { AcsAnswer, AcsFault, AcsRpc } from './rpc.ts';
