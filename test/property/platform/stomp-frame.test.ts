import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { type StompFrame, StompReader, writeStompFrame } from '../../../src/platform/net/stomp-frame.ts';

const cut = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
};
const readAll = (bytes: Buffer, sizes: readonly number[] = [bytes.length || 1], limits = {}): StompFrame[] => {
  const reader = new StompReader(limits);
  return cut(bytes, sizes).flatMap((piece) => reader.push(piece));
};
const shown = (frames: readonly StompFrame[]) =>
  frames.map(({ command, headers, body }) => ({ command, headers: [...headers], body: body.toString('hex') }));

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }).filter((text) => text !== 'content-length');
const frames = fc.array(
  fc.record({
    command: fc.constantFrom('MESSAGE', 'RECEIPT', 'ERROR', 'SEND'),
    headers: fc.dictionary(word, fc.string({ unit: 'binary', maxLength: 20 }), { maxKeys: 6 }),
    body: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 5 },
);

describe('STOMP frames', () => {
  it('come back as they were written, however they are cut, with heart-beats between them', () => {
    fc.assert(
      fc.property(frames, sizes, fc.constantFrom('', '\n', '\r\n', '\n\n\n'), (written, cuts, beats) => {
        const bytes = Buffer.concat(
          written.flatMap(({ command, headers, body }) => [
            Buffer.from(beats),
            writeStompFrame(command, headers, body),
          ]),
        );
        const read = readAll(bytes, cuts);
        expect(read.map(({ command }) => command)).toEqual(written.map(({ command }) => command));
        for (const [index, { headers, body }] of written.entries()) {
          const { 'content-length': length, ...others } = Object.fromEntries(read[index]!.headers);
          expect(others).toEqual({ ...headers });
          expect(length).toBe(body && String(body.length));
          expect(read[index]!.body.equals(body ?? Buffer.alloc(0))).toBe(true);
        }
      }),
    );
  });

  it('are the same in one piece and in many, and garbage is refused by its code alone', () => {
    const pieces = fc.constantFrom(
      'MESSAGE\n',
      'a:b\n',
      'content-length:3\n',
      'content-length:9999999999\n',
      'x\\cy:z\\n\n',
      'bad\\t:1\n',
      '\n',
      '\r\n',
      '\0',
      'abc',
      '\xff',
      ':',
      'CONNECTED\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 20 }), sizes, (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''), 'latin1');
        const outcome = (sizes: readonly number[]): unknown => {
          const reader = new StompReader();
          const taken: StompFrame[] = [];
          try {
            for (const piece of cut(bytes, sizes)) taken.push(...reader.push(piece));
          } catch (error) {
            return errorCode(error);
          }
          return shown(taken);
        };
        const whole = outcome([bytes.length || 1]);
        expect(outcome(cuts)).toEqual(whole);
        expect(typeof whole === 'string' ? whole : 'STOMP_FRAME').toBe('STOMP_FRAME');
      }),
      { numRuns: 500 },
    );
  });

  it('never keep more than their limits', () => {
    fc.assert(
      fc.property(fc.constantFrom('head', 'body', 'counted'), fc.integer({ min: 1, max: 64 }), (what, size) => {
        const limits = { headerBytes: 200, bodyBytes: 300 };
        const reader = new StompReader(limits);
        const begin = { head: 'MESSAGE\n', body: 'MESSAGE\n\n', counted: 'MESSAGE\ncontent-length:301\n\n' }[what];
        let fed = 0;
        const feed = (): void => {
          reader.push(Buffer.from(begin));
          for (; fed < 1000; fed += size) reader.push(Buffer.alloc(size, 'x'));
        };
        expect(feed).toThrow(/too large/);
        expect(fed).toBeLessThanOrEqual(what === 'counted' ? 0 : 300);
      }),
    );
  });
});

describe('a STOMP head', () => {
  const read = (text: string): unknown => {
    try {
      return shown(readAll(Buffer.from(text)));
    } catch (error) {
      return (error as Error).message;
    }
  };
  it('has the first of repeated headers, lines with and without CR, and escapes', () => {
    expect(read('MESSAGE\r\na:1\r\na:2\r\nb\\cc:\\\\\\r\\n:d\n\n\0')).toEqual([
      {
        command: 'MESSAGE',
        headers: [
          ['a', '1'],
          ['b:c', '\\\r\n:d'],
        ],
        body: '',
      },
    ]);
  });
  it('is lenient with CONNECTED, where nothing is escaped', () => {
    const head = 'CONNECTED\nsession:a:b\\cd\\e\n\n\0';
    expect(read(head)).toEqual([{ command: 'CONNECTED', headers: [['session', 'a:b:d\\e']], body: '' }]);
    expect(read(head.replace('CONNECTED', 'MESSAGE'))).toBe('an escape that there is not');
  });
  it.each([
    ['message\n\n\0', 'no command'],
    ['MESSAGE\nnothing\n\n\0', 'a header without a name'],
    ['MESSAGE\n:x\n\n\0', 'a header without a name'],
    ['MESSAGE\ncontent-length:-1\n\n\0', 'content-length is no number'],
    ['MESSAGE\ncontent-length:2\n\nabc\0', 'a body does not end where its length says'],
    [`MESSAGE\n${'a:b\n'.repeat(65)}\n\0`, 'too many headers'],
  ])('%j is refused: %s', (text, reason) => {
    expect(read(text)).toBe(reason);
  });
  it('is UTF-8', () => {
    expect(() => readAll(Buffer.from('MESSAGE\na:\xff\n\n\0', 'latin1'))).toThrow('not UTF-8');
  });
});
