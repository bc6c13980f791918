import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeText } from '../../../src/cwmp/codec/write-xml.ts';

/** Character by character, as XML 1.0 2.2 and 2.4 have it. */
function slowly(text: string): string {
  const named: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\r': '&#13;' };
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0)!;
      const allowed =
        [0x9, 0xa, 0xd].includes(code) ||
        (code >= 0x20 && code <= 0xd7ff) ||
        (code >= 0xe000 && code <= 0xfffd) ||
        code >= 0x10000;
      return named[character] ?? (allowed ? character : '\ufffd');
    })
    .join('');
}

describe('text of an element', () => {
  it('has every character that XML has no place for or another meaning replaced', () => {
    for (let code = 0; code < 0x10000; code++) {
      const character = String.fromCharCode(code);
      expect(escapeText(character)).toBe(slowly(character));
    }
  });

  it('is escaped whatever stands beside it', () => {
    const same = (text: string): void => {
      expect(escapeText(text)).toBe(slowly(text));
    };
    const units = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
    fc.assert(fc.property(fc.string({ unit: units }), same));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), same));
  });
});
