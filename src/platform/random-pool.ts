import { randomFillSync } from 'node:crypto';

const poolBytes = 512;

/**
 * Cryptographic randomness in small pieces. A call of OpenSSL's costs 15 µs however little it is asked for, which a thousand new rows feel; a byte is given
 * once and then forgotten.
 */
export class RandomPool {
  readonly #pool = Buffer.alloc(poolBytes);
  #at = poolBytes;

  take(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    if (count > poolBytes) return randomFillSync(bytes);
    if (this.#at + count > poolBytes) {
      randomFillSync(this.#pool);
      this.#at = 0;
    }
    this.#pool.copy(bytes, 0, this.#at, this.#at + count);
    this.#pool.fill(0, this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }
}
