import type { Log } from '#base';
import type { WebSocketAdmission, WebSocketListener, WebSocketRequest } from '#platform';
import type { ControllerSession } from './controller-session.ts';
import type { Evidence, Link } from './link.ts';
import type { WebSocketServerConfig } from './mtp-config.ts';
import { policyViolation, receiveOverWebSocket, subprotocol, websocketConnect } from './websocket-mtp.ts';
import type { WebSocketSlot } from './websocket-slot.ts';

export type ListenWebSocket = (options: {
  readonly port: number;
  readonly protocol: string;
  readonly encryption: boolean;
  readonly pingIntervalMs: number;
  readonly admit: (request: WebSocketRequest) => Promise<WebSocketAdmission>;
}) => Promise<WebSocketListener>;

export interface WebSocketServerMtpParts {
  readonly config: WebSocketServerConfig;
  readonly endpointId: string;
  readonly listen: ListenWebSocket;
  /** The enabled controller with this Endpoint ID. */
  readonly controller: (
    endpointId: string,
  ) => { readonly session: ControllerSession; readonly slot: WebSocketSlot } | undefined;
  /** Addresses of these rows of `Device.IP.Interface.`. */
  readonly addressesOf: (interfaces: readonly string[]) => Promise<readonly string[]>;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

const goingAway = 1001;

/**
 * The agent as WebSocket server (TR-369 "WebSocket Binding", R-WS.6): for controllers that it knows, one connection each.
 * @returns when it is told to stop; @throws WebSocketServerError when the port can not be opened
 */
export async function runWebSocketServer(parts: WebSocketServerMtpParts): Promise<void> {
  const { config, listen, log, signal } = parts;
  /** What each connection that stands is left by. */
  const standing = new Set<() => void>();
  const server = await listen({
    port: config.port,
    protocol: subprotocol,
    encryption: config.encryption,
    pingIntervalMs: config.keepAliveSeconds * 1000,
    admit: (request) => admit(parts, standing, request),
  });
  parts.stands();
  log.info('listening for controllers', { port: server.port, path: config.resource, encryption: config.encryption });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const leave of standing) leave();
  await server[Symbol.asyncDispose]();
}

const refused = (status: number, reason: string): WebSocketAdmission => ({ admitted: false, status, reason });

async function admit(
  parts: WebSocketServerMtpParts,
  standing: Set<() => void>,
  request: WebSocketRequest,
): Promise<WebSocketAdmission> {
  const { config } = parts;
  if (config.interfaces.length > 0) {
    const reachable = await parts.addressesOf(config.interfaces);
    if (!reachable.includes(request.localAddress)) return refused(403, 'not by this interface');
  }
  const target = URL.canParse(request.target, 'ws://agent') ? new URL(request.target, 'ws://agent') : undefined;
  if (target?.pathname !== config.resource) return refused(404, 'another path');
  const extension = extensionEid(request.headers['sec-websocket-extensions'] ?? '');
  // The query is the current form (R-WS.10b), the extension that of USP before 1.3 (R-WS.10a).
  const endpointId = target.searchParams.get('eid') ?? extension;
  if (endpointId === undefined) return refused(400, 'no Endpoint ID');
  if (request.certificateNames && !certifies(request.certificateNames, endpointId)) {
    return refused(403, 'the certificate is not of this Endpoint ID');
  }
  const controller = parts.controller(endpointId);
  if (!controller) return refused(403, 'nobody we know');
  if (controller.slot.heldBy === 'agent') return refused(409, 'the agent is connected to this controller');
  // Who says so in clear does not take the place of who has shown a certificate.
  if (
    !request.certificateNames &&
    controller.session.links.some(({ kind, evidence }) => kind === 'websocket' && evidence.encrypted)
  )
    return refused(409, 'the controller is connected by TLS');
  return {
    admitted: true,
    // R-WS.11a; who did not ask might end the connection over it.
    ...(extension !== undefined && {
      headers: { 'Sec-WebSocket-Extensions': `bbf-usp-protocol; eid="${parts.endpointId}"` },
    }),
    accept: (socket) => {
      const { session, slot } = controller;
      const evidence: Evidence = { ...socket.peer, end: 'caller' };
      const link: Link = {
        kind: 'websocket',
        evidence,
        connect: websocketConnect,
        send: socket.send,
        close: (reason) => socket.close(policyViolation, reason),
        refuse: (reason) => socket.close(policyViolation, reason),
      };
      // A controller whose line broke comes back before its old connection is known to be dead.
      const held = slot.take('controller', () => {
        session.disconnected(link);
        socket.close(goingAway, 'replaced by a newer connection');
      });
      const leave = (): void => session.leave(link);
      standing.add(leave);
      session.connected(link);
      return {
        message: (bytes) => receiveOverWebSocket(session, bytes, parts.endpointId, socket, parts.log, evidence),
        closed: (code, reason) => {
          parts.log.info('connection closed', { controller: endpointId, code, reason });
          standing.delete(leave);
          held[Symbol.dispose]();
          session.disconnected(link);
        },
      };
    },
  };
}

/** `bbf-usp-protocol; eid="proto::controller"` */
function extensionEid(header: string): string | undefined {
  return /(?:^|,)\s*bbf-usp-protocol\s*;\s*eid\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(header)?.slice(1).find(Boolean);
}

/** R-SEC.0a */
function certifies(names: NonNullable<WebSocketRequest['certificateNames']>, endpointId: string): boolean {
  const domain = /^fqdn::(.+)$/.exec(endpointId)?.[1];
  return names.some(
    ([type, value]) =>
      (type === 'URI' && value === `urn:bbf:usp:id:${endpointId}`) ||
      (type === 'DNS' && domain !== undefined && value.toLowerCase() === domain.toLowerCase()),
  );
}
