import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvelope, SoapError, writeEnvelope } from '#cwmp';

const namespaces = ['urn:dslforum-org:cwmp-1-0', 'urn:dslforum-org:cwmp-1-1', 'urn:dslforum-org:cwmp-1-2'] as const;

/** Text as XML 1.0 can carry it. */
const xmlText = fc
  .string({ unit: 'grapheme' })
  .map((text) => text.replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''));

const valid = (value: string): string => {
  let text = '';
  writeEnvelope(
    (piece) => {
      text += piece;
    },
    namespaces[2],
    { id: '1' },
    (writer) => writer.raw('<cwmp:RebootResponse>').leaf('Value', value).raw('</cwmp:RebootResponse>'),
  );
  return text;
};

describe('SOAP', () => {
  it('reads back what it wrote, whatever the text', () => {
    fc.assert(
      fc.property(xmlText, xmlText, fc.constantFrom(...namespaces), (id, value, namespace) => {
        let text = '';
        writeEnvelope(
          (piece) => {
            text += piece;
          },
          namespace,
          { id },
          (writer) =>
            writer.raw('<cwmp:GetRPCMethodsResponse>').leaf('Value', value).raw('</cwmp:GetRPCMethodsResponse>'),
        );
        const envelope = readEnvelope(text);
        expect(envelope.namespace).toBe(namespace);
        expect(envelope.method).toBe('GetRPCMethodsResponse');
        expect(envelope.header.id).toBe(id);
        expect(envelope.body.children[0]!.text).toBe(value);
      }),
    );
  });

  it('writes nothing that XML has no place for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(() => readEnvelope(valid(value))).not.toThrow();
      }),
    );
  });

  it('answers any text with an envelope or a SoapError', () => {
    const mutated = fc.tuple(fc.nat(), fc.nat(), fc.string()).map(([at, length, insert]) => {
      const text = valid('a<b>&');
      const start = at % text.length;
      return text.slice(0, start) + insert + text.slice(start + (length % 40));
    });
    fc.assert(
      fc.property(fc.oneof(fc.string(), mutated), (text) => {
        try {
          readEnvelope(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SoapError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
