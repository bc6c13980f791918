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
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** @returns 32 bits; what lies above is dropped, as protobuf asks for enumerations and bools */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a number has no end');
  }

  varint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('a number has no end');
  }

  fixed32(): number {
    const at = this.#take(4);
    return this.#bytes.readUInt32LE(at);
  }

  /** A view of the length-delimited field, not a copy. */
  bytes(): Buffer {
    const length = this.varint();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  string(): string {
    const length = this.varint();
    const at = this.#take(length);
    const text = this.#bytes.toString('latin1', at, at + length);
    // Nearly everything is ASCII, for which Latin-1 is the same and much faster.
    if (!/[\u0080-\u00ff]/.test(text)) return text;
    const view = this.#bytes.subarray(at, at + length);
    if (!isUtf8(view)) throw malformed('a text is not UTF-8');
    return view.toString('utf8');
  }

  /** A reader of the length-delimited field. */
  nested(): Reader {
    const length = this.varint();
    const at = this.#take(length);
    return new Reader(this.#bytes, at, at + length);
  }

  skip(type: number): void {
    if (type === wireType.varint) this.varint64();
    else if (type === wireType.fixed64) this.#take(8);
    else if (type === wireType.bytes) this.#take(this.varint());
    else if (type === wireType.fixed32) this.#take(4);
    else throw malformed(`wire type ${type} is unknown`);
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

  /** A length-delimited field whose length is known only when it is written. */
  nested(write: () => void): void {
    const before = this.#at;
    // One byte for the length fits most messages; the others are moved.
    this.#room(1);
    this.#at++;
    write();
    const length = this.#at - before - 1;
    let extra = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) extra++;
    if (extra > 0) {
      this.#room(extra);
      this.#bytes.copyWithin(before + 1 + extra, before + 1, this.#at);
      this.#at += extra;
    }
    const end = this.#at;
    this.#at = before;
    this.varint(length);
    this.#at = end;
  }

  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #room(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
