import { silentLog, standardRetry } from '#base';
import type { ControllerConfig } from '../../src/usp/exchange/config.ts';
import { ControllerSession, type ControllerSessionParts } from '../../src/usp/exchange/controller-session.ts';
import { HandClock } from './hand-clock.ts';
import { plainSettings } from './session-pair.ts';

/** The session of the controller `proto::c` with the agent `os::agent`, without anything around it. Who comes encrypted is the one. */
export function soleSession(parts: Partial<ControllerSessionParts> = {}): ControllerSession {
  const authority = {
    revision: 1,
    config: { untrusted: [] },
    judgeTransport: (_: unknown, { encrypted }: { encrypted: boolean }) => (encrypted ? { inherited: [] } : undefined),
    isBanned: () => false,
    rolesOf: () => [],
    viewOf: () => ({ protocol: 'usp' }),
    refresh: async () => {},
  };
  const config = {
    path: 'Device.LocalAgent.Controller.1.',
    endpointId: 'proto::c',
    assigned: ['role'],
    session: plainSettings,
    notifyRetry: standardRetry,
    bootParameters: [],
    peers: [],
  };
  const all = {
    authority,
    firstUse: { inactivityMs: () => 0 },
    clock: new HandClock(),
    log: silentLog,
    random: () => 0,
    randomHex: () => 'ab',
    endpointId: 'os::agent',
    signal: new AbortController().signal,
    reached: () => {},
    trace: { received: () => {}, sent: () => {} },
    settled: async () => {},
    ...parts,
  };
  return new ControllerSession(config as unknown as ControllerConfig, all as unknown as ControllerSessionParts);
}
