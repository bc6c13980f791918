import { TandemError } from '#base';
import { Cursor } from './cursor.ts';
import { magic } from './format.ts';

/** Ids grow with rarity: the first ones (`Enable`, `Alias`, `Status`) are most of what is ever asked for. */
const stringsKept = 256;

/** The compiled table as it lies in memory: nothing is decoded before it is asked for. */
export class Table {
  readonly bytes: Buffer;
  readonly #strings: number;
  readonly #types: number;
  readonly #objects: number;
  readonly #keptStrings: string[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.bytes.length < 20 || this.bytes.readUInt32LE(0) !== magic)
      throw new TandemError('SCHEMA_FORMAT', 'not a compiled data model of this version');
    this.#strings = this.bytes.readUInt32LE(8);
    this.#types = this.bytes.readUInt32LE(12);
    this.#objects = this.bytes.readUInt32LE(16);
    // The last offset of the last section is the table's end: a cut-off file is seen here and not in the middle.
    if (this.#offset(this.#objects, this.objectCount) !== this.bytes.length)
      throw new TandemError('SCHEMA_FORMAT', 'the compiled data model is cut off');
  }

  get model(): string {
    return this.string(this.bytes.readUInt32LE(4));
  }

  /** Not of Device:2 but of a service model below it, with versions of its own. */
  get ofService(): boolean {
    return !this.model.startsWith('Device:');
  }

  get objectCount(): number {
    return this.bytes.readUInt32LE(this.#objects);
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

  objectPath(index: number): string {
    const { start, end } = this.#path(index);
    return this.bytes.toString('latin1', start, end);
  }

  /** The entries of an object: the cursor stands at the first one. */
  entries(index: number): { cursor: Cursor; end: number } {
    return { cursor: new Cursor(this.bytes, this.#path(index).end), end: this.#offset(this.#objects, index + 1) };
  }

  /** Index of the first object whose path is not before `path` in byte order. */
  lowerBound(path: Buffer): number {
    let low = 0;
    let high = this.objectCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { start, end } = this.#path(middle);
      if (this.bytes.compare(path, 0, path.length, start, end) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #path(index: number): { start: number; end: number } {
    const cursor = new Cursor(this.bytes, this.#offset(this.#objects, index));
    const length = cursor.number();
    return { start: cursor.at, end: cursor.at + length };
  }

  #offset(section: number, index: number): number {
    return this.bytes.readUInt32LE(section + 4 + 4 * index);
  }
}
