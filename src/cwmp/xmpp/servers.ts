import type { ServiceTarget } from '#platform';
import { XmppError } from './errors.ts';
import type { XmppPorts } from './ports.ts';

export interface XmppServer {
  readonly host: string;
  readonly port: number;
}

export interface ServerChoice {
  readonly algorithm: 'DNS-SRV' | 'DNS' | 'ServerTable';
  readonly domain: string;
  /** Rows of the Server table that are enabled. Weight -1: ours to choose. */
  readonly table: readonly ServiceTarget[];
}

const clientPort = 5222;

/**
 * Where to connect to, in the order in which to try (TR-181 ServerConnectAlgorithm, RFC 6120 3.2).
 * @param random uniform in [0, 1)
 * @throws XmppError XMPP_NO_SERVER; UdpError when no name server answers
 */
export async function serversOf(
  { algorithm, domain, table }: ServerChoice,
  ports: Pick<XmppPorts, 'resolveService'>,
  random: () => number,
): Promise<readonly XmppServer[]> {
  const fallback = [{ host: domain, port: clientPort }];
  if (algorithm === 'DNS') return fallback;
  const targets = algorithm === 'ServerTable' ? table : await ports.resolveService(`_xmpp-client._tcp.${domain}`);
  // RFC 6120 3.2.1: no records, the domain itself; one that says that there is no service, none.
  if (targets.length === 0 && algorithm === 'DNS-SRV') return fallback;
  const usable = targets.filter(({ host }) => host !== '' && host !== '.');
  if (usable.length === 0) throw new XmppError('XMPP_NO_SERVER', `there is no server for '${domain}'`);
  return inOrder(usable, random);
}

/** RFC 2782: by priority; among equals at random, by their weights. */
function inOrder(targets: readonly ServiceTarget[], random: () => number): XmppServer[] {
  const ordered: XmppServer[] = [];
  for (const priority of [...new Set(targets.map((target) => target.priority))].sort((a, b) => a - b)) {
    const left = targets.filter((target) => target.priority === priority);
    while (left.length > 0) {
      // Weight 0 has a small chance, and not none.
      const weights = left.map(({ weight }) => Math.max(weight, 0) + 0.01);
      let at = random() * weights.reduce((sum, weight) => sum + weight, 0);
      let chosen = 0;
      while (chosen < left.length - 1 && at >= weights[chosen]!) at -= weights[chosen++]!;
      const [{ host, port }] = left.splice(chosen, 1) as [ServiceTarget];
      ordered.push({ host, port });
    }
  }
  return ordered;
}
