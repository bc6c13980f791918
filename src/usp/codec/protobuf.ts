import { isUtf8 } from 'node:buffer';
import { TandemError } from '#base';

/** USP_MALFORMED, USP_TOO_LARGE */
export class UspCodecError extends TandemError {}

export const malformed = (reason: string): UspCodecError => new UspCodecError('USP_MALFORMED', reason);

/** Wire types of protobuf that are still in use. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Reads protobuf from bytes that nobody vouches for. Every step is checked against what is left. */
export class Reader {
  readonly #bytes: Buffer;
  #end: number;
  #at = 0;
  // The varint that was read last: bits 0 to 27, 28 to 55, 56 to 63. Doubles can't hold 64 bits, bigints are slow.
  #low = 0;
  #middle = 0;
  #high = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#end = bytes.length;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** Of the field that follows: its number, and in the lowest three bits its wire type. */
  tag(): number {
    const tag = this.#varint32();
    if (tag >>> 3 === 0) throw malformed('field number 0');
    return tag;
  }

  /** @returns 32 bits; what lies above is dropped, as protobuf asks for enumerations */
  varint(): number {
    this.#varint();
    return (this.#low | (this.#middle << 28)) >>> 0;
  }

  varint64(): bigint {
    this.#varint();
    // Below 2^53 a double is exact.
    if (this.#high === 0 && this.#middle < 2 ** 25) return BigInt(this.#low + this.#middle * 2 ** 28);
    return BigInt(this.#low) | (BigInt(this.#middle) << 28n) | (BigInt(this.#high) << 56n);
  }

  bool(): boolean {
    this.#varint();
    return (this.#low | this.#middle | this.#high) !== 0;
  }

  fixed32(): number {
    const at = this.#take(4);
    return this.#bytes.readUInt32LE(at);
  }

  /** A view of the length-delimited field, not a copy. */
  bytes(): Buffer {
    const length = this.#varint32();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  string(): string {
    const length = this.#varint32();
    const at = this.#take(length);
    const text = this.#bytes.toString('latin1', at, at + length);
    // Nearly everything is ASCII, for which Latin-1 is the same and much faster.
    if (!/[\u0080-\u00ff]/.test(text)) return text;
    const view = this.#bytes.subarray(at, at + length);
    if (!isUtf8(view)) throw malformed('a text is not UTF-8');
    return view.toString('utf8');
  }

  /** Into the length-delimited field, which is then all there is. @returns for `leave`, when it is done */
  enter(): number {
    const length = this.#varint32();
    if (length > this.#end - this.#at) throw malformed('cut off');
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  leave(outer: number): void {
    this.#end = outer;
  }

  skip(type: number): void {
    if (type === wireType.varint) this.#varint();
    else if (type === wireType.fixed64) this.#take(8);
    else if (type === wireType.bytes) this.#take(this.#varint32());
    else if (type === wireType.fixed32) this.#take(4);
    else throw malformed(`wire type ${type} is unknown`);
  }

  #varint(): void {
    this.#low = this.#middle = this.#high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (index < 4) this.#low |= bits << (7 * index);
      else if (index < 8) this.#middle |= bits << (7 * index - 28);
      else if (index === 8) this.#high = bits;
      else if (bits > 1) break;
      else this.#high |= bits << 7;
      if (byte < 0x80) return;
    }
    throw malformed('a number has more than 64 bits');
  }

  /** Tags and lengths: cut to 32 bits they would be another tag, another length. */
  #varint32(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    this.#at--;
    this.#varint();
    if (this.#high !== 0 || this.#middle > 0xf) throw malformed('a tag or a length has more than 32 bits');
    return this.#low + this.#middle * 2 ** 28;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed('cut off');
    return this.#bytes[this.#at++]!;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw malformed('cut off');
    this.#at = at + length;
    return at;
  }
}

/** Writes protobuf into one growing buffer. */
export class Writer {
  #bytes = Buffer.allocUnsafe(512);
  #at = 0;

  varint(value: number): void {
    this.#room(10);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  varint64(value: bigint): void {
    this.#room(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  fixed32(value: number): void {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.#room(length);
    this.#at += this.#bytes.write(value, this.#at);
  }

  /** A length-delimited field whose length is known only when it is written. @returns for `close` */
  open(): number {
    // One byte for the length fits most messages; the others are moved.
    this.#room(1);
    return ++this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    let extra = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) extra++;
    if (extra > 0) {
      this.#room(extra);
      this.#bytes.copyWithin(start + extra, start, this.#at);
      this.#at += extra;
    }
    const end = this.#at;
    this.#at = start - 1;
    this.varint(length);
    this.#at = end;
  }

  finish(): Buffer {
    const done = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(done, 0, 0, this.#at);
    return done;
  }

  #room(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
