/** Gathers a document in pieces of some size, so that a large answer never stands in memory as one text. */
export class XmlWriter {
  readonly #flush: (piece: string) => void;
  readonly #pieceLength: number;
  #piece = '';

  constructor(flush: (piece: string) => void, pieceLength = 16 * 1024) {
    this.#flush = flush;
    this.#pieceLength = pieceLength;
  }

  raw(text: string): this {
    this.#piece += text;
    if (this.#piece.length >= this.#pieceLength) this.end();
    return this;
  }

  /** `<name>text</name>`, escaped. */
  leaf(name: string, text: string | number, attributes = ''): this {
    return this.raw(`<${name}${attributes}>${escapeText(String(text))}</${name}>`);
  }

  end(): void {
    if (this.#piece === '') return;
    const piece = this.#piece;
    this.#piece = '';
    this.#flush(piece);
  }
}

/** Entities, never CDATA, which some ACS refuse; characters that XML 1.0 has no place for become U+FFFD. */
export function escapeText(text: string): string {
  // Nearly all that is written is plain, and one look says so.
  if (!special.test(text)) return text;
  return text
    .replace(/[&<>"\r]/g, (character) => entities[character]!)
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}

/** Without the flag u: halves of a pair are looked at by the replacement. */
const special = /[^\t\n !#-%'-;=?-\ud7ff\ue000-\ufffd]/;

/** A bare carriage return would be read back as a newline. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};
