/** Bytes that come piece by piece, in one buffer however small the pieces are. */
export class GrowingBytes {
  #buffer: Buffer;
  #length = 0;

  /** @param expected what it has room for at first, in bytes */
  constructor(expected = 256) {
    this.#buffer = Buffer.allocUnsafe(Math.max(16, expected));
  }

  get length(): number {
    return this.#length;
  }

  /** A view, which the next `append` makes invalid. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  append(piece: Uint8Array): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = needed;
  }

  /** What was gathered, for good; it begins anew. */
  take(): Buffer {
    const taken = this.bytes;
    this.#buffer = Buffer.allocUnsafe(256);
    this.#length = 0;
    return taken;
  }
}
