import { formatDateTime } from '#base';
import type { BlobTable } from '#platform';
import type { ControllerSession } from './controller-session.ts';
import type { Peer } from './mtp-config.ts';
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
    ...Object.fromEntries(config.peers.map((peer) => mtpStatus(peer, state(carrierOf(peer))))),
    ...(over !== '' && { identity: sure ? proof : 'not made sure of: untrusted role, not notified' }),
    session: exchange.status,
    queue: queueText(queue),
    onboarding: config.onBoarding.complete ? 'complete' : 'asked for',
  };
}

/** The row whose connection it comes by. */
function carrierOf(peer: Peer): string {
  if (peer.kind === 'mqtt') return peer.client;
  return peer.kind === 'stomp' ? peer.connection : peer.path;
}

function mtpStatus(peer: Peer, state: RetryingState | undefined): [string, string] {
  const row = /MTP\.(\d+)\.$/.exec(peer.path)?.[1] ?? '';
  const name = `mtp ${row} ${peer.kind}${peer.kind === 'websocket' ? ` ${peer.url.host}` : ''}`;
  if (!state) return [name, 'waits for the controller'];
  const { phase, since, reason, nextTrySeconds, attempts } = state;
  const words = [`${phase} since ${formatDateTime(since)}`];
  if (attempts > 0) words.push(`${attempts} failed`);
  if (phase !== 'up' && reason !== undefined) words.push(`last error: ${reason}`);
  if (nextTrySeconds !== undefined) words.push(`next try in ${nextTrySeconds} s`);
  return [name, words.join(', ')];
}

function queueText({ waiting, bytes, nextRetryMs }: ControllerSession['queue']): string {
  if (waiting === 0) return 'empty';
  const next = nextRetryMs === undefined ? '' : `, next one sent again in ${Math.ceil(nextRetryMs / 1000)} s`;
  return `${waiting} notifications, ${bytes} bytes${next}`;
}
