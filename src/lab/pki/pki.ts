import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { TandemError } from '#base';
import { bits, boolean, implicit, integer, octets, oid, sequence, set, tagged, time, utf8 } from './der.ts';

export interface CertificateRequest {
  readonly commonName: string;
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  readonly uri?: readonly string[];
  readonly usage: 'server' | 'client' | 'both';
  /** Default: an hour before the authority's now. */
  readonly notBefore?: Date;
  /** Default: ten years after the authority's now. */
  readonly notAfter?: Date;
}

export interface Issued {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A certificate authority for the lab: keys and certificates are made when they are asked for and live in memory. */
export interface Pki {
  readonly caPem: string;
  /** @throws PkiError for an `ip` that is none */
  issue(request: CertificateRequest): Issued;
  /** A revocation list (RFC 5280 section 5). @param certificates PEM @param nextUpdate default: ten years after the authority's now */
  revoke(certificates: readonly string[], nextUpdate?: Date): string;
}

/** PKI_ADDRESS */
export class PkiError extends TandemError {}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const serverAuth = oid('1.3.6.1.5.5.7.3.1');
const clientAuth = oid('1.3.6.1.5.5.7.3.2');
const yearMs = 365 * 86_400_000;

/**
 * @param name common name of the authority
 * @param now what the validity of its own certificate, and by default of those it issues, is counted from
 */
export function createPki(name: string, now: Date = new Date()): Pki {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = { name, now, privateKey: keys.privateKey, keyId: keyIdOf(keys.publicKey) };
  const caPem = certificate(authority, keys.publicKey, { commonName: name, usage: 'both' }, [
    extension('2.5.29.19', true, sequence(boolean(true))),
    // keyCertSign and cRLSign
    extension('2.5.29.15', true, bits(Buffer.from([0x06]), 1)),
    extension('2.5.29.14', false, octets(authority.keyId)),
  ]);
  return {
    caPem,
    issue(request) {
      const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = [
        ...(request.uri ?? []).map((uri) => implicit(6, Buffer.from(uri))),
        ...(request.dns ?? []).map((dns) => implicit(2, Buffer.from(dns))),
        ...(request.ip ?? []).map((ip) => implicit(7, addressBytes(ip))),
      ];
      const usages =
        request.usage === 'both' ? [serverAuth, clientAuth] : [request.usage === 'server' ? serverAuth : clientAuth];
      const certPem = certificate(authority, own.publicKey, request, [
        extension('2.5.29.19', true, sequence()),
        // digitalSignature
        extension('2.5.29.15', true, bits(Buffer.from([0x80]), 7)),
        extension('2.5.29.37', false, sequence(...usages)),
        extension('2.5.29.14', false, octets(keyIdOf(own.publicKey))),
        extension('2.5.29.35', false, sequence(implicit(0, authority.keyId))),
        ...(names.length > 0 ? [extension('2.5.29.17', false, sequence(...names))] : []),
      ]);
      return { certPem, keyPem: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    },
    revoke(certificates, nextUpdate = new Date(now.getTime() + 10 * yearMs)) {
      const thisUpdate = new Date(Math.min(now.getTime(), nextUpdate.getTime()) - 3_600_000);
      const revoked = certificates.map((one) =>
        sequence(integer(Buffer.from(new X509Certificate(one).serialNumber, 'hex')), time(thisUpdate)),
      );
      const toBeSigned = sequence(
        integer(Buffer.from([1])),
        ecdsaWithSha256,
        nameOf(name),
        time(thisUpdate),
        time(nextUpdate),
        ...(revoked.length > 0 ? [sequence(...revoked)] : []),
        tagged(
          0,
          sequence(
            extension('2.5.29.35', false, sequence(implicit(0, authority.keyId))),
            extension('2.5.29.20', false, integer(Buffer.from([1]))),
          ),
        ),
      );
      return pem(sequence(toBeSigned, ecdsaWithSha256, bits(sign('sha256', toBeSigned, keys.privateKey))), 'X509 CRL');
    },
  };
}

const nameOf = (commonName: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), utf8(commonName))));

interface Authority {
  readonly name: string;
  readonly now: Date;
  readonly privateKey: KeyObject;
  readonly keyId: Buffer;
}

function certificate(
  authority: Authority,
  publicKey: KeyObject,
  request: CertificateRequest,
  extensions: readonly Buffer[],
): string {
  const now = authority.now.getTime();
  const { notBefore = new Date(now - 3_600_000), notAfter = new Date(now + 10 * yearMs) } = request;
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const toBeSigned = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(serial),
    ecdsaWithSha256,
    nameOf(authority.name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(request.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, authority.privateKey);
  return pem(sequence(toBeSigned, ecdsaWithSha256, bits(signature)));
}

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));

/** RFC 5280 4.2.1.2, method 1, over the whole SubjectPublicKeyInfo: any stable identifier will do. */
function keyIdOf(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function addressBytes(ip: string): Buffer {
  if (isIPv4(ip)) return Buffer.from(ip.split('.').map(Number));
  // An IPv4 address written into the end of an IPv6 one is not worth its reader here.
  if (!isIPv6(ip) || ip.includes('.') || ip.includes('%'))
    throw new PkiError('PKI_ADDRESS', `'${ip}' is no IP address`);
  const [head = '', tail] = ip.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), tail === undefined ? [] : groups(tail)];
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function pem(content: Buffer, label = 'CERTIFICATE'): string {
  const lines = content.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
