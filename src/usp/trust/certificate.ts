import { createHash, X509Certificate } from 'node:crypto';

/** Algorithms of `GetFingerprint()`, with the names that OpenSSL has for them. */
export const fingerprintAlgorithms: Readonly<Record<string, string>> = {
  'SHA-1': 'sha1',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** @returns upper-case hexadecimal digits, `undefined` for an algorithm that is none */
export function fingerprintOf(der: Uint8Array, algorithm: string): string | undefined {
  const name = Object.hasOwn(fingerprintAlgorithms, algorithm) ? fingerprintAlgorithms[algorithm] : undefined;
  return name === undefined ? undefined : createHash(name).update(der).digest('hex').toUpperCase();
}

/** One certificate in PEM (RFC 7468). @returns `undefined`: it is none */
export function parseCertificate(pem: string): X509Certificate | undefined {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g);
  if (blocks?.length !== 1) return undefined;
  try {
    return new X509Certificate(blocks[0]!);
  } catch {
    return undefined;
  }
}

/** All certificates of a text in PEM that can be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => parseCertificate(block) ?? []);
}

/** Distinguished name on one line, the most specific part first (RFC 4514), as OpenSSL tells it on several. */
export function nameOnOneLine(name: string): string {
  return name
    .split('\n')
    .filter((part) => part !== '')
    .reverse()
    .join(',');
}

const urn = /^urn:bbf:usp:id:/i;

/**
 * Endpoint IDs that a certificate is of (TR-369 R-SEC.0a): as URN, and for the scheme `fqdn` as a host name.
 * @param endpointId the one that is looked for: which host name counts depends on it
 * @returns `yes`; `other`: it is of other endpoints; `none`: it names no endpoint
 */
export function names(certificate: X509Certificate, endpointId: string): 'yes' | 'other' | 'none' {
  const all = alternativeNames(certificate.subjectAltName ?? '');
  const host = /^fqdn::(.+)$/.exec(endpointId)?.[1]?.toLowerCase();
  const ids = all
    .filter(([type, value]) => type === 'URI' && urn.test(value))
    .map(([, value]) => value.replace(urn, ''));
  if (ids.includes(endpointId)) return 'yes';
  if (host !== undefined && all.some(([type, value]) => type === 'DNS' && value.toLowerCase() === host)) return 'yes';
  return ids.length > 0 ? 'other' : 'none';
}

/** `URI:urn:…, DNS:…` as Node writes `subjectAltName`; a value with commas or quotes comes as a JSON string. */
function alternativeNames(text: string): [type: string, value: string][] {
  return [...text.matchAll(/(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)/g)].flatMap(([, type, value]) => {
    try {
      return [[type!, value!.startsWith('"') ? (JSON.parse(value!) as string) : value!]];
    } catch {
      return [];
    }
  });
}

const pathLimit = 8;

/**
 * A path from a certificate to one that is trusted, each signed by the next, all valid now (RFC 5280 section 6, without policies and name constraints).
 * @param chain the peer's own first, intermediate ones in any order @param anchors trusted: authorities, or the certificate itself
 * @param now milliseconds since 1970; `undefined`: the time is not known and dates do not count (R-SEC.19)
 * @returns the path with the anchor last, `undefined` if there is none
 */
export function pathTo(
  chain: readonly X509Certificate[],
  anchors: readonly X509Certificate[],
  now: number | undefined,
): readonly X509Certificate[] | undefined {
  const path: X509Certificate[] = [];
  let at = chain[0];
  while (at && path.length < pathLimit) {
    const certificate: X509Certificate = at;
    if (now !== undefined && !(Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo)))
      return undefined;
    path.push(certificate);
    const trusted =
      anchors.find((anchor) => anchor.raw.equals(certificate.raw)) ??
      anchors.find((anchor) => issued(anchor, certificate));
    if (trusted) {
      if (trusted.raw.equals(certificate.raw)) return path;
      return pathTo([trusted], [trusted], now) && [...path, trusted];
    }
    at = chain.find((candidate) => !path.includes(candidate) && issued(candidate, certificate));
  }
  return undefined;
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
