import { type Emitter, type Log, TandemError } from '#base';
import type { StompEvents, StompLink, StompMessage, StompSubscription } from '#platform';
import type { RecordContent } from '../codec/record.ts';
import { addressedRecord } from './addressed-record.ts';
import type { LateAnswers } from './late-answers.ts';
import { type Evidence, nothingKnown } from './link.ts';
import type { StompConnectionConfig } from './mtp-config.ts';
import { SharedLinks, type SharedUser } from './shared-links.ts';

export type OpenStomp = (
  config: StompConnectionConfig,
  headers: Readonly<Record<string, string>>,
  events: StompEvents,
  signal: AbortSignal,
) => Promise<StompLink>;

/** R-STOMP.20 */
const contentType = 'application/vnd.bbf.usp.msg';

export interface StompMtpParts {
  readonly config: StompConnectionConfig;
  /** The agent's own destinations, as they are configured now. */
  readonly destinations: () => readonly string[];
  /** Controllers that are reached over this connection, as they are now. */
  readonly controllers: () => readonly SharedUser[];
  /** Says that one of the two has changed. */
  readonly changes: Emitter<void>;
  /** What the server says that our destination is; '': nothing. */
  readonly learned: (destination: string) => void;
  readonly late: LateAnswers;
  readonly endpointId: string;
  readonly open: OpenStomp;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

/** USP_NO_DESTINATION: neither the configuration nor the server says where we are (R-STOMP.16). */
export class StompMtpError extends TandemError {}

/**
 * One STOMP connection, for all controllers that are reached over it (TR-369 "STOMP Binding").
 * @returns when the connection is over; @throws StompError, StompMtpError
 */
export async function runStomp(parts: StompMtpParts): Promise<void> {
  const { config, endpointId, log, signal } = parts;
  let over: (error: unknown) => void = () => {};
  const closed = new Promise<unknown>((resolve) => {
    over = resolve;
  });
  let stomp: StompLink | undefined;
  let replyTo = '';
  const send = (destination: string, record: Uint8Array): void =>
    stomp?.send(destination, { 'content-type': contentType, 'reply-to-dest': replyTo }, record);
  const answer = (address: string, record: Uint8Array): void => {
    if (signal.aborted) parts.late.add({ address, record, retain: false });
    else send(address, record);
  };
  // R-STOMP.4
  const headers = { 'endpoint-id': endpointId };
  let evidence: Evidence | undefined;
  const message = (received: StompMessage): void => receive(parts, received, answer, replyTo, evidence);
  stomp = await parts.open(config, headers, { message, closed: over }, signal);
  evidence = { ...stomp.peer, end: 'broker' };
  const links = new SharedLinks<SharedUser>('stomp', evidence, ({ address }, record) => send(address, record));
  const stop = (): void => over(undefined);
  signal.addEventListener('abort', stop, { once: true });
  // R-STOMP.6, R-STOMP.14, R-STOMP.15
  const given = stomp.connected.get('subscribe-dest') ?? '';
  parts.learned(given);
  const wanted = (): readonly string[] => (given !== '' ? [given] : parts.destinations());
  const subscriptions = new Map<string, StompSubscription>();
  /** R-STOMP.29 */
  const sync = async (): Promise<void> => {
    const now = wanted();
    const [first] = now;
    if (first === undefined)
      throw new StompMtpError('USP_NO_DESTINATION', 'neither the configuration nor the server names a destination');
    for (const [destination, subscription] of [...subscriptions]) {
      if (now.includes(destination)) continue;
      subscription[Symbol.dispose]();
      subscriptions.delete(destination);
    }
    for (const destination of now) {
      if (!subscriptions.has(destination)) subscriptions.set(destination, await stomp.subscribe(destination));
    }
    // Everybody is told where the agent is now.
    if (replyTo !== first) links[Symbol.dispose]();
    replyTo = first;
    links.sync(parts.controllers(), connectOf(replyTo));
  };
  let turn = sync();
  const changed = parts.changes.on(() => {
    turn = turn.then(sync);
    turn.catch(over);
  });
  try {
    await turn;
    parts.stands();
    for (const { address, record } of parts.late.take()) send(address, record);
    if (!signal.aborted) {
      const error = await closed;
      if (!signal.aborted) throw error;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    changed[Symbol.dispose]();
    if (signal.aborted) links.leave();
    links[Symbol.dispose]();
    parts.learned('');
    await stomp[Symbol.asyncDispose]();
    log.info('connection closed', { server: config.host });
  }
}

const connectOf = (subscribedDestination: string): RecordContent => ({
  stompConnect: { version: 0, subscribedDestination },
});

function receive(
  parts: StompMtpParts,
  message: StompMessage,
  send: (destination: string, record: Uint8Array) => void,
  own: string,
  evidence: Evidence = nothingKnown,
): void {
  const { endpointId, log } = parts;
  const type = message.headers.get('content-type');
  if (type !== undefined && type !== contentType) {
    log.warn('a message of another content type is ignored', { content_type: type.slice(0, 100) });
    return;
  }
  const addressed = addressedRecord(message.body, endpointId, parts.controllers(), log);
  if (!addressed) return;
  const { record, known } = addressed;
  // R-STOMP.23
  const replyTo = message.headers.get('reply-to-dest') ?? known.address;
  known.session.receive(record, {
    reply: (answer) => send(replyTo, answer),
    reject: (reason) => log.warn('a record was dropped', { from: record.fromId, reason }),
    connect: connectOf(own),
    evidence,
  });
}
