// Instead of the package `bl`: the bytes that have come and are not parsed yet, as far as mqtt-packet asks for it. Room grows by doubling, so that what
// comes byte by byte is not copied each time.
class BytesToParse {
  room = Buffer.alloc(0);
  start = 0;
  end = 0;
  get length() {
    return this.end - this.start;
  }
  append(bytes) {
    if (this.end + bytes.length > this.room.length) {
      const { length } = this;
      const room = Buffer.allocUnsafe(Math.max(length + bytes.length, 2 * length));
      this.room.copy(room, 0, this.start, this.end);
      Object.assign(this, { room, start: 0, end: length });
    }
    bytes.copy(this.room, this.end);
    this.end += bytes.length;
  }
  consume(count) {
    this.start += Math.min(count, this.length);
    // An idle connection holds nothing.
    if (this.length === 0) Object.assign(this, { room: Buffer.alloc(0), start: 0, end: 0 });
  }
  readUInt8(at) {
    return this.#waiting().readUInt8(at);
  }
  readUInt16BE(at) {
    return this.#waiting().readUInt16BE(at);
  }
  readUInt32BE(at) {
    return this.#waiting().readUInt32BE(at);
  }
  /** A copy: the room is written again. */
  slice(from, to) {
    return Buffer.from(this.#waiting().subarray(from, to));
  }
  toString(encoding, from, to) {
    return this.#waiting().toString(encoding, from, to);
  }
  #waiting() {
    return this.room.subarray(this.start, this.end);
  }
}
module.exports = () => new BytesToParse();
