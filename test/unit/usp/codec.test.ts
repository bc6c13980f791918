import { describe, expect, it } from 'vitest';
import { type Body, readMessage, readRecord, type UspRecord, writeMessage, writeRecord } from '#usp';
import { messageTypeOf } from '../../../src/usp/codec/message.ts';
import { hex, refusal, sized } from '../../support/protobuf-bytes.ts';

const plainRecord = {
  version: '1.4',
  toId: 'c',
  fromId: 'a',
  payloadSecurity: 0,
  macSignature: Buffer.alloc(0),
  senderCert: Buffer.alloc(0),
};
/** version "1.4", to_id "c", from_id "a" */
const plainHead = '0a03312e34 120163 1a0161';

// Put together by hand from the numbers and types of usp-record-1-4.proto and the encoding of protobuf.
const records: readonly (readonly [title: string, bytes: string, record: UspRecord])[] = [
  ['no session', `${plainHead} 3a03 120170`, { ...plainRecord, noSessionContext: { payload: Buffer.from('p') } }],
  ['empty no session', `${plainHead} 3a00`, { ...plainRecord, noSessionContext: { payload: Buffer.alloc(0) } }],
  [
    'session with signature and certificate',
    // 5: mac, 6: cert, 8: {1: 2^64-1, 2: 300, 4: 2^53+1, 5: COMPLETE, 6: BEGIN, 7: "a", 7: ""}
    `${plainHead} 2001 2a02beef 320101 4220 08ffffffffffffffffff01 10ac02 208180808080808010 2803 3001 3a0161 3a00`,
    {
      ...plainRecord,
      payloadSecurity: 1,
      macSignature: hex('beef'),
      senderCert: hex('01'),
      sessionContext: {
        sessionId: 2n ** 64n - 1n,
        sequenceId: 300n,
        expectedId: 0n,
        retransmitId: 2n ** 53n + 1n,
        payloadSarState: 3,
        payloadrecSarState: 1,
        payload: [Buffer.from('a'), Buffer.alloc(0)],
      },
    },
  ],
  ['WebSocket', `${plainHead} 4a00`, { ...plainRecord, websocketConnect: {} }],
  ['MQTT', `${plainHead} 5205 0801 120174`, { ...plainRecord, mqttConnect: { version: 1, subscribedTopic: 't' } }],
  ['STOMP', `${plainHead} 5a03 120164`, { ...plainRecord, stompConnect: { version: 0, subscribedDestination: 'd' } }],
  [
    'disconnect',
    // fixed32 7102 = 0x1bbe
    `${plainHead} 6208 0a0178 15be1b0000`,
    { ...plainRecord, disconnect: { reason: 'x', reasonCode: 7102 } },
  ],
  ['Unix domain socket', `${plainHead} 6a00`, { ...plainRecord, udsConnect: {} }],
];

// The same of usp-msg-1-4.proto.
const messages: readonly (readonly [title: string, bytes: string, body: Body])[] = [
  [
    'Get',
    '0a05 0a016d 1001 1212 0a10 0a0e 0a07 4465766963652e 15 01000000',
    { kind: 'request', request: { get: { paramPaths: ['Device.'], maxDepth: 1 } } },
  ],
  [
    'Operate',
    // map entry {1: "k", 2: "v"}
    '0a05 0a016d 1006 1214 0a12 3a10 0a0178 120179 1801 2206 0a016b 120176',
    { kind: 'request', request: { operate: { command: 'x', commandKey: 'y', sendResp: true, inputArgs: { k: 'v' } } } },
  ],
  [
    'SetResp with a failure',
    // {1: [{1: "o", 2: {1: {1: 7012, 2: "é", 3: [{1: "i"}]}}}]}
    '0a05 0a016d 1005 121b 1219 2217 0a15 0a016f 1210 0a0e 0d641b0000 1202c3a9 1a03 0a0169',
    {
      kind: 'response',
      response: {
        setResp: {
          updatedObjResults: [
            {
              requestedPath: 'o',
              operStatus: {
                operFailure: {
                  errCode: 7012,
                  errMsg: 'é',
                  updatedInstFailures: [{ affectedPath: 'i', paramErrs: [] }],
                },
              },
            },
          ],
        },
      },
    },
  ],
  [
    'OperateResp with an empty path, which its oneof sends',
    '0a05 0a016d 1007 120b 1209 3a07 0a05 0a0178 1200',
    { kind: 'response', response: { operateResp: { operationResults: [{ executedCommand: 'x', reqObjPath: '' }] } } },
  ],
  [
    'Notify',
    '0a05 0a016d 1003 120e 0a0c 420a 0a0173 1001 2203 0a0170',
    {
      kind: 'request',
      request: { notify: { subscriptionId: 's', sendResp: true, valueChange: { paramPath: 'p', paramValue: '' } } },
    },
  ],
  [
    'Error, whose type is the default',
    '0a03 0a016d 1214 1a12 0d5c1b0000 120165 1a08 0a0170 15621b0000',
    {
      kind: 'error',
      error: { errCode: 7004, errMsg: 'e', paramErrs: [{ paramPath: 'p', errCode: 7010, errMsg: '' }] },
    },
  ],
];

describe('bytes made by hand from the schema', () => {
  for (const [title, bytes, record] of records) {
    it(`record: ${title}`, () => {
      expect(readRecord(hex(bytes))).toEqual(record);
      expect(writeRecord(record).toString('hex')).toBe(hex(bytes).toString('hex'));
    });
  }
  for (const [title, bytes, body] of messages) {
    it(`message: ${title}`, () => {
      const read = readMessage(hex(bytes));
      expect(read.msgId).toBe('m');
      expect(read.msgType).toBe(messageTypeOf(body));
      expect(read.body).toEqual(body);
      expect(writeMessage('m', body).toString('hex')).toBe(hex(bytes).toString('hex'));
    });
  }
  it('reads from the middle of a larger array', () => {
    const around = new Uint8Array([0xff, ...hex(records[0]![1]), 0xff]);
    expect(readRecord(around.subarray(1, -1))).toEqual(records[0]![2]);
  });
});

describe('what protobuf allows a sender', () => {
  const record = (more: string): UspRecord => readRecord(hex(`${plainHead} ${more}`));
  it('fields that are not known yet, of every wire type', () => {
    const unknown = 'a00607 a1060102030405060708 a20603aabbcc a50601020304';
    expect(record(`${unknown} 3a03 120170 ${unknown}`)).toEqual(records[0]![2]);
    expect(record(`3a07 a2060101 120170`)).toEqual(records[0]![2]);
  });
  it('any order, a field twice, numbers longer than needed', () => {
    const expected = { ...records[0]![2], version: '1.3' };
    expect(readRecord(hex('3a03120170 1a0161 120163 0a03312e34 0a03312e33'))).toEqual(expected);
    expect(readRecord(hex('0a8300312e33 9280000163 1a0161 20808000 3a03120170'))).toEqual(expected);
  });
  it('of a oneof the last one counts', () => {
    expect(record('3a03120170 4a00')).toEqual({ ...plainRecord, websocketConnect: {} });
    expect(record('4a00 3a03120170')).toEqual(records[0]![2]);
  });
  it('a message in pieces is put together, also in a oneof', () => {
    expect(record('5202 0801 5203 120174')).toEqual(records[4]![2]);
    const whole = readMessage(hex(messages[0]![1]));
    expect(
      readMessage(hex('0a03 0a016d 0a02 1001 120d 0a0b 0a09 0a074465766963652e 1209 0a07 0a05 1501000000')),
    ).toEqual(whole);
  });
  it('numbers of an enumeration that nobody knows yet, and negative ones', () => {
    expect(record('2063').payloadSecurity).toBe(99);
    expect(record('20ffffffffffffffffff01').payloadSecurity).toBe(-1);
    const written = writeRecord({ version: '', toId: '', fromId: '', payloadSecurity: -1 });
    expect(written.toString('hex')).toBe('20ffffffffffffffffff01');
  });
  it('an entry of a map without key or value; of two entries with one key the last', () => {
    const args = (entries: string): unknown => {
      const { body } = readMessage(
        Buffer.concat([hex('0a05 0a016d 1006'), sized(2, sized(1, sized(7, hex(entries))))]),
      );
      return body.kind === 'request' && { ...body.request.operate!.inputArgs };
    };
    expect(args('2200 2203 0a016b')).toEqual({ '': '', k: '' });
    expect(args('2206 0a016b 120176 2206 120177 0a016b')).toEqual({ k: 'w' });
    expect(args('2208 0a016b 1801 120176')).toEqual({ k: 'v' });
  });
});

describe('what is refused', () => {
  it('a record or message cut anywhere, unless what is left is whole fields', () => {
    for (const [, bytes] of records) {
      const whole = hex(bytes);
      // Where a field of the record ends, a shorter record is as good as the longer one.
      const ends = new Set<number>();
      for (let at = 0; at < whole.length; ) {
        const type = whole[at]! & 7;
        at += type === 2 ? 2 + whole[at + 1]! : 2;
        ends.add(at);
      }
      for (let length = 1; length < whole.length; length++)
        expect(refusal(() => readRecord(whole.subarray(0, length)))).toBe(
          ends.has(length) ? undefined : 'USP_MALFORMED',
        );
    }
    // Of a message the body ends where the message does.
    for (const [, bytes] of messages) {
      const whole = hex(bytes);
      for (let length = 0; length < whole.length; length++)
        expect(refusal(() => readMessage(whole.subarray(0, length)))).toBe('USP_MALFORMED');
    }
  });

  for (const [title, bytes] of [
    ['a length beyond the end', '0a ffffffff0f'],
    ['a length that only seems to fit when cut to 32 bits', '0a 8180808010 61'],
    ['a length that only seems to fit when cut to 56 bits', '0a 81808080808080808001 61'],
    ['a field number that only seems to fit when cut to 32 bits', '8a80808010 0161'],
    ['the length of an unknown field beyond the end', 'a206 04 aabbcc'],
    ['a number of eleven bytes', '20 8080808080808080808001'],
    ['a number of 65 bits', '20 ffffffffffffffffff02'],
    ['an unknown number without an end', 'a006 ffffffffffffffffffffff'],
    ['a number that is cut off', '20 80'],
    ['bad UTF-8', '0a02 c328'],
    ['an encoded surrogate', '0a03 eda080'],
    ['an overlong UTF-8 sequence', '0a02 c080'],
    ['a UTF-8 sequence cut by the end of the field', '0a01 c3 a9'],
    ['a text as number', '08 01'],
    ['a number as text', '2201 31'],
    ['a fixed32 as varint', '6202 1001'],
    ['field number 0', '00 00'],
    ['a group', '0b 0c'],
    ['an unknown group', 'a306 a406'],
    ['wire type 6', 'a606'],
    ['an inner message beyond its outer one', '3a02 1205 6161616161'],
  ] as const) {
    it(title, () => expect(refusal(() => readRecord(hex(bytes)))).toBe('USP_MALFORMED'));
  }
  for (const [title, entry] of [
    ['whose key is a number', '0801'],
    ['with field number 0', '0000'],
    ['that is cut off', '0a0561'],
    ['with bad UTF-8', '0a02c328'],
  ] as const) {
    it(`an entry of a map ${title}`, () => {
      const bytes = Buffer.concat([hex('0a05 0a016d 1006'), sized(2, sized(1, sized(7, sized(4, hex(entry)))))]);
      expect(refusal(() => readMessage(bytes))).toBe('USP_MALFORMED');
    });
  }
  it('a message without header, body or what the body is', () => {
    expect(refusal(() => readMessage(new Uint8Array()))).toBe('USP_MALFORMED');
    expect(refusal(() => readMessage(hex('0a00')))).toBe('USP_MALFORMED');
    expect(refusal(() => readMessage(hex('1202 0a00')))).toBe('USP_MALFORMED');
    expect(refusal(() => readMessage(hex('0a00 1200')))).toBe('USP_MALFORMED');
  });
});
