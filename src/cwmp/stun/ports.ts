import type { HostAddress, UdpPeer, UdpSocket } from '#platform';

/** What reaching the device over UDP needs of the platform. */
export interface UdpPorts {
  /** @throws UdpError */
  readonly openUdp: (options: {
    readonly family: 4 | 6;
    readonly port: number;
    /** Where requests are heard, at the address that is configured for them; else a port to ask from. */
    readonly listening?: boolean;
    readonly received: (data: Uint8Array, from: UdpPeer) => void;
  }) => Promise<UdpSocket>;
  /** @throws UdpError */
  readonly resolveHost: (host: string) => Promise<readonly HostAddress[]>;
  /** Address by which the host is reached from here. */
  readonly localAddressTowards: (host: string, port: number) => Promise<string | undefined>;
}
