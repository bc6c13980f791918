import { SaxesParser } from 'saxes';
import type { Element } from '../codec/element.ts';
import { XmppError } from './errors.ts';

export interface XmlStreamLimits {
  /** Characters of one stanza, and of what stands between two. */
  readonly characters: number;
  readonly depth: number;
  readonly elements: number;
  readonly attributes: number;
}

export const xmlStreamLimits: XmlStreamLimits = { characters: 64 << 10, depth: 16, elements: 512, attributes: 16 };

export interface XmlStreamEvents {
  /** The peer's `<stream:stream>`: its attributes without namespace. */
  readonly opened: (attributes: ReadonlyMap<string, string>) => void;
  /** A whole child of the stream. */
  readonly stanza: (stanza: Element) => void;
  /** `</stream:stream>`. */
  readonly closed: () => void;
}

export const streamNamespace = 'http://etherx.jabber.org/streams';
/** So much at a time, that the limit is kept within a stanza. */
const pieceCharacters = 4096;

/** Reads an XML stream as it comes (RFC 6120 section 4): no document type, comments or processing instructions (11.1), bounded in every direction. */
export class XmlStream {
  readonly #limits: XmlStreamLimits;
  readonly #parser = new SaxesParser({ xmlns: true, position: false });
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #open: Element[] = [];
  #depth = 0;
  #elements = 0;
  #characters = 0;
  #stopped = false;

  constructor(events: XmlStreamEvents, limits: XmlStreamLimits = xmlStreamLimits) {
    this.#limits = limits;
    const parser = this.#parser;
    const refuse = (what: string) => (): never => {
      throw new XmppError('XMPP_XML', `the stream has ${what}`);
    };
    parser.on('error', (error) => {
      throw new XmppError('XMPP_XML', `not well-formed: ${error.message.slice(0, 200)}`);
    });
    parser.on('doctype', refuse('a document type'));
    parser.on('comment', refuse('a comment'));
    parser.on('processinginstruction', refuse('a processing instruction'));
    parser.on('opentag', ({ uri, local, attributes }) => {
      if (++this.#elements > limits.elements) refuse('too many elements')();
      if (++this.#depth > limits.depth) refuse('elements that are nested too deeply')();
      const given = Object.values(attributes);
      if (given.length > limits.attributes) refuse('too many attributes')();
      if (this.#depth === 1) {
        if (uri !== streamNamespace || local !== 'stream') refuse('another root than a stream')();
        this.#settle();
        this.#tell(() =>
          events.opened(new Map(given.filter((one) => one.uri === '').map((one) => [one.local, one.value]))),
        );
        return;
      }
      const element: Element = {
        uri,
        local,
        attributes: given
          .filter(({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns')
          .map((one) => ({ uri: one.uri, local: one.local, value: one.value })),
        children: [],
        text: '',
      };
      this.#open.at(-1)?.children.push(element);
      this.#open.push(element);
    });
    parser.on('closetag', () => {
      this.#depth--;
      const element = this.#open.pop();
      if (this.#depth === 1) {
        this.#settle();
        this.#tell(() => events.stanza(element!));
      } else if (this.#depth === 0) this.#tell(() => events.closed());
    });
    const characters = (text: string): void => {
      const element = this.#open.at(-1);
      if (element) element.text += text;
    };
    parser.on('text', characters);
    parser.on('cdata', characters);
  }

  /** What comes from now on belongs to another stream: after STARTTLS and after authentication (RFC 6120 4.3.3). */
  stop(): void {
    this.#stopped = true;
  }

  /** @throws XmppError XMPP_XML */
  write(piece: Uint8Array): void {
    if (this.#stopped) return;
    let text: string;
    try {
      text = this.#decoder.decode(piece, { stream: true });
    } catch (error) {
      throw new XmppError('XMPP_XML', 'the stream is not UTF-8', { cause: error });
    }
    for (let at = 0; at < text.length && !this.#stopped; at += pieceCharacters) {
      const part = text.slice(at, at + pieceCharacters);
      this.#characters += part.length;
      this.#parser.write(part);
      if (this.#characters > this.#limits.characters)
        throw new XmppError('XMPP_XML', 'the stream has a stanza that is too large');
    }
  }

  /** A stanza is over: the next one has the limits to itself. */
  #settle(): void {
    this.#characters = 0;
    this.#elements = 0;
  }

  /** What stands behind a `stop` in the same piece is not told: it came before the peer could know of the new stream. */
  #tell(event: () => void): void {
    if (!this.#stopped) event();
  }
}
