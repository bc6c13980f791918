import { createHash, randomBytes } from 'node:crypto';

const digits = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const rounds = 5000;
const size = 64;

/** With a salt of its own. */
export const crypted = (password: string): string =>
  sha512Crypt(password, randomBytes(12).toString('base64').replaceAll('+', '.'));

/**
 * The `$6$` form of crypt(3): salted SHA-512 in 5,000 rounds, which musl and glibc know.
 * @param salt up to 16 of `./0-9A-Za-z`
 */
export function sha512Crypt(password: string, salt: string): string {
  const key = Buffer.from(password, 'utf8');
  const hash = (...parts: readonly Uint8Array[]): Buffer => {
    const one = createHash('sha512');
    for (const part of parts) one.update(part);
    return one.digest();
  };
  /** A digest as often as needed for so many bytes. */
  const stretched = (digest: Buffer, length: number): Buffer => Buffer.alloc(length, digest);
  const saltBytes = Buffer.from(salt, 'latin1');
  const inner = hash(key, saltBytes, key);
  const first = [key, saltBytes, stretched(inner, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) first.push(bits & 1 ? inner : key);
  let sum = hash(...first);
  const p = key.length === 0 ? key : stretched(hash(...Array<Buffer>(key.length).fill(key)), key.length);
  const s = stretched(hash(...Array<Buffer>(16 + sum[0]!).fill(saltBytes)), saltBytes.length);
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1;
    sum = hash(odd ? p : sum, round % 3 > 0 ? s : nothing, round % 7 > 0 ? p : nothing, odd ? sum : p);
  }
  let text = '';
  const put = (value: number, count: number): void => {
    for (let at = 0; at < count; at++) text += digits[(value >> (6 * at)) & 63];
  };
  let [a, b, c] = [0, 21, 42];
  for (let at = 0; at < (size - 1) / 3; at++) {
    put((sum[a]! << 16) | (sum[b]! << 8) | sum[c]!, 4);
    [a, b, c] = [b + 1, c + 1, a + 1];
  }
  put(sum[size - 1]!, 2);
  return `$6$${salt}$${text}`;
}

const nothing = Buffer.alloc(0);
