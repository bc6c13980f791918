import type { ServiceTarget, StreamEvents, StreamLink } from '#platform';

/** What XMPP needs of the platform. */
export interface XmppPorts {
  /** With the device's trust anchors and client certificate. @throws StreamError */
  readonly openStream: (
    to: { readonly host: string; readonly port: number; readonly signal: AbortSignal },
    events: StreamEvents,
  ) => Promise<StreamLink>;
  /** SRV records. @throws UdpError */
  readonly resolveService: (name: string) => Promise<readonly ServiceTarget[]>;
  /** Lab only: a server without TLS, if the connection does not ask for it (UseTLS). */
  readonly allowPlain: boolean;
}
