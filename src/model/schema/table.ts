import { TandemError } from '#base';
import { Cursor } from './cursor.ts';
import { magic } from './format.ts';

/** Ids grow with rarity: the first ones (`Enable`, `Alias`, `Status`) are most of what is ever asked for. */
const stringsKept = 256;
const headLength = 24;

/** The compiled table as it lies in memory: nothing but the paths is decoded before it is asked for. */
export class Table {
  readonly bytes: Buffer;
  /** Of all objects, in byte order. */
  readonly paths: readonly string[];
  readonly #indexes = new Map<string, number>();
  readonly #strings: number;
  readonly #types: number;
  readonly #paths: number;
  readonly #objects: number;
  readonly #keptStrings: string[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.bytes.length < headLength || this.bytes.readUInt32LE(0) !== magic)
      throw new TandemError('SCHEMA_FORMAT', 'not a compiled data model of this version');
    this.#strings = this.bytes.readUInt32LE(8);
    this.#types = this.bytes.readUInt32LE(12);
    this.#paths = this.bytes.readUInt32LE(16);
    this.#objects = this.bytes.readUInt32LE(20);
    // The last offset of the last section is the table's end: a cut-off file is seen here and not in the middle.
    const count = this.#fixed(this.#objects);
    if (this.#offset(this.#objects, count) !== this.bytes.length)
      throw new TandemError('SCHEMA_FORMAT', 'the compiled data model is cut off');
    this.paths = this.bytes.toString('latin1', this.#paths + count, this.#objects).split('\n');
    for (let index = 0; index < count; index++) this.#indexes.set(this.paths[index]!, index);
  }

  get model(): string {
    return this.string(this.bytes.readUInt32LE(4));
  }

  /** Not of Device:2 but of a service model below it, with versions of its own. */
  get ofService(): boolean {
    return !this.model.startsWith('Device:');
  }

  indexOf(path: string): number | undefined {
    return this.#indexes.get(path);
  }

  /** `maskOf` the protocols that have the object, and `unaskedMark`. */
  marks(index: number): number {
    return this.bytes[this.#paths + index]!;
  }

  string(id: number): string {
    if (id >= stringsKept) return this.#decodeString(id);
    this.#keptStrings[id] ??= this.#decodeString(id);
    return this.#keptStrings[id];
  }

  #decodeString(id: number): string {
    return this.bytes.toString('utf8', this.#offset(this.#strings, id), this.#offset(this.#strings, id + 1));
  }

  typeAt(id: number): Cursor {
    return new Cursor(this.bytes, this.#offset(this.#types, id));
  }

  /** The entries of an object: the cursor stands at the first one. */
  entries(index: number): { cursor: Cursor; end: number } {
    const start = this.#offset(this.#objects, index);
    return { cursor: new Cursor(this.bytes, start), end: this.#offset(this.#objects, index + 1) };
  }

  /** Index of the first object whose path is not before `path` in byte order. */
  lowerBound(path: string): number {
    let low = 0;
    let high = this.paths.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.paths[middle]! < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #offset(section: number, index: number): number {
    return this.#fixed(section + 4 + 4 * index);
  }

  /** As readUInt32LE, which checks what need not be checked and is most of a look-up before it is optimized. */
  #fixed(at: number): number {
    const { bytes } = this;
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }
}
