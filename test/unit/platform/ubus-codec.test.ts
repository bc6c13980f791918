import { describe, expect, it } from 'vitest';
import {
  bytesAttribute,
  flagAttribute,
  MessageAttributes,
  messageAttribute,
  textAttribute,
  uint32Attribute,
} from '../../../src/platform/ubus/blob.ts';
import {
  decodeBlobTable,
  decodeSignature,
  encodeBlobTable,
  encodeSignature,
} from '../../../src/platform/ubus/blobmsg.ts';
import { UbusError } from '../../../src/platform/ubus/error.ts';
import { encodeMessage, MessageReader, messageType, type UbusMessage } from '../../../src/platform/ubus/frame.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const read = (bytes: Buffer): UbusMessage[] => {
  const messages: UbusMessage[] = [];
  new MessageReader().push(bytes, (message) => messages.push(message));
  return messages;
};

/** Bytes that went over the socket of a real ubusd. */
const seen = {
  hello: hex('00000000 8df6eff5 00000004'),
  lookup: hex('00040001 00000000 0000000c 02000007 72630000'),
  uciGet: hex(`00050002 284e4939 00000044 03000008 284e4939 04000008 67657400 07000030
    83000017 0006 636f6e666967 00000000 73797374656d 0000
    83000014 0007 73656374696f6e 000000 6e747000`),
  event: hex(`0005002c 00000000 00000098 03000008 1ac229f6 0400000d 6d792e6576656e74 00000000 0700007c
    83000012 0005 68656c6c6f 00 776f726c6400 0000 8500000c 0001 6e 00 ffffffff
    88000010 0001 66 00 3ff8000000000000 87000009 0001 62 00 01 000000
    80000008 0001 7a 00 84000014 0003 626967 000000 000000012a05f200
    81000020 0001 61 00 8500000c 00000000 00000001 8300000a 00000000 7800 0000`),
};

describe('bytes of a real ubusd', () => {
  it('HELLO', () => {
    expect(read(seen.hello)).toEqual([
      { version: 0, type: messageType.hello, seq: 0, peer: 0x8df6eff5, body: Buffer.alloc(0) },
    ]);
  });

  it('LOOKUP is written as the reference client writes it', () => {
    expect(encodeMessage(messageType.lookup, 1, 0, [textAttribute(messageAttribute.objectPath, 'rc')])).toEqual(
      seen.lookup,
    );
  });

  it('INVOKE is written as the reference client writes it', () => {
    const id = 0x284e4939;
    const args = encodeBlobTable({ config: 'system', section: 'ntp' });
    expect(
      encodeMessage(messageType.invoke, 2, id, [
        uint32Attribute(messageAttribute.objectId, id),
        textAttribute(messageAttribute.method, 'get'),
        bytesAttribute(messageAttribute.data, args),
      ]),
    ).toEqual(seen.uciGet);
  });

  it('an event with every type', () => {
    const [message] = read(seen.event);
    const attributes = new MessageAttributes(message!.body);
    expect(attributes.uint32(messageAttribute.objectId)).toBe(0x1ac229f6);
    expect(attributes.text(messageAttribute.method)).toBe('my.event');
    const values = { hello: 'world', n: -1, f: 1.5, b: true, z: null, big: 5_000_000_000, a: [1, 'x'] };
    const bytes = attributes.bytes(messageAttribute.data)!;
    expect({ ...decodeBlobTable(bytes) }).toEqual(values);
    expect(encodeBlobTable(values)).toEqual(bytes);
  });

  it('a signature', () => {
    const list = hex(`8200003c 0004 6c697374 0000 85000010 0004 6e616d65 0000 00000003
      85000020 0012 736b69705f72756e6e696e675f636865636b 00 000000 00000007`);
    const methods = { list: { name: 'string', skip_running_check: 'bool' } } as const;
    expect(decodeSignature(list)).toEqual(methods);
    expect(encodeSignature(methods)).toEqual(list);
  });
});

describe('blobmsg', () => {
  const back = (table: Parameters<typeof encodeBlobTable>[0]) => decodeBlobTable(encodeBlobTable(table));

  it('chooses the width of an integer by its value', () => {
    const typeOf = (value: number | bigint): number => encodeBlobTable({ v: value })[0]! & 0x7f;
    expect([2 ** 31 - 1, -(2 ** 31), 2 ** 31, -(2 ** 31) - 1, 7n, 0.5, 1e300].map(typeOf)).toEqual([
      5, 5, 4, 4, 4, 8, 8,
    ]);
  });

  it('gives an INT64 as a bigint only where a number would lose digits', () => {
    expect({ ...back({ a: 2n ** 53n - 1n, b: 2n ** 53n, c: -(2n ** 63n) }) }).toEqual({
      a: 2 ** 53 - 1,
      b: 2n ** 53n,
      c: -(2n ** 63n),
    });
  });

  it('reads INT16 signed', () => {
    expect({ ...decodeBlobTable(hex('8600000a 0001 76 00 fffe 0000')) }).toEqual({ v: -2 });
  });

  it('takes the last of equal names', () => {
    expect({ ...decodeBlobTable(hex('8500000c 0001 76 00 00000001 8500000c 0001 76 00 00000002')) }).toEqual({ v: 2 });
  });

  it('treats __proto__ as a name like any other', () => {
    const table = back(JSON.parse('{"__proto__":{"polluted":"yes"}}'));
    expect(Object.keys(table)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(table)).toBeNull();
    expect('polluted' in {}).toBe(false);
  });

  it('keeps empty containers, empty text, an empty name and text beyond ASCII', () => {
    const table = back({ a: [], t: {}, s: '', '': 'nameless', größe: '日本語' });
    expect(JSON.parse(JSON.stringify(table))).toEqual({ a: [], t: {}, s: '', '': 'nameless', größe: '日本語' });
  });

  it('passes over attributes of a wrong shape and of unknown types', () => {
    const good = '8500000c 0001 76 00 00000001';
    for (const bad of [
      '8500000a 0001 78 00 0001 0000', // INT32 of two bytes
      '8300000a 0001 78 00 7878 0000', // string without NUL
      '0500000c 0001 78 00 00000001', // no name header announced
      '8500000c 0009 78 00 00000001', // name longer than the attribute
      '8500000c 0001 78 01 00000001', // name without NUL
      '9f00000c 0001 78 00 00000001', // type 31
      '80000004', // too short for a name
    ])
      expect({ ...decodeBlobTable(hex(bad + good)) }).toEqual({ v: 1 });
  });

  it('ends at an attribute that overruns its surroundings, keeping what stood before', () => {
    for (const bad of ['850000ff 0001 78 00 00000001', '85000003', '85000000', '8500'])
      expect({ ...decodeBlobTable(hex(`8500000c 0001 76 00 00000001 ${bad}`)) }).toEqual({ v: 1 });
  });

  it('refuses nesting beyond 32 levels in both directions', () => {
    let nested = {};
    let bytes = Buffer.alloc(0);
    for (let level = 1; level <= 32; level++) {
      nested = { v: nested };
      const head = hex('82000000 0001 76 00');
      head.writeUInt16BE(8 + bytes.length, 2);
      bytes = Buffer.concat([head, bytes]);
    }
    expect(() => encodeBlobTable(nested)).toThrow(expect.objectContaining({ code: 'UBUS_INVALID_ARGUMENT' }));
    expect(() => decodeBlobTable(bytes)).toThrow(expect.objectContaining({ code: 'UBUS_PARSE_ERROR' }));
  });

  it('refuses what the other side would read differently or not at all', () => {
    const code = (table: Parameters<typeof encodeBlobTable>[0]): string | undefined => {
      try {
        encodeBlobTable(table);
      } catch (error) {
        return error instanceof UbusError ? error.code : String(error);
      }
      return undefined;
    };
    expect(code({ v: 'a\0b' })).toBe('UBUS_INVALID_ARGUMENT');
    expect(code({ 'a\0b': 'v' })).toBe('UBUS_INVALID_ARGUMENT');
    expect(code({ v: 2n ** 63n })).toBe('UBUS_INVALID_ARGUMENT');
    expect(code({ ['n'.repeat(65_536)]: 1 })).toBe('UBUS_INVALID_ARGUMENT');
    expect(code({ v: 'x'.repeat(1_048_576) })).toBe('UBUS_TOO_LARGE');
    expect(code({ v: 'x'.repeat(1_000_000) })).toBeUndefined();
  });
});

describe('top attributes', () => {
  it('the last of an id counts, unknown ids are passed over', () => {
    const body = Buffer.concat([
      uint32Attribute(messageAttribute.objectId, 1),
      bytesAttribute(99, Buffer.from('later')),
      uint32Attribute(messageAttribute.objectId, 0xffffffff),
      flagAttribute(messageAttribute.noReply, true),
    ]);
    const attributes = new MessageAttributes(body);
    expect(attributes.uint32(messageAttribute.objectId)).toBe(0xffffffff);
    expect(attributes.flag(messageAttribute.noReply)).toBe(true);
    expect(attributes.flag(messageAttribute.active)).toBe(false);
  });

  it('a wrong shape is absent, an overrun ends the reading', () => {
    const attributes = new MessageAttributes(
      hex('03000007 010203 00 04000006 6765 0000 01000008 00000000 020000ff 7263'),
    );
    expect(attributes.uint32(messageAttribute.objectId)).toBeUndefined();
    expect(attributes.text(messageAttribute.method)).toBeUndefined();
    expect(attributes.uint32(messageAttribute.status)).toBe(0);
    expect(attributes.text(messageAttribute.objectPath)).toBeUndefined();
  });
});

describe('message reader', () => {
  const stream = Buffer.concat([seen.hello, seen.event, seen.uciGet, seen.lookup]);

  it('takes messages however they are cut', () => {
    const whole = read(stream);
    expect(whole.map((message) => message.type)).toEqual([0, 5, 5, 4]);
    for (const step of [1, 2, 3, 7, 11, 12, 13, 64, 200]) {
      const reader = new MessageReader();
      const messages: UbusMessage[] = [];
      for (let at = 0; at < stream.length; at += step)
        reader.push(stream.subarray(at, at + step), (message) => messages.push(message));
      expect(messages).toEqual(whole);
    }
  });

  it('starts the next message right behind an outer length that is no multiple of four', () => {
    const odd = hex('00000000 00000001 00000005 aa');
    expect(read(Buffer.concat([odd, seen.hello])).map((message) => message.body.length)).toEqual([1, 0]);
  });

  it('refuses an outer length below 4 and beyond 1 MiB', () => {
    for (const length of ['00000000', '00000003', '00100001', '00ffffff'])
      expect(() => read(hex(`00000000 00000001 ${length}`))).toThrow(
        expect.objectContaining({ code: 'UBUS_PARSE_ERROR' }),
      );
    expect(read(Buffer.concat([hex('00000000 00000001 00100000'), Buffer.alloc(0x100000 - 4)]))).toHaveLength(1);
  });

  it('does not write what ubusd would disconnect for', () => {
    const body = bytesAttribute(messageAttribute.data, Buffer.alloc(1_048_572));
    expect(() => encodeMessage(messageType.invoke, 1, 1, [body])).toThrow(
      expect.objectContaining({ code: 'UBUS_TOO_LARGE' }),
    );
  });
});
