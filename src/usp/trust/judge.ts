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
  /** Authorities that are trusted for the identity of a controller; they carry no role. None: those that TLS trusts by itself. */
  readonly anchors: readonly X509Certificate[];
  /** All certificates that controllers have added: by themselves they are good for a connection and no more. */
  readonly added: readonly X509Certificate[];
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
  readonly chain: readonly X509Certificate[];
  /** Who is at the other end; `local`: a process of this device that the system let in. */
  readonly end: 'controller' | 'broker' | 'local';
}

/** `undefined`: nothing makes sure of it; `other`: it is certainly somebody else (R-SEC.0a). */
export type Verdict = Voucher | undefined | 'other';

/** TR-369 "USP Record without USP Layer Secure Message Exchange", "Checking a Certificate". */
export function judgeTransport(grounds: Grounds, claim: Claim, { encrypted, chain, end }: TransportEvidence): Verdict {
  const own = chain[0];
  if (end === 'local') return { inherited: [] };
  if (encrypted && own) {
    if (end === 'broker') {
      const broker = inherited(grounds.credentials, chain, 'MTP-and-broker');
      if (broker) return { inherited: broker };
    } else {
      if (claim.credentials.some(({ raw }) => raw.equals(own.raw))) return roles(grounds, chain);
      const named = names(own, claim.endpointId);
      if (named === 'yes' && mayName(grounds, chain)) return roles(grounds, chain);
      if (named === 'other' && grounds.policy !== 'none') return 'other';
    }
  }
  if (grounds.policy === 'none' || (grounds.policy === 'host' && encrypted)) return { inherited: [] };
  return undefined;
}

/** Of a certificate that comes in a record or in a TLS session within records: nobody has checked it yet. */
export function judgeCertificate(grounds: Grounds, claim: Claim, chain: readonly X509Certificate[]): Verdict {
  const own = chain[0];
  if (!own) return undefined;
  const stored = claim.credentials.find(({ raw }) => raw.equals(own.raw));
  if (stored) return pathTo([own], [own], grounds.now) && roles(grounds, chain);
  if (names(own, claim.endpointId) !== 'yes') return 'other';
  const authorities = grounds.credentials
    .filter(({ uses }) => uses === 'MTP-and-USP')
    .map(({ certificate }) => certificate);
  const path = pathTo(chain, [...grounds.anchors, ...authorities], grounds.now);
  return path && roles(grounds, path);
}

/** Whether those who issued a certificate are trusted to say whose it is (TR-181 ControllerTrust.Credential.{i}.AllowedUses). */
function mayName({ anchors, added, credentials }: Grounds, chain: readonly X509Certificate[]): boolean {
  const has = (of: readonly X509Certificate[]): boolean =>
    chain.some(({ raw }) => of.some((one) => one.raw.equals(raw)));
  const named = credentials.filter(({ uses }) => uses === 'MTP-and-USP').map(({ certificate }) => certificate);
  return has(anchors) || has(named) || (anchors.length === 0 && !has(added));
}

function roles({ credentials }: Grounds, chain: readonly X509Certificate[]): Voucher {
  return { inherited: inherited(credentials, chain, 'MTP-and-USP') ?? [] };
}

/** Of the first in the chain that is a credential (R-SEC.25). */
function inherited(
  credentials: readonly Credential[],
  chain: readonly X509Certificate[],
  use: Credential['uses'],
): readonly string[] | undefined {
  for (const certificate of chain) {
    const known = credentials.find(({ uses, certificate: { raw } }) => uses === use && raw.equals(certificate.raw));
    if (known) return known.roles;
  }
  return undefined;
}
