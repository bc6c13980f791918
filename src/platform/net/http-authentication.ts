import { createHash } from 'node:crypto';
import type { Secret } from '#base';
import { bodyPieces, type HttpBody } from './http-body.ts';

/** A challenge of the peer (RFC 7616 and RFC 2617; RFC 7617 for Basic). */
export interface Challenge {
  readonly scheme: 'digest' | 'basic';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: 'MD5' | 'SHA-256';
  /** Whether `-sess` was asked for. */
  readonly session: boolean;
  readonly qop: readonly string[];
  readonly stale: boolean;
}

const headerLimit = 4096;

/**
 * Reads WWW-Authenticate; several challenges may stand in one header or in several.
 * @returns those that we can answer, the strongest first: SHA-256, MD5, Basic
 */
export function readChallenges(headers: readonly string[]): Challenge[] {
  const text = textOfHeader(headers.join(', ').slice(0, headerLimit));
  const challenges: Challenge[] = [];
  for (const match of text.matchAll(
    /(?:^|,)\s*(digest|basic)\s+((?:[^,"]|"(?:[^"\\]|\\.)*"|,(?!\s*(?:digest|basic)\s))*)/gi,
  )) {
    const fields = new Map<string, string>();
    for (const field of match[2]!.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
      fields.set(field[1]!.toLowerCase(), field[2] === undefined ? field[3]! : field[2].replace(/\\(.)/g, '$1'));
    }
    const named = (fields.get('algorithm') ?? 'MD5').toUpperCase();
    const algorithm = named.replace(/-SESS$/, '');
    if (algorithm !== 'MD5' && algorithm !== 'SHA-256') continue;
    const scheme = match[1]!.toLowerCase() as Challenge['scheme'];
    if (scheme === 'digest' && !fields.get('nonce')) continue;
    challenges.push({
      scheme,
      realm: fields.get('realm') ?? '',
      nonce: fields.get('nonce') ?? '',
      opaque: fields.get('opaque'),
      algorithm,
      session: named.endsWith('-SESS'),
      qop: (fields.get('qop') ?? '')
        .split(',')
        .map((word) => word.trim().toLowerCase())
        .filter(Boolean),
      stale: fields.get('stale')?.toLowerCase() === 'true',
    });
  }
  const rank = (challenge: Challenge): number =>
    challenge.scheme === 'basic' ? 2 : challenge.algorithm === 'SHA-256' ? 0 : 1;
  return challenges.sort((a, b) => rank(a) - rank(b));
}

/** Node reads and writes a byte of a header as one character; names, realms and passwords are UTF-8 (RFC 7616 4). What is not is left as it came. */
export function textOfHeader(header: string): string {
  const text = Buffer.from(header, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? header : text;
}
const headerOfText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export interface Credentials {
  readonly username: string;
  readonly password: Secret;
}

export interface Answerable {
  readonly method: string;
  /** Request target exactly as sent. */
  readonly uri: string;
  readonly body: HttpBody;
  /** How often this nonce has been used, from 1. */
  readonly count: number;
  /** Ours; hexadecimal. */
  readonly clientNonce: string;
}

/** The Authorization header. */
export function authorize(challenge: Challenge, credentials: Credentials, request: Answerable): string {
  const { username, password } = credentials;
  if (challenge.scheme === 'basic') {
    return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;
  }
  const hash = (body: HttpBody): string => {
    const digest = createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256');
    for (const piece of bodyPieces(body)) digest.update(piece);
    return digest.digest('hex');
  };
  const { realm, nonce, opaque } = challenge;
  const { method, uri, body, clientNonce } = request;
  const qop = challenge.qop.includes('auth') ? 'auth' : challenge.qop.includes('auth-int') ? 'auth-int' : undefined;
  const base = hash(`${username}:${realm}:${password.reveal()}`);
  const a1 = challenge.session ? hash(`${base}:${nonce}:${clientNonce}`) : base;
  const a2 = hash(qop === 'auth-int' ? `${method}:${uri}:${hash(body)}` : `${method}:${uri}`);
  const count = request.count.toString(16).padStart(8, '0');
  const response = hash(qop ? `${a1}:${nonce}:${count}:${clientNonce}:${qop}:${a2}` : `${a1}:${nonce}:${a2}`);
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  const fields = [
    `username=${quote(username)}`,
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `algorithm=${challenge.algorithm}${challenge.session ? '-sess' : ''}`,
    `response="${response}"`,
  ];
  if (opaque !== undefined) fields.push(`opaque=${quote(opaque)}`);
  if (qop) fields.push(`qop=${qop}`, `nc=${count}`);
  if (qop || challenge.session) fields.push(`cnonce="${clientNonce}"`);
  return headerOfText(`Digest ${fields.join(', ')}`);
}
