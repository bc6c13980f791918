/** Reads the table's numbers in order. The table is ours, not a peer's, and whole: nothing runs past its end. */
export class Cursor {
  readonly #bytes: Buffer;
  at: number;
  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }
  /** Unsigned LEB128 below 2^28. */
  number(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.at++]!;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
  /** Stored plus one; 0 is absent. */
  optional(): number | undefined {
    const value = this.number();
    return value === 0 ? undefined : value - 1;
  }
  /** A count and as many items. */
  many<T>(read: () => T): T[] {
    const count = this.number();
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }
}
