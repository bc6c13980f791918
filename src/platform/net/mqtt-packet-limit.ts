/** Bytes that a packet's length can take (MQTT 5.0 1.5.5). */
const lengthBytes = 4;

/**
 * Follows a stream of MQTT packets by their fixed headers alone (MQTT 5.0 2.1, the same in 3.1.1), so that a packet that is too large
 * is known by the length that it announces, before any of it is kept.
 * @param limitBytes of a packet with its header
 * @returns to be called with the pieces as they come, however they are cut: whether all is well so far
 */
export function packetsWithin(limitBytes: number): (piece: Uint8Array) => boolean {
  let good = true;
  let header = 0;
  let length = 0;
  let bodyLeft = 0;
  return (piece) => {
    for (let at = 0; good && at < piece.length; ) {
      if (bodyLeft > 0) {
        const step = Math.min(bodyLeft, piece.length - at);
        bodyLeft -= step;
        at += step;
        continue;
      }
      const byte = piece[at++] ?? 0;
      if (header > 0) length += (byte & 0x7f) * 128 ** (header - 1);
      header++;
      const more = header === 1 || byte >= 0x80;
      good = header + length <= limitBytes && !(more && header > lengthBytes);
      if (more) continue;
      bodyLeft = length;
      header = 0;
      length = 0;
    }
    return good;
  };
}
