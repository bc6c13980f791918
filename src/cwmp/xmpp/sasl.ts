import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Secret } from '#base';
import { XmppError } from './errors.ts';

export interface SaslCredentials {
  readonly username: string;
  readonly password: Secret;
}

/** One attempt to authenticate, from our first message on. Everything is text; the base64 around it is the stream's. */
export interface SaslExchange {
  readonly mechanism: string;
  readonly first: string;
  /** @returns our answer. @throws XmppError XMPP_AUTH */
  challenge(text: string): Promise<string>;
  /** The server has let us in. @param text what it has added. @throws XmppError XMPP_AUTH when it could not prove itself */
  success(text: string): void;
}

const hashes = { 'SCRAM-SHA-256': 'sha256', 'SCRAM-SHA-1': 'sha1' } as const;
/** RFC 5802 5.1 recommends no fewer; more than this would keep a small router busy for seconds. */
const iterationRange = { least: 4096, most: 200_000 };
const derive = promisify(pbkdf2);

/**
 * The strongest of the mechanisms that the server offers.
 * @param secure whether the connection is encrypted: in the clear no password goes out
 * @param nonce printable, unguessable, without comma
 * @throws XmppError XMPP_MECHANISM
 */
export function startSasl(
  offered: readonly string[],
  credentials: SaslCredentials,
  secure: boolean,
  nonce: string,
): SaslExchange {
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-1'] as const) {
    if (offered.includes(mechanism)) return scram(mechanism, credentials, nonce);
  }
  if (offered.includes('PLAIN') && secure) return plain(credentials);
  throw new XmppError('XMPP_MECHANISM', 'the server offers no way to authenticate that will do');
}

/** RFC 4616. */
function plain({ username, password }: SaslCredentials): SaslExchange {
  return {
    mechanism: 'PLAIN',
    first: `\0${prepared(username)}\0${prepared(password.reveal())}`,
    async challenge() {
      throw new XmppError('XMPP_AUTH', 'the server asks for something that PLAIN does not have');
    },
    success() {},
  };
}

/** RFC 5802 and RFC 7677, without channel binding. */
function scram(mechanism: keyof typeof hashes, { username, password }: SaslCredentials, nonce: string): SaslExchange {
  const hash = hashes[mechanism];
  const name = prepared(username).replaceAll('=', '=3D').replaceAll(',', '=2C');
  const bare = `n=${name},r=${nonce}`;
  let expected: Buffer | undefined;
  const hmac = (key: Uint8Array, text: string): Buffer => createHmac(hash, key).update(text).digest();
  const verify = (text: string): boolean => {
    const [, signature = ''] = /^v=([A-Za-z0-9+/=]+)(?:,|$)/.exec(text) ?? [];
    const given = Buffer.from(signature, 'base64');
    return expected !== undefined && given.length === expected.length && timingSafeEqual(given, expected);
  };
  let proven = false;
  return {
    mechanism,
    first: `n,,${bare}`,
    async challenge(text) {
      if (expected) {
        // Some servers send their signature as a challenge, and success behind it.
        proven = verify(text);
        if (!proven) throw new XmppError('XMPP_AUTH', 'the server could not prove that it knows the password');
        return '';
      }
      const fields = /^r=([\x21-\x2b\x2d-\x7e]{1,256}),s=([A-Za-z0-9+/=]{1,256}),i=([0-9]{1,9})(?:,|$)/.exec(text);
      const [, both = '', salt = '', count = ''] = fields ?? [];
      const iterations = Number(count);
      if (!both.startsWith(nonce) || both.length === nonce.length) {
        throw new XmppError('XMPP_AUTH', 'the challenge of the server does not answer ours');
      }
      if (iterations < iterationRange.least || iterations > iterationRange.most) {
        throw new XmppError('XMPP_AUTH', `the server asks for ${iterations} iterations`);
      }
      const length = createHash(hash).digest().length;
      const salted = await derive(prepared(password.reveal()), Buffer.from(salt, 'base64'), iterations, length, hash);
      const clientKey = hmac(salted, 'Client Key');
      const stored = createHash(hash).update(clientKey).digest();
      const final = `c=biws,r=${both}`;
      const signed = `${bare},${text},${final}`;
      const signature = hmac(stored, signed);
      expected = hmac(hmac(salted, 'Server Key'), signed);
      return `${final},p=${Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!)).toString('base64')}`;
    },
    success(text) {
      proven ||= verify(text);
      if (!proven) throw new XmppError('XMPP_AUTH', 'the server could not prove that it knows the password');
    },
  };
}

/** The parts of SASLprep (RFC 4013) that change anything in names and passwords as they are used: blanks, soft hyphens, compatibility forms. */
function prepared(text: string): string {
  return text
    .replace(/\p{Zs}/gu, ' ')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .normalize('NFKC');
}
