/** What the peer of a TLS connection has shown. */
export interface PeerCertificates {
  /** DER, the peer's own first, then its issuers as far as they are known. */
  readonly chain: readonly Uint8Array[];
}

/** HMAC-SHA-256 keys for records, 32 bytes each (TR-369 R-E2E.37, R-E2E.39). */
export interface RecordKeys {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

export interface TunnelEvents {
  /** TLS records for the peer; those that one message was encrypted into come together, and with it. */
  readonly records: (records: readonly Uint8Array[], message?: Uint8Array) => void;
  /** A message of the peer. */
  readonly message: (message: Buffer) => void;
  /** The handshake is complete and both sides have shown a certificate that is trusted. */
  readonly secure: (peer: PeerCertificates, keys: RecordKeys) => void;
  /** Once; nothing follows. @param ended the peer has closed it in due form */
  readonly failed: (reason: string, ended: boolean) => void;
}

/** TLS without a socket: what would go over the wire is carried in USP records (TR-369 "TLS Payload Encapsulation"). */
export interface Tunnel extends Disposable {
  /** TLS records of the peer, as one reassembled payload. */
  feed(records: Uint8Array): void;
  /** Waits for the handshake. */
  send(message: Uint8Array): void;
}

/** @param role the endpoint that began the session context is the client */
export type OpenTunnel = (role: 'client' | 'server', events: TunnelEvents) => Tunnel;
