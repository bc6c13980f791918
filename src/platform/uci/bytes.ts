/**
 * UCI files are bytes: libuci knows no character set, and an SSID may hold any octet. Text that is not UTF-8 keeps its
 * stray octets as lone surrogates U+DC80 to U+DCFF, so that writing gives the same bytes back.
 */
export function decodeUciBytes(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // Only a file with stray octets, or one that spells the replacement character itself, takes the slow way.
  if (!text.includes('\ufffd')) return text;
  let out = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) out += String.fromCharCode(0xdc00 + bytes[at++]!);
    else {
      out += bytes.toString('utf8', at, at + length);
      at += length;
    }
  }
  return out;
}

export function encodeUciText(text: string): Buffer {
  if (!/[\udc80-\udcff]/u.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let run = '';
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0xdc80 || code > 0xdcff) {
      run += character;
      continue;
    }
    parts.push(Buffer.from(run, 'utf8'), Buffer.of(code - 0xdc00));
    run = '';
  }
  parts.push(Buffer.from(run, 'utf8'));
  return Buffer.concat(parts);
}

/** Length of the well-formed UTF-8 sequence at `at` (RFC 3629 section 4), 0 if there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let i = 1; i < length; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1]!;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}
