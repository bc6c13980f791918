import { NotRunnable, type Test } from '../verdict.ts';

const later = (number: string, title: string, feature: number, what: string): Test => ({
  number,
  title,
  needs: [feature],
  async run() {
    throw new NotRunnable(what);
  },
});
const dhcp = 'needs a DHCP server of the judge on a link with the agent';
const mdns = 'needs multicast on a link of the judge with the agent';

/** Below IP, where this judge does not reach yet. */
export const discoveryTests: readonly Test[] = [
  later('8.1', 'DHCP: what the agent asks for', 21, dhcp),
  later('8.2', 'DHCP: the provisioning code', 21, dhcp),
  later('8.3', 'DHCP: a name leads to DNS', 21, dhcp),
  later('8.4', 'mDNS: a name in .local', 22, mdns),
  later('8.5', 'mDNS: the services of the transports', 22, mdns),
  later('8.6', 'mDNS: TXT records', 22, mdns),
  later('8.7', 'mDNS: a query is answered', 22, mdns),
];
