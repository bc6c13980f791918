import { type Clock, errorCode, explain, type Log, TandemError } from '#base';
import type { UnixListener, UnixStream, UnixStreamEvents } from '#platform';
import { readRecord, type UspRecord } from '../codec/record.ts';
import type { ControllerSession } from './controller-session.ts';
import type { Evidence, Link } from './link.ts';
import type { UdsSocketConfig } from './mtp-config.ts';
import { UdsConnection, type UdsPeer } from './uds-connection.ts';

export interface UdsPorts {
  readonly connect: (
    path: string,
    take: (stream: UnixStream) => UnixStreamEvents,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly listen: (path: string, take: (stream: UnixStream) => UnixStreamEvents) => Promise<UnixListener>;
}

export interface UdsMtpParts {
  readonly config: UdsSocketConfig;
  readonly endpointId: string;
  readonly ports: UdsPorts;
  /** The controller with this Endpoint ID, if it is enabled and one of its MTPs is a UNIX domain socket. */
  readonly controller: (endpointId: string) => ControllerSession | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

/** USP_UDS_CLOSED: the connection, or the attempt, is over. */
export class UdsMtpError extends TandemError {}

const udsConnect = { udsConnect: {} };

/**
 * The agent at one UNIX domain socket, as server or as client (TR-369 "UNIX Domain Socket Binding").
 * @returns when it is told to stop; @throws UnixSocketError, UdsMtpError
 */
export async function runUds(parts: UdsMtpParts): Promise<void> {
  const { config, ports, endpointId, clock, log, signal } = parts;
  const open = new Set<UdsConnection>();
  let failed: (error: UdsMtpError) => void = () => {};
  const ended = new Promise<UdsMtpError | undefined>((resolve) => {
    failed = resolve;
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  const role = config.mode === 'Listen' ? 'server' : 'client';
  const take = (stream: UnixStream): UnixStreamEvents => {
    const connection = new UdsConnection({
      stream,
      role,
      endpointId,
      clock,
      greet: (peer, own) => greet(parts, peer, own),
      over: (reason) => {
        open.delete(connection);
        log.info('connection closed', { path: config.socket, reason });
        if (role === 'client') failed(new UdsMtpError('USP_UDS_CLOSED', reason));
      },
    });
    open.add(connection);
    return connection.events;
  };
  let listener: UnixListener | undefined;
  if (role === 'server') {
    listener = await ports.listen(config.socket, take);
    parts.stands();
  } else await ports.connect(config.socket, take, signal);
  const error = await ended;
  for (const connection of [...open]) connection.close('the agent stops');
  await listener?.[Symbol.asyncDispose]();
  if (error) throw error;
}

function greet(parts: UdsMtpParts, endpointId: string, connection: UdsConnection): UdsPeer | string {
  const { log, config } = parts;
  const session = parts.controller(endpointId);
  if (!session) return 'this Endpoint ID is not of a controller that is known here';
  if (config.mode === 'Connect') parts.stands();
  // Who may open the socket is who the file's mode lets.
  const evidence: Evidence = { encrypted: false, chain: [], end: 'local' };
  const link: Link = {
    kind: 'uds',
    evidence,
    connect: udsConnect,
    send: (record) => connection.send(record),
    close: (reason) => connection.fail(reason),
    refuse: (reason) => connection.fail(reason),
  };
  // A controller that starts anew is not kept waiting for its earlier self.
  for (const earlier of session.links.filter(({ kind }) => kind === 'uds'))
    earlier.close?.('replaced by a newer connection');
  session.connected(link);
  return {
    record: (bytes) => {
      let record: UspRecord;
      try {
        record = readRecord(bytes);
      } catch (error) {
        log.warn('a record can not be read', { code: errorCode(error), reason: explain(error) });
        // R-UDS.23
        connection.fail('the record can not be read');
        return;
      }
      if (record.toId !== parts.endpointId || record.fromId !== endpointId) {
        log.warn('a record is not for us, or not from whom this connection is with', {
          from: record.fromId,
          to: record.toId,
        });
        return;
      }
      session.receive(record, {
        reply: (answer) => connection.send(answer),
        reject: (reason) => connection.fail(reason),
        connect: udsConnect,
        evidence,
      });
    },
    closed: () => session.disconnected(link),
    leave: () => session.leave(link),
  };
}
