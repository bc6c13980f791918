import { createHash, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

export interface AcsCredentials {
  readonly username: string;
  readonly password: string;
}

export interface AcsAuthentication extends AcsCredentials {
  readonly scheme: 'digest' | 'basic';
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const realm = 'lab';

/** `given` is undefined when there is nothing to hold against the CPE: it has not been asked yet, or its nonce is an old one. */
type Verdict =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly challenge: string; readonly reason: string | undefined };

/** The ACS's side of HTTP authentication: a nonce for each connection, each count used once (RFC 7616, RFC 7617). */
export class Gatekeeper {
  readonly #wanted: AcsAuthentication;
  readonly #nonces = new WeakMap<Socket, { readonly nonce: string; count: number }>();

  constructor(wanted: AcsAuthentication) {
    this.#wanted = wanted;
  }

  judge(connection: Socket, header: string | undefined, method: string, target: string): Verdict {
    const { scheme, username, password } = this.#wanted;
    if (scheme === 'basic') {
      if (header === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`) return { accepted: true };
      const reason = header === undefined ? undefined : 'wrong credentials';
      return { accepted: false, challenge: `Basic realm="${realm}"`, reason };
    }
    const issued = this.#nonces.get(connection);
    if (header === undefined || !issued) return this.#challenge(connection, undefined, header !== undefined);
    const given = readParameters(header);
    const reason = this.#fault(given, issued, method, target);
    if (reason !== undefined) return this.#challenge(connection, reason, false);
    issued.count = Number.parseInt(given.nc!, 16);
    return { accepted: true };
  }

  #challenge(connection: Socket, reason: string | undefined, stale: boolean): Verdict {
    const issued = this.#nonces.get(connection) ?? { nonce: randomBytes(12).toString('hex'), count: 0 };
    this.#nonces.set(connection, issued);
    const challenge = `Digest realm="${realm}", qop="auth", algorithm=MD5, nonce="${issued.nonce}"${stale ? ', stale=true' : ''}`;
    return { accepted: false, challenge, reason };
  }

  #fault(
    given: Readonly<Record<string, string>>,
    issued: { readonly nonce: string; readonly count: number },
    method: string,
    target: string,
  ): string | undefined {
    const { username, password } = this.#wanted;
    if (given.username !== username) return 'wrong credentials: another user name';
    if (given.realm !== realm || given.uri !== target) return 'Digest for another realm or URI';
    if (given.nonce !== issued.nonce) return 'Digest with a nonce that was not issued on this connection';
    if (given.qop !== 'auth' || !given.cnonce || !/^[0-9a-f]{8}$/i.test(given.nc ?? ''))
      return 'Digest without qop=auth';
    if (Number.parseInt(given.nc!, 16) <= issued.count) return 'Digest with a count that was used before';
    const secret = md5(`${username}:${realm}:${password}`);
    const expected = md5(`${secret}:${given.nonce}:${given.nc}:${given.cnonce}:auth:${md5(`${method}:${target}`)}`);
    return given.response === expected ? undefined : 'wrong credentials';
  }
}

/** The Authorization header for a device's connection request. @param offered its WWW-Authenticate */
export function answerDigest(offered: string, target: string, credentials: AcsCredentials): string {
  const { realm: theirs = '', nonce = '', opaque } = readParameters(offered);
  const clientNonce = randomBytes(8).toString('hex');
  const secret = md5(`${credentials.username}:${theirs}:${credentials.password}`);
  const response = md5(`${secret}:${nonce}:00000001:${clientNonce}:auth:${md5(`GET:${target}`)}`);
  return `Digest username="${credentials.username}", realm="${theirs}", nonce="${nonce}", uri="${target}", algorithm=MD5, response="${response}", qop=auth, nc=00000001, cnonce="${clientNonce}"${opaque === undefined ? '' : `, opaque="${opaque}"`}`;
}

/** `name=value` and `name="value"` of a header that Node has bounded. */
function readParameters(header: string): Readonly<Record<string, string>> {
  const found = header.matchAll(/[ ,]([a-z]+)=(?:"([^"]*)"|([^\s,"]+))/gi);
  return Object.fromEntries([...found].map(([, name, quoted, token]) => [name!.toLowerCase(), quoted ?? token ?? '']));
}
