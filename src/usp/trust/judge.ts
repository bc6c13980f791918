import type { X509Certificate } from 'node:crypto';
import { names, pathTo } from './certificate.ts';

/** What makes sure who a peer is. */
export interface Voucher {
  /** Roles that come with the credential (`ControllerTrust.Credential.{i}.Role`), as rows without the last dot. */
  readonly inherited: readonly string[];
}

/** How sure the agent has to be that a controller is the one, before its roles count (`option identity`, docs/usp-trust.md). */
export type IdentityPolicy = 'certificate' | 'host' | 'none';

/** One row of `ControllerTrust.Credential.{i}.` that is enabled. */
export interface Credential {
  readonly certificate: X509Certificate;
  readonly roles: readonly string[];
  readonly uses: 'MTP-only' | 'MTP-and-USP' | 'MTP-and-broker';
}

export interface Grounds {
  readonly policy: IdentityPolicy;
  readonly credentials: readonly Credential[];
  /** Authorities that are trusted for the identity of a controller; they carry no role. What controllers have added is not among them: it is good for a connection. */
  readonly anchors: () => readonly X509Certificate[];
  /** `undefined`: the time is not known. */
  readonly now: number | undefined;
}

/** The controller that somebody says he is. */
export interface Claim {
  readonly endpointId: string;
  /** Of `Controller.{i}.Credential`. */
  readonly credentials: readonly X509Certificate[];
}

/** What a transport knows of its other end; the certificate, if there is one, has been checked by TLS. */
export interface TransportEvidence {
  readonly encrypted: boolean;
  /** The peer's own first. What follows it is what the peer has sent: not by what path TLS came to trust it. */
  readonly chain: readonly X509Certificate[];
  readonly end: TransportEnd;
}

/** Who is at the other end: where we have connected to, a controller or a broker; somebody who has connected to us; a process of this device that the system let in. */
export type TransportEnd = 'controller' | 'broker' | 'caller' | 'local';

/** `undefined`: nothing makes sure of it; `other`: it is certainly somebody else (R-SEC.0a). */
export type Verdict = Voucher | undefined | 'other';

/** TR-369 "USP Record without USP Layer Secure Message Exchange", "Checking a Certificate". */
export function judgeTransport(grounds: Grounds, claim: Claim, { encrypted, chain, end }: TransportEvidence): Verdict {
  const own = chain[0];
  if (end === 'local') return { inherited: [] };
  if (encrypted && own) {
    if (end === 'broker') {
      const broker = inherited(grounds, chain, 'MTP-and-broker');
      if (broker) return { inherited: broker };
    } else {
      if (claim.credentials.some(({ raw }) => raw.equals(own.raw))) return roles(grounds, chain);
      const named = names(own, claim.endpointId);
      if (named === 'yes' && pathToTrusted(grounds, chain)) return roles(grounds, chain);
      if (named === 'other' && grounds.policy !== 'none') return 'other';
    }
  }
  // Whoever connects to us is no host that we chose.
  if (grounds.policy === 'none' || (grounds.policy === 'host' && encrypted && end !== 'caller'))
    return { inherited: [] };
  return undefined;
}

/** Of a certificate that comes in a record or in a TLS session within records: nobody has checked it yet. */
export function judgeCertificate(grounds: Grounds, claim: Claim, chain: readonly X509Certificate[]): Verdict {
  const own = chain[0];
  if (!own) return undefined;
  const stored = claim.credentials.find(({ raw }) => raw.equals(own.raw));
  if (stored) return pathTo([own], [own], grounds.now) && roles(grounds, chain);
  if (names(own, claim.endpointId) !== 'yes') return 'other';
  return pathToTrusted(grounds, chain) && roles(grounds, chain);
}

/** To somebody who is trusted to say whose a certificate is (TR-181 ControllerTrust.Credential.{i}.AllowedUses). */
function pathToTrusted(
  { anchors, credentials, now }: Grounds,
  chain: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const named = credentials.filter(({ uses }) => uses === 'MTP-and-USP').map(({ certificate }) => certificate);
  return pathTo(chain, [...anchors(), ...named], now);
}

function roles(grounds: Grounds, chain: readonly X509Certificate[]): Voucher {
  return { inherited: inherited(grounds, chain, 'MTP-and-USP') ?? [] };
}

/** Of the first credential that the certificate goes back to (R-SEC.25), signature by signature. */
function inherited(
  { credentials, now }: Grounds,
  chain: readonly X509Certificate[],
  use: Credential['uses'],
): readonly string[] | undefined {
  const usable = credentials.filter(({ uses }) => uses === use);
  const known = usable.map(({ certificate }) => certificate);
  const first = pathTo(chain, known, now)?.at(-1);
  return first && usable.find(({ certificate }) => certificate.raw.equals(first.raw))?.roles;
}
