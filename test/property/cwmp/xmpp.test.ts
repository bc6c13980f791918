import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Element } from '../../../src/cwmp/codec/element.ts';
import { XmppError } from '../../../src/cwmp/xmpp/errors.ts';
import { escapeXml } from '../../../src/cwmp/xmpp/stanza.ts';
import { XmlStream } from '../../../src/cwmp/xmpp/xml-stream.ts';

const head = '<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams">';
function reader(): { stream: XmlStream; stanzas: Element[] } {
  const stanzas: Element[] = [];
  return {
    stanzas,
    stream: new XmlStream({ opened: () => {}, stanza: (one) => void stanzas.push(one), closed: () => {} }),
  };
}

it('wherever the network cuts it, the same stanzas come', () => {
  const text = fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((value) => !/[\r\ufffe\uffff]|\p{Cs}|[\0-\x08\x0b\x0c\x0e-\x1f]/u.test(value));
  const stanza = fc.record({ name: fc.constantFrom('iq', 'message', 'presence'), id: text, body: text });
  fc.assert(
    fc.property(fc.array(stanza, { maxLength: 5 }), fc.array(fc.nat(400), { maxLength: 12 }), (given, cuts) => {
      const bytes = Buffer.from(
        head +
          given
            .map(({ name, id, body }) => `<${name} id="${escapeXml(id)}"><b>${escapeXml(body)}</b></${name}>`)
            .join(' '),
      );
      const { stream, stanzas } = reader();
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
      for (let piece = 1; piece < at.length; piece++) stream.write(bytes.subarray(at[piece - 1], at[piece]));
      // Attributes have their blanks normalised (XML 3.3.3).
      const blank = (value: string): string => value.replace(/[\t\n]/g, ' ');
      expect(stanzas.map((one) => [one.local, blank(one.attributes[0]!.value), one.children[0]!.text])).toEqual(
        given.map(({ name, id, body }) => [name, blank(id), body]),
      );
    }),
  );
});

it('whatever comes, it is read or refused with its own error', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom(
      '<iq>',
      '</iq>',
      '<a xmlns="b">',
      '</a>',
      '<![CDATA[',
      ']]>',
      '&amp;',
      '&#x0;',
      '&x;',
      '<!--',
      '<?',
      '</stream:stream>',
      'xmlns:',
      '="',
      '<',
    ),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(piece, { maxLength: 20 }), (opened, pieces) => {
      const { stream } = reader();
      try {
        if (opened) stream.write(Buffer.from(head));
        for (const text of pieces) stream.write(Buffer.from(text));
      } catch (error) {
        expect(error).toBeInstanceOf(XmppError);
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }), (pieces) => {
      const { stream } = reader();
      try {
        for (const bytes of pieces) stream.write(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(XmppError);
      }
    }),
  );
});
