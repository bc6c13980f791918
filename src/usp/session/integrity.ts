import { createHmac, createPrivateKey, createSign, createVerify, timingSafeEqual, X509Certificate } from 'node:crypto';
import type { UspRecord } from '../codec/record.ts';

/**
 * The bytes that `mac_signature` stands for: every field but that and the payloads, by field number, those of the session context last (TR-369 R-E2E.32).
 */
export function protectedBytes(record: UspRecord): Buffer {
  const { sessionContext, noSessionContext, mqttConnect, stompConnect, disconnect } = record;
  const parts: Uint8Array[] = [
    Buffer.from(record.version),
    Buffer.from(record.toId),
    Buffer.from(record.fromId),
    uint32(record.payloadSecurity),
    record.senderCert,
  ];
  if (sessionContext) {
    parts.push(
      uint64(sessionContext.sessionId),
      uint64(sessionContext.sequenceId),
      uint64(sessionContext.expectedId),
      uint64(sessionContext.retransmitId),
      uint32(sessionContext.payloadSarState),
      uint32(sessionContext.payloadrecSarState),
    );
  } else if (!noSessionContext) {
    if (mqttConnect) parts.push(uint32(mqttConnect.version), Buffer.from(mqttConnect.subscribedTopic));
    else if (stompConnect) parts.push(uint32(stompConnect.version), Buffer.from(stompConnect.subscribedDestination));
    else if (disconnect) parts.push(Buffer.from(disconnect.reason), uint32(disconnect.reasonCode));
  }
  return Buffer.concat(parts);
}

/** HMAC-SHA-256 under a key of the TLS session (R-E2E.33 to R-E2E.39). */
export function macOf(record: UspRecord, key: Uint8Array): Buffer {
  return createHmac('sha256', key).update(protectedBytes(record)).digest();
}

export function macFits(record: UspRecord, key: Uint8Array): boolean {
  const expected = macOf(record, key);
  const { macSignature } = record;
  return macSignature.length === expected.length && timingSafeEqual(macSignature, expected);
}

/** What a record is signed with: an EC key on P-256, PEM, and the certificate (chain) that goes with it. */
export interface Signer {
  readonly certPem: string;
  sign(record: UspRecord): Buffer;
}

/** ECDSA_P256_SHA256_ASN1 (R-E2E.31). @returns `undefined` for a key of another kind */
export function signerOf(certPem: string, keyPem: string): Signer | undefined {
  const key = createPrivateKey(keyPem);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
  return { certPem, sign: (record) => createSign('sha256').update(protectedBytes(record)).sign(key) };
}

/** A record that carries its sender's certificate. */
const senderCertLimitBytes = 32 * 1024;
const chainLimit = 8;

/**
 * The certificates of a record's `sender_cert`, if the first of them has signed it.
 * @returns `undefined`: the signature does not hold
 */
export function signedBy(record: UspRecord): readonly X509Certificate[] | undefined {
  if (record.senderCert.length === 0 || record.senderCert.length > senderCertLimitBytes) return undefined;
  try {
    const chain = certificatesOf(Buffer.from(record.senderCert).toString('latin1'));
    const own = chain[0];
    if (own?.publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    const holds = createVerify('sha256').update(protectedBytes(record)).verify(own.publicKey, record.macSignature);
    return holds ? chain : undefined;
  } catch {
    // Neither a certificate nor a signature: whatever OpenSSL says of it, it is not signed.
    return undefined;
  }
}

/** @throws Error of OpenSSL */
export function certificatesOf(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.slice(0, chainLimit).map((block) => new X509Certificate(block));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value));
  return bytes;
}
