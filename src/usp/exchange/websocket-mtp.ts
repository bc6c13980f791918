import { errorCode, explain, type Log } from '#base';
import type { WebSocketEvents, WebSocketLink } from '#platform';
import { readRecord, type UspRecord } from '../codec/record.ts';
import type { ControllerSession } from './controller-session.ts';
import { type Evidence, type Link, nothingKnown } from './link.ts';
import type { WebSocketPeer } from './mtp-config.ts';
import type { WebSocketSlot } from './websocket-slot.ts';

export type OpenWebSocket = (
  url: URL,
  options: {
    readonly protocol: string;
    readonly pingIntervalMs: number;
    readonly signal: AbortSignal;
    /** PEM: a certificate that is the peer's, whoever issued it. */
    readonly known?: string;
    /** Told of the peer's certificate (DER) before it is judged. */
    readonly shown: (certificate: Uint8Array) => void;
  },
  events: WebSocketEvents,
) => Promise<WebSocketLink>;

/** R-WS.9 */
export const subprotocol = 'v1.usp';
/** What a receiver can't process (R-WS.16). */
const unacceptable = 1003;
const goingAway = 1001;
/** There was no close frame (RFC 6455 7.1.5). */
const broken = 1006;
export const policyViolation = 1008;
export const websocketConnect = { websocketConnect: {} };

export interface WebSocketMtpParts {
  readonly session: ControllerSession;
  readonly peer: WebSocketPeer;
  readonly endpointId: string;
  readonly open: OpenWebSocket;
  readonly slot: WebSocketSlot;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

/**
 * The agent as WebSocket client of one controller (TR-369 "WebSocket Binding"). While the controller is connected to the agent's own server there is
 * nothing to do (R-WS.4).
 * @returns when the connection is over, how it ended; @throws WebSocketError when none comes to stand
 */
export async function runWebSocket(parts: WebSocketMtpParts): Promise<string> {
  const { session, peer, endpointId, slot, log, signal } = parts;
  await slot.free(signal);
  signal.throwIfAborted();
  const url = new URL(peer.url);
  // R-WS.10b, R-WS.10c
  url.searchParams.set('eid', endpointId);
  let over: (how: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    over = resolve;
  });
  let socket: WebSocketLink | undefined;
  let evidence: Evidence | undefined;
  const early: Uint8Array[] = [];
  const take = (bytes: Uint8Array): void => {
    if (socket) receiveOverWebSocket(session, bytes, endpointId, socket, log, evidence);
    else early.push(bytes);
  };
  let shown: Uint8Array | undefined;
  const known = session.firstCertificate;
  const pingIntervalMs = peer.keepAliveSeconds * 1000;
  const options = {
    protocol: subprotocol,
    pingIntervalMs,
    signal,
    shown: (certificate: Uint8Array) => {
      shown = certificate;
    },
    ...(known !== undefined && { known }),
  };
  const events: WebSocketEvents = {
    message: take,
    closed: (code, reason) => {
      log.info('connection closed', { controller: session.config.endpointId, code, reason });
      over(code === broken ? 'the connection broke' : `closed with ${code}${reason === '' ? '' : `: ${reason}`}`);
    },
  };
  socket = await parts.open(url, options, events).catch(async (error: Error & { readonly problem?: string }) => {
    if (shown) await session.meet(shown, error.problem);
    throw error;
  });
  const { send, close } = socket;
  const held = slot.take('agent', () => close(goingAway, 'replaced'));
  evidence = { ...socket.peer, end: 'controller' };
  const link: Link = {
    kind: 'websocket',
    evidence,
    connect: websocketConnect,
    send,
    refuse: (reason) => close(policyViolation, reason),
  };
  const stop = (): void => {
    session.leave(link);
    close(goingAway, 'closed by the agent');
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    parts.stands();
    session.connected(link);
    for (const bytes of early) take(bytes);
    return await closed;
  } finally {
    signal.removeEventListener('abort', stop);
    held[Symbol.dispose]();
    session.disconnected(link);
    socket[Symbol.dispose]();
  }
}

/** A message of the other end, whichever of the two opened the connection. */
export function receiveOverWebSocket(
  session: ControllerSession,
  bytes: Uint8Array,
  endpointId: string,
  socket: WebSocketLink,
  log: Log,
  evidence: Evidence = nothingKnown,
): void {
  let record: UspRecord;
  try {
    record = readRecord(bytes);
  } catch (error) {
    log.warn('a record can not be read', { code: errorCode(error), reason: explain(error) });
    socket.close(unacceptable, 'the record can not be read');
    return;
  }
  if (record.toId !== endpointId || record.fromId !== session.config.endpointId) {
    log.warn('a record is not for us, or not from whom this connection is with', {
      from: record.fromId,
      to: record.toId,
    });
    return;
  }
  session.receive(record, {
    reply: (answer) => socket.send(answer),
    reject: (reason) => socket.close(unacceptable, reason),
    connect: websocketConnect,
    evidence,
  });
}
