import { describe, expect, it } from 'vitest';
import type { ControllerSession } from '../../../src/usp/exchange/controller-session.ts';
import type { Link } from '../../../src/usp/exchange/link.ts';
import type { Peer } from '../../../src/usp/exchange/mtp-config.ts';
import type { RetryingState } from '../../../src/usp/exchange/retrying.ts';
import { controllerStatus, serverStatus } from '../../../src/usp/exchange/status.ts';

const since = Date.parse('2026-11-21T12:00:00Z');
const failing: RetryingState = { phase: 'waiting', attempts: 2, reason: 'why', since, nextTrySeconds: 7 };
const words = 'waiting since 2026-11-21T12:00:00Z, 2 failed, last error: why, next try in 7 s';
const up: RetryingState = { phase: 'up', attempts: 0, since };

/** @param states by the row whose transport it is */
function statusOf(peers: readonly Peer[], states: Readonly<Record<string, RetryingState>>, links: Link['kind'][] = []) {
  const session = {
    config: { endpointId: 'proto::c', peers, onBoarding: { complete: true } },
    links: links.map((kind) => ({ kind })),
    exchange: { status: 'Down' },
    queue: { waiting: 0, bytes: 0, nextRetryMs: undefined },
    sure: true,
    firstCertificate: undefined,
  } as unknown as ControllerSession;
  return controllerStatus(session, (path) => states[path]);
}
const uds: Peer = { kind: 'uds', path: 'Device.LocalAgent.Controller.1.MTP.2.', socket: 'Device.Sockets.1.' };

describe('the status of a controller, for people', () => {
  it('says that nothing leads to it', () => {
    expect(statusOf([], {})).toMatchObject({ connected: 'no', mtp: 'none that is enabled and complete' });
    expect(statusOf([], {}, ['websocket'])).not.toHaveProperty('mtp');
  });

  it('says why a UNIX domain socket can not be opened, and waits at one that is', () => {
    expect(statusOf([uds], { 'Device.Sockets.1.': failing })).toMatchObject({ 'mtp 2 uds': words });
    expect(statusOf([uds], { 'Device.Sockets.1.': up })).toMatchObject({ 'mtp 2 uds': 'waits for the controller' });
    expect(statusOf([uds], { 'Device.Sockets.1.': up }, ['uds'])).toMatchObject({
      'mtp 2 uds': 'up since 2026-11-21T12:00:00Z',
    });
  });

  it("has the agent's own servers", () => {
    const server = { path: 'Device.LocalAgent.MTP.3.', port: 8443 } as Parameters<typeof serverStatus>[0][number];
    expect(serverStatus([server], () => failing)).toEqual({ 'mtp 3 websocket server, port 8443': words });
    expect(serverStatus([server], () => undefined)).toEqual({ 'mtp 3 websocket server, port 8443': 'stopped' });
  });
});
