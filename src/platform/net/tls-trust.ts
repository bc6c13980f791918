import { createHash, X509Certificate } from 'node:crypto';
import type { ConnectionOptions, PeerCertificate, SecureContextOptions, TLSSocket } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import { TandemError } from '#base';
import { publicRoots } from './authorities.ts';
import type { HttpTls } from './http-request.ts';

/** TLS_PIN: no key of the chain is one of those that were pinned. TLS_PATH: no path to a trust anchor, or another host. */
export class TlsError extends TandemError {}

/** Longer chains are not followed. */
const depthLimit = 4;
const serverAuthentication = '1.3.6.1.5.5.7.3.1';

/** What of our own and of whom we trust goes into every TLS context. */
export function tlsContext({ ca, cert, key, crl }: HttpTls): SecureContextOptions {
  return {
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: key.reveal() }),
    ...(crl !== undefined && { crl: [...crl] }),
  };
}

/**
 * How the peer of a connection that we open is checked: chain, host name and dates by Node; pins on top. While the clock has never been set, and only if the
 * configuration has said so, the dates alone are waived (TR-069 3.3): the path is then checked here, certificate by certificate, because
 * Node tells one problem of a chain only and a wrong date would hide the others. With revocation lists, whose dates matter as much, they are not.
 */
export function tlsTrust(
  tls: HttpTls,
): ConnectionOptions & { readonly checked?: (socket: TLSSocket, host: string) => void } {
  const pins = tls.pins ?? [];
  const known = tls.known === undefined ? undefined : new X509Certificate(tls.known);
  const isKnown = (raw: Uint8Array | undefined): boolean => raw !== undefined && known?.raw.equals(raw) === true;
  const context: ConnectionOptions = {
    ...tlsContext(tls),
    // Node below 20.18 does not know the option: there it has to be self-signed.
    ...(known && { ca: `${tls.ca ?? publicRoots()}\n${known}`, allowPartialTrustChain: true }),
  };
  const withoutDates = tls.withoutDates?.() === true && tls.ca !== undefined && tls.crl === undefined;
  if (!withoutDates) {
    if (pins.length === 0 && !known) return context;
    return {
      ...context,
      checkServerIdentity: (host, certificate) =>
        (isKnown(certificate.raw) ? undefined : checkServerIdentity(host, certificate)) ??
        pinProblem(chainOf(certificate), pins),
    };
  }
  const anchors = certificatesOf(tls.ca!);
  return {
    ...context,
    rejectUnauthorized: !withoutDates,
    checked: (socket, host) => {
      const chain = chainOf(socket.getPeerCertificate(true));
      const path = isKnown(chain[0]?.raw) ? undefined : pathProblem(chain, anchors, host);
      const problem = path ?? pinProblem(chain, pins);
      if (problem) socket.destroy(problem);
    },
  };
}

/** The peer's certificate and those that it sent with it, each issued by the next. */
function chainOf(certificate: PeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let at = certificate as PeerCertificate & { issuerCertificate?: PeerCertificate };
  while (at?.raw && chain.length <= depthLimit) {
    const next = new X509Certificate(at.raw);
    if (chain.some((known) => known.fingerprint256 === next.fingerprint256)) break;
    const last = chain.at(-1);
    if (last && !(last.checkIssued(next) && last.verify(next.publicKey))) break;
    chain.push(next);
    at = at.issuerCertificate as typeof at;
  }
  return chain;
}

/** Everything but the dates: the name, the purpose, and a path of real issuers to an anchor. @internal tested on its own */
export function pathProblem(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  host: string,
): TlsError | undefined {
  const refuse = (message: string): TlsError => new TlsError('ERR_TLS_PATH', message);
  const [leaf] = chain;
  if (!leaf) return refuse('the peer has no certificate');
  if ((leaf.checkHost(host) ?? leaf.checkIP(host)) === undefined) return refuse('the certificate is of another host');
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes && purposes.length > 0 && !purposes.includes(serverAuthentication)) {
    return refuse('the certificate is not of a server');
  }
  for (const [index, certificate] of chain.entries()) {
    if (index > 0 && !certificate.ca) return refuse('a certificate was issued by none that may');
    const anchor = anchors.find(
      (one) =>
        one.fingerprint256 === certificate.fingerprint256 ||
        (one.ca && certificate.checkIssued(one) && certificate.verify(one.publicKey)),
    );
    // A server's own certificate as an anchor says nothing of who issued it.
    if (anchor && (index > 0 || anchor.fingerprint256 !== certificate.fingerprint256)) return undefined;
  }
  return refuse('no path from the certificate to a trust anchor');
}

/** @param pins SHA-256 of a public key (SubjectPublicKeyInfo), base64 */
function pinProblem(chain: readonly X509Certificate[], pins: readonly string[]): TlsError | undefined {
  if (pins.length === 0) return undefined;
  const keys = chain.map(({ publicKey }) =>
    createHash('sha256')
      .update(publicKey.export({ type: 'spki', format: 'der' }))
      .digest('base64'),
  );
  return keys.some((key) => pins.includes(key))
    ? undefined
    : new TlsError('ERR_TLS_PIN', 'no key of the certificates is one that was pinned');
}

/** The revocation lists of a file. A file that is not there is one that revokes nobody, and no authority goes without: nobody is trusted. */
export const revocationLists = (text: string | undefined): readonly string[] =>
  text?.match(/-----BEGIN X509 CRL-----[\s\S]*?-----END X509 CRL-----/g) ?? [noList];
const noList = '-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n';

const certificatesOf = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  );
