import { errorCode } from '#base';
import { UdpError } from './udp.ts';

export interface ServiceTarget {
  readonly host: string;
  readonly port: number;
  /** The lowest first. */
  readonly priority: number;
  /** Share among those of the same priority. */
  readonly weight: number;
}

/**
 * The SRV records of a service (RFC 2782).
 * @param name `_xmpp-client._tcp.example.com`
 * @returns none: there is no record; a record whose target is `.` says that there is no service, and is kept
 * @throws UdpError UDP_RESOLVE when no name server answers
 */
export async function resolveService(name: string): Promise<readonly ServiceTarget[]> {
  try {
    // Loaded when it is needed: it brings modules along that an idle agent has no use for.
    const { resolveSrv } = await import('node:dns/promises');
    const records = await resolveSrv(name);
    return records.map(({ name: host, port, priority, weight }) => ({ host, port, priority, weight }));
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes(errorCode(error) ?? '')) return [];
    throw new UdpError('UDP_RESOLVE', `the service '${name}' can not be looked up`, { cause: error });
  }
}
