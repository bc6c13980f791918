import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { publicRoots } from './authorities.ts';
import type { HttpTls } from './http-request.ts';

/** What a connection says of who is at its other end. */
export interface Peer {
  readonly encrypted: boolean;
  /** Of the peer's certificate, which has been checked in full, and its issuers as far as they are known: DER, the peer's own first. */
  readonly chain: readonly Uint8Array[];
}

const chainLimit = 8;

export function peerOf(stream: Socket): Peer {
  if (!(stream instanceof TLSSocket)) return { encrypted: false, chain: [] };
  return { encrypted: true, chain: chainOf(stream) };
}

export function chainOf(stream: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate: DetailedPeerCertificate | undefined = stream.getPeerCertificate(true);
  while (certificate?.raw && chain.length < chainLimit) {
    chain.push(certificate.raw);
    const { issuerCertificate }: DetailedPeerCertificate = certificate;
    // Of a self-signed one it is itself.
    certificate = issuerCertificate === certificate ? undefined : issuerCertificate;
    if (certificate?.raw?.equals(chain.at(-1)!)) break;
  }
  return chain;
}

/** The same trust, and these certificates (PEM) besides. */
export function trusting(tls: HttpTls, certificates: string): HttpTls {
  if (certificates === '') return tls;
  return { ...tls, ca: `${tls.ca ?? publicRoots()}\n${certificates}` };
}
