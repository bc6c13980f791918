import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { HttpTls } from './http-request.ts';

export interface DialOptions {
  /** With its family; absent: whichever the routing gives. */
  readonly localAddress?: string;
  readonly family?: number;
  readonly ALPNProtocols?: string[];
}

/**
 * A connection on its way to a broker. TLS 1.2 at least, checked by Node in full: chain, host name, dates.
 * @param tls absent: without
 * @throws what Node says of a certificate or a key that can not be used
 */
export function dial(host: string, port: number, tls: HttpTls | undefined, more: DialOptions = {}): Socket {
  if (!tls) return connectPlain({ host, port, ...more });
  const { ca, cert, key } = tls;
  return connectSecure({
    host,
    port,
    ...more,
    minVersion: 'TLSv1.2',
    // An address is no server name (RFC 6066 3); it is checked all the same.
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: key.reveal() }),
  });
}
