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
  return (
    text
      .replace(/[&<>"]/g, (character) => entities[character]!)
      .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
      // A bare carriage return would be read back as a newline.
      .replace(/\r/g, '&#13;')
  );
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
