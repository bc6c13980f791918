import { ok } from '#base';
import type { Verb } from './verb.ts';

/** Versions of the protocol, in ascending order. */
export const supportedVersions = '1.0,1.1,1.2,1.3,1.4';

/** TR-369 "The GetSupportedProtocol Message". */
export const getSupportedProtocol: Verb<'getSupportedProtocol', 'getSupportedProtocolResp'> = async () =>
  ok({ agentSupportedProtocolVersions: supportedVersions });
