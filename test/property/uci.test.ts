import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUciBytes, encodeUciText, parseUci, UciDocument, UciError } from '#platform';

const name = fc.stringMatching(/^[A-Za-z0-9_]{1,12}$/);
const type = fc.stringMatching(/^[a-z][a-z-]{0,10}$/);
const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("'", '"', '\\', '\n', '\t', '#', ';', ' '),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  .map((text) => text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, ''));
const section = fc.record({
  name: fc.option(name, { nil: undefined }),
  type,
  options: fc.dictionary(name, fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 4 }))),
});

function build(
  sections: readonly { name: string | undefined; type: string; options: Record<string, string | string[]> }[],
) {
  const document = new UciDocument();
  for (const s of sections) {
    // A second type for a name is an edit of that section, not a second section.
    const given = s.name !== undefined && document.has(s.name) ? s.name : document.add(s.type, s.name);
    for (const [option, v] of Object.entries(s.options)) document.set(given, option, v);
  }
  return document;
}

const content = (document: UciDocument) =>
  document.toPackage('p').sections.map((s) => [s.type, s.anonymous, s.index, [...s.options]]);

describe('UCI text', () => {
  it('reads back what it writes, and writing again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(section, { maxLength: 8 }), (sections) => {
        const document = build(sections);
        const text = document.toText();
        const again = parseUci(text);
        expect(content(again)).toEqual(content(document));
        expect(again.toText()).toBe(text);
      }),
    );
  });

  it('takes any text: a package or a parse error with a place, nothing else', () => {
    const pieces = fc.constantFrom(
      'config ',
      'option ',
      'list ',
      'package ',
      "'",
      '"',
      '\\',
      '\n',
      ' ',
      '#',
      ';',
      'a',
      'lan',
      '\r',
      '\0',
      'ü',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(pieces, { maxLength: 60 }).map((p) => p.join('')),
        ),
        (text) => {
          try {
            const document = parseUci(text);
            expect(content(parseUci(document.toText()))).toEqual(content(document));
          } catch (error) {
            expect(error).toBeInstanceOf(UciError);
            const at = error as UciError;
            expect(at.code).toBe('UCI_PARSE');
            expect(at.line).toBeGreaterThan(0);
            expect(at.byte).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives every octet back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect([...encodeUciText(decodeUciBytes(Buffer.from(bytes)))]).toEqual([...bytes]);
      }),
    );
  });
});
