import { formatDateTime } from '#base';
import type { BlobTable } from '#platform';
import type { ControllerSession } from './controller-session.ts';
import type { Link } from './link.ts';
import type { Peer, WebSocketServerConfig } from './mtp-config.ts';
import type { RetryingState } from './retrying.ts';

/** One controller for `tandem status`: its connections, session and queue, what went wrong last and when it is tried again. */
export function controllerStatus(
  { config, links, exchange, queue, sure, firstCertificate }: ControllerSession,
  state: (path: string) => RetryingState | undefined,
): BlobTable {
  const proof = firstCertificate === undefined ? 'made sure of' : 'made sure of: the certificate that came first';
  const over = links.map(({ kind }) => kind).join(' and ');
  return {
    controller: config.endpointId,
    connected: over === '' ? 'no' : over,
    ...Object.fromEntries(config.peers.map((peer) => [nameOf(peer), mtpStatus(peer, links, state(carrierOf(peer)))])),
    ...(config.peers.length === 0 && over === '' && { mtp: 'none that is enabled and complete' }),
    ...(over !== '' && { identity: sure ? proof : 'not made sure of: untrusted role, not notified' }),
    session: exchange.status,
    queue: queueText(queue),
    onboarding: config.onBoarding.complete ? 'complete' : 'asked for',
  };
}

/** The agent's own WebSocket servers: the ports that controllers connect to. */
export function serverStatus(
  servers: readonly WebSocketServerConfig[],
  state: (path: string) => RetryingState | undefined,
): BlobTable {
  return Object.fromEntries(
    servers.map(({ path, port }) => [`mtp ${rowOf(path)} websocket server, port ${port}`, stateText(state(path))]),
  );
}

/** The row whose connection it comes by. */
function carrierOf(peer: Peer): string {
  if (peer.kind === 'mqtt') return peer.client;
  if (peer.kind === 'uds') return peer.socket;
  return peer.kind === 'stomp' ? peer.connection : peer.path;
}

const rowOf = (path: string): string => /MTP\.(\d+)\.$/.exec(path)?.[1] ?? '';
const nameOf = (peer: Peer): string =>
  `mtp ${rowOf(peer.path)} ${peer.kind}${peer.kind === 'websocket' ? ` ${peer.url.host}` : ''}`;

function mtpStatus({ kind }: Peer, links: readonly Link[], state: RetryingState | undefined): string {
  // A socket that the agent listens on stands before the controller has come.
  const waits = kind === 'uds' && state?.phase === 'up' && !links.some((link) => link.kind === kind);
  return !state || waits ? 'waits for the controller' : stateText(state);
}

function stateText(state: RetryingState | undefined): string {
  if (!state) return 'stopped';
  const { phase, since, reason, nextTrySeconds, attempts } = state;
  const words = [`${phase} since ${formatDateTime(since)}`];
  if (attempts > 0) words.push(`${attempts} failed`);
  if (phase !== 'up' && reason !== undefined) words.push(`last error: ${reason}`);
  if (nextTrySeconds !== undefined) words.push(`next try in ${nextTrySeconds} s`);
  return words.join(', ');
}

function queueText({ waiting, bytes, nextRetryMs }: ControllerSession['queue']): string {
  if (waiting === 0) return 'empty';
  const next = nextRetryMs === undefined ? '' : `, next one sent again in ${Math.ceil(nextRetryMs / 1000)} s`;
  return `${waiting} notifications, ${bytes} bytes${next}`;
}
