import { describe, expect, it } from 'vitest';
import { readMessage, readRecord, writeMessage, writeRecord } from '#usp';
import {
  decode,
  elementLimit,
  encode,
  list,
  type MessageTable,
  message,
  table,
  text,
} from '../../../src/usp/codec/table.ts';
import { hex, refusal, sized } from '../../support/protobuf-bytes.ts';

describe('limits', () => {
  it('what is too large, before it is looked at', () => {
    expect(refusal(() => readRecord(new Uint8Array((5 << 20) + 1)))).toBe('USP_TOO_LARGE');
    expect(refusal(() => readMessage(new Uint8Array((5 << 20) + 1)))).toBe('USP_TOO_LARGE');
  });
  it('more than 16 levels', () => {
    const nest = (levels: number): MessageTable =>
      levels === 0 ? table('Leaf', [text(1, 't')]) : table('Nest', [message(1, 'inner', nest(levels - 1))]);
    const wrapped = (levels: number): Buffer => (levels === 0 ? Buffer.alloc(0) : sized(1, wrapped(levels - 1)));
    expect(refusal(() => decode(nest(16), wrapped(16), 1000))).toBeUndefined();
    expect(refusal(() => decode(nest(17), wrapped(17), 1000))).toBe('USP_MALFORMED');
  });
});

describe('two bytes that become an object', () => {
  const item = table('Item', [list(text(1, 'texts'))]);
  const items = table('Items', [list(message(1, 'items', item)), message(2, 'one', item)]);
  const limit = 8 << 20;
  const repeated = (count: number, pattern: string): Buffer => Buffer.alloc((count * pattern.length) / 2, hex(pattern));
  it('are counted, in lists, in a message that is sent again and again, and in inner ones', () => {
    expect((decode(items, repeated(elementLimit, '0a00'), limit).items as unknown[]).length).toBe(elementLimit);
    for (const pattern of ['0a00', '1200'])
      expect(refusal(() => decode(items, repeated(elementLimit + 1, pattern), limit))).toBe('USP_TOO_LARGE');
    const inner = sized(1, repeated(elementLimit, '0a00'));
    expect(refusal(() => decode(items, inner, limit))).toBe('USP_TOO_LARGE');
  });
  it('are counted in maps and in the lists of a record', () => {
    const operate = sized(2, sized(1, sized(7, repeated(elementLimit, '2200'))));
    expect(refusal(() => readMessage(Buffer.concat([hex('0a00'), operate])))).toBe('USP_TOO_LARGE');
    expect(refusal(() => readRecord(sized(8, repeated(elementLimit, '3a00'))))).toBe('USP_TOO_LARGE');
  });
});

describe('maps', () => {
  it('keep a key that is a property of objects, and none is the prototype', () => {
    const keys = ['constructor', '__proto__', 'toString'];
    // An own `__proto__` is what a literal does not make.
    const inputArgs = Object.fromEntries(keys.map((key) => [key, 'a']));
    const bytes = writeMessage('1', {
      kind: 'request',
      request: { operate: { command: 'x', commandKey: '', sendResp: true, inputArgs } },
    });
    const { body } = readMessage(bytes);
    const read = body.kind === 'request' ? body.request.operate!.inputArgs : {};
    expect(Object.entries(read)).toEqual(keys.map((key) => [key, 'a']));
    expect(Object.getPrototypeOf(read)).toBeNull();
  });
});

describe('lengths of more than one byte', () => {
  it('are written where the length is known last', () => {
    const nested = table('Outer', [message(1, 'inner', table('Inner', [text(1, 'text')]))]);
    for (const length of [0, 1, 124, 125, 126, 127, 128, 129, 16_379, 16_380, 16_384, 2_097_152]) {
      const value = 'x'.repeat(length);
      const expected = sized(1, length === 0 ? Buffer.alloc(0) : sized(1, Buffer.from(value)));
      expect(encode(nested, { inner: { text: value } }).equals(expected)).toBe(true);
    }
  });
  it('a lone surrogate, which UTF-8 does not have, is replaced', () => {
    expect(writeRecord({ version: '\ud800', toId: '', fromId: '' }).toString('hex')).toBe('0a03efbfbd');
  });
});
