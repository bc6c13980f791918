import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure, type TLSSocket } from 'node:tls';
import type { HttpTls } from './http-request.ts';
import { tlsTrust } from './tls-trust.ts';

export interface DialOptions {
  /** With its family; absent: whichever the routing gives. */
  readonly localAddress?: string;
  readonly family?: number;
  readonly ALPNProtocols?: string[];
}

/**
 * A connection on its way to a broker or a controller.
 * @param tls absent: without
 * @throws what Node says of a certificate or a key that can not be used
 */
export function dial(host: string, port: number, tls: HttpTls | undefined, more: DialOptions = {}): Socket {
  return tls ? secured(host, { port, ...more }, tls) : connectPlain({ host, port, ...more });
}

/** As `createConnection` of an HTTP request. */
export const dialTo =
  (url: URL, tls: HttpTls, more: DialOptions = {}) =>
  (): Socket =>
    dial(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || 443), tls, more);

/**
 * TLS 1.2 at least, the peer checked in full: chain, host name, dates, pins.
 * @param over where to, or a connection that stands
 */
export function secured(
  host: string,
  over: ({ port: number } & DialOptions) | { socket: Socket },
  tls: HttpTls,
): TLSSocket {
  const { checked, ...trust } = tlsTrust(tls);
  const socket = connectSecure({
    ...over,
    host,
    // An address is no server name (RFC 6066 3); it is checked all the same.
    ...(isIP(host) === 0 && { servername: host }),
    ...trust,
  });
  const { shown } = tls;
  // Ahead of Node's own look at it, which ends the connection if it is not content.
  if (shown) socket.prependOnceListener('secure', () => shown(socket.getPeerCertificate().raw ?? nothing));
  // And ahead of whoever sends something when the connection stands.
  if (checked) socket.once('secureConnect', () => checked(socket, host));
  return socket;
}

const nothing = new Uint8Array();
