import type { UdpPorts } from '../stun/ports.ts';
import type { XmppPorts } from '../xmpp/ports.ts';

/** What the ways around a NAT need of the platform. */
export interface ReachPorts extends UdpPorts, XmppPorts {
  /** Where UDP Connection Requests are heard; 0: any free port. */
  readonly udpPort: number;
  /** Source allow-list of connection requests. */
  readonly allows: (address: string) => boolean;
}
