import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock, Secret } from '#base';
import { textOfHeader } from '#platform';

/** Seen by the listener; nothing of it is trusted. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly remoteAddress?: string;
}

export interface ConnectionRequestParts {
  /** With leading slash. */
  readonly path: () => string;
  readonly credentials: () => { readonly username: string; readonly password: Secret };
  readonly clock: Clock;
  /** Hexadecimal, unguessable, new each time. */
  readonly nonce: () => string;
  /** A request is as it should be. @returns false: there have been too many of late */
  readonly accepted: () => boolean;
  /** Somebody knows the path and not the credentials: mostly an operator with others than the device's. */
  readonly refused?: (because: 'user name' | 'password' | 'request', from: string) => void;
}

const realm = 'tandem';
/** A challenge is answered at once or not at all. */
const nonceLifeMs = 30_000;
/** Open challenges; the oldest goes first, so that a flood costs the flooder's own. */
const nonceLimit = 64;

/**
 * Decides on TR-069 connection requests (3.2.2.2): GET on our unguessable path with HTTP Digest, each nonce good for one answer.
 * @returns the HTTP answer's status and headers
 */
export function connectionRequests(
  parts: ConnectionRequestParts,
): (request: SeenRequest) => { status: number; headers: Record<string, string> } {
  const nonces = new Map<string, number>();
  const challenge = (): { status: number; headers: Record<string, string> } => {
    const now = parts.clock.monotonicMs();
    for (const [nonce, until] of nonces) if (until < now || nonces.size >= nonceLimit) nonces.delete(nonce);
    const nonce = parts.nonce();
    nonces.set(nonce, now + nonceLifeMs);
    const offer = `Digest realm="${realm}", qop="auth", algorithm=MD5, nonce="${nonce}"`;
    return { status: 401, headers: { 'www-authenticate': offer } };
  };
  return ({ method, target, headers, remoteAddress = '' }) => {
    const path = target.split('?', 1)[0]!;
    if (!same(path, parts.path())) return { status: 404, headers: {} };
    if (method !== 'GET') return { status: 405, headers: { allow: 'GET' } };
    const { username, password } = parts.credentials();
    // Without credentials there is nothing to check against: nobody gets in.
    if (username === '' || password.empty) return { status: 503, headers: {} };
    const answer = readAuthorization(headers.authorization);
    if (!answer) return challenge();
    const until = nonces.get(answer.nonce);
    nonces.delete(answer.nonce);
    if (until === undefined || until < parts.clock.monotonicMs()) return challenge();
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const a1 = md5(`${username}:${realm}:${password.reveal()}`);
    const a2 = md5(`${method}:${target}`);
    // Clients from before RFC 2617 leave qop away; a nonce of one use makes up for it.
    const middle = answer.qop === '' ? '' : `${answer.count}:${answer.clientNonce}:auth:`;
    const expected = md5(`${a1}:${answer.nonce}:${middle}${a2}`);
    const known = same(answer.username, username);
    const proven = same(answer.response, expected);
    const asked = answer.uri === target && (answer.qop === 'auth' || answer.qop === '') && answer.realm === realm;
    if (!known || !proven || !asked) {
      parts.refused?.(!known ? 'user name' : asked ? 'password' : 'request', remoteAddress);
      return challenge();
    }
    return { status: parts.accepted() ? 200 : 503, headers: {} };
  };
}

interface Authorization {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly response: string;
  readonly qop: string;
  readonly count: string;
  readonly clientNonce: string;
}

function readAuthorization(header: string | undefined): Authorization | undefined {
  if (header === undefined || !/^digest /i.test(header)) return undefined;
  const fields = new Map<string, string>();
  for (const field of textOfHeader(header.slice(0, 4096)).matchAll(
    /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g,
  )) {
    fields.set(field[1]!.toLowerCase(), field[2] === undefined ? field[3]! : field[2].replace(/\\(.)/g, '$1'));
  }
  const text = (name: string): string => fields.get(name) ?? '';
  return {
    username: text('username'),
    realm: text('realm'),
    nonce: text('nonce'),
    uri: text('uri'),
    response: text('response').toLowerCase(),
    qop: text('qop'),
    count: text('nc'),
    clientNonce: text('cnonce'),
  };
}

/** In time that does not depend on where they differ. */
function same(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(left), hash(right));
}
