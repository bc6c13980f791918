/** Collects LEB128 numbers and raw bytes. */
export class ByteWriter {
  readonly #bytes: number[] = [];

  /** Below 2^28: what the device's reader takes. */
  number(value: number): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 28) throw new Error(`${value} does not fit the table`);
    let left = value;
    while (left >= 0x80) {
      this.#bytes.push((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    this.#bytes.push(left);
    return this;
  }

  optional(value: number | undefined): this {
    return this.number(value === undefined ? 0 : value + 1);
  }

  raw(bytes: Uint8Array): this {
    for (const byte of bytes) this.#bytes.push(byte);
    return this;
  }

  many<T>(items: readonly T[], write: (item: T) => void): this {
    this.number(items.length);
    for (const item of items) write(item);
    return this;
  }

  take(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

/** Numbers strings (or records) from the most used to the least, ties in byte order: the same input, the same ids. */
export class Interned {
  readonly #uses = new Map<string, number>();
  #ids: Map<string, number> | undefined;

  /** The id once all uses have been counted; before that, counts a use and answers 0. */
  id(text: string): number {
    if (this.#ids) return this.#ids.get(text)!;
    this.#uses.set(text, (this.#uses.get(text) ?? 0) + 1);
    return 0;
  }

  /** Forgets what was counted. */
  reset(): void {
    this.#uses.clear();
  }

  settle(): void {
    this.#ids = new Map(this.values().map((text, id) => [text, id]));
  }

  values(): string[] {
    return [...this.#uses].sort(([a, usesA], [b, usesB]) => usesB - usesA || (a < b ? -1 : 1)).map(([text]) => text);
  }
}

/** count | offsets | records; `start` is where the section will lie. */
export function section(records: readonly Uint8Array[], start: number): Buffer {
  const head = Buffer.alloc(4 + 4 * (records.length + 1));
  head.writeUInt32LE(records.length, 0);
  let offset = start + head.length;
  records.forEach((record, index) => {
    head.writeUInt32LE(offset, 4 + 4 * index);
    offset += record.length;
  });
  head.writeUInt32LE(offset, 4 + 4 * records.length);
  return Buffer.concat([head, ...records]);
}
