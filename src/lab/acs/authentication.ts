import { createHash, randomBytes } from 'node:crypto';

export interface AcsAuthentication {
  readonly scheme: 'digest' | 'basic';
  readonly username: string;
  readonly password: string;
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const realm = 'lab';

/** The ACS's side of HTTP authentication: nonces of its own, each count used once (RFC 7616, RFC 7617). */
export class Gatekeeper {
  readonly #wanted: AcsAuthentication;
  readonly #counts = new Map<string, number>();

  constructor(wanted: AcsAuthentication) {
    this.#wanted = wanted;
  }

  challenge(): string {
    if (this.#wanted.scheme === 'basic') return `Basic realm="${realm}"`;
    const nonce = randomBytes(12).toString('hex');
    this.#counts.set(nonce, 0);
    return `Digest realm="${realm}", qop="auth", algorithm=MD5, nonce="${nonce}"`;
  }

  accepts(header: string | undefined, method: string, target: string): boolean {
    const { scheme, username, password } = this.#wanted;
    if (header === undefined) return false;
    if (scheme === 'basic') {
      return header === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    }
    const field = (name: string): string =>
      new RegExp(`[ ,]${name}=(?:"([^"]*)"|([^,]*))`)
        .exec(header)
        ?.slice(1)
        .find((part) => part !== undefined) ?? '';
    const used = this.#counts.get(field('nonce'));
    const count = Number.parseInt(field('nc'), 16);
    if (used === undefined || !(count > used)) return false;
    const a1 = md5(`${username}:${realm}:${password}`);
    const a2 = md5(`${method}:${target}`);
    const expected = md5(`${a1}:${field('nonce')}:${field('nc')}:${field('cnonce')}:auth:${a2}`);
    if (field('username') !== username || field('uri') !== target || field('response') !== expected) return false;
    this.#counts.set(field('nonce'), count);
    return true;
  }
}

/** The Authorization header for a device's connection request. @param offered its WWW-Authenticate */
export function answerDigest(
  offered: string,
  target: string,
  credentials: { readonly username: string; readonly password: string },
): string {
  const field = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(offered)?.[1] ?? '';
  const clientNonce = randomBytes(8).toString('hex');
  const a1 = md5(`${credentials.username}:${field('realm')}:${credentials.password}`);
  const response = md5(`${a1}:${field('nonce')}:00000001:${clientNonce}:auth:${md5(`GET:${target}`)}`);
  return `Digest username="${credentials.username}", realm="${field('realm')}", nonce="${field('nonce')}", uri="${target}", algorithm=MD5, response="${response}", qop=auth, nc=00000001, cnonce="${clientNonce}"`;
}
