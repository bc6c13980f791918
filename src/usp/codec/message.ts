import { malformed } from './protobuf.ts';
import { requestTables } from './request-tables.ts';
import { responseTables } from './response-tables.ts';
import {
  choice,
  decode,
  encode,
  type Field,
  fixed32,
  list,
  type MessageTable,
  message,
  oneOf,
  type Plain,
  table,
  text,
} from './table.ts';
import type { Body, Requests, Responses, UspMessage } from './types.ts';

/** Field number in the oneof, Header.MsgType. */
const requestNumbers: Readonly<Record<keyof Requests, readonly [field: number, type: number]>> = {
  get: [1, 1],
  getSupportedDm: [2, 12],
  getInstances: [3, 14],
  set: [4, 4],
  add: [5, 8],
  delete: [6, 10],
  operate: [7, 6],
  notify: [8, 3],
  getSupportedProtocol: [9, 17],
  register: [10, 19],
  deregister: [11, 21],
};
const responseNumbers: Readonly<Record<keyof Responses, readonly [field: number, type: number]>> = {
  getResp: [1, 2],
  getSupportedDmResp: [2, 13],
  getInstancesResp: [3, 15],
  setResp: [4, 5],
  addResp: [5, 9],
  deleteResp: [6, 11],
  operateResp: [7, 7],
  notifyResp: [8, 16],
  getSupportedProtocolResp: [9, 18],
  registerResp: [10, 20],
  deregisterResp: [11, 22],
};

const members = (
  numbers: Readonly<Record<string, readonly [number, number]>>,
  tables: Readonly<Record<string, MessageTable>>,
): Field[] => oneOf('type', ...Object.entries(numbers).map(([name, [number]]) => message(number, name, tables[name]!)));

export const messageTable = table('Msg', [
  message(1, 'header', table('Header', [text(1, 'msgId'), choice(2, 'msgType')])),
  message(
    2,
    'body',
    table('Body', [
      ...oneOf(
        'msgBody',
        message(1, 'request', table('Request', members(requestNumbers, requestTables))),
        message(2, 'response', table('Response', members(responseNumbers, responseTables))),
        message(
          3,
          'error',
          table('Error', [
            fixed32(1, 'errCode'),
            text(2, 'errMsg'),
            list(
              message(
                3,
                'paramErrs',
                table('ParamError', [text(1, 'paramPath'), fixed32(2, 'errCode'), text(3, 'errMsg')]),
              ),
            ),
          ]),
        ),
      ),
    ]),
  ),
]);

/** Bounded by the record that carried it. */
/** Of a message, each way. */
export const messageLimitBytes = 5 << 20;

/** @throws UspCodecError USP_MALFORMED also where header or body are missing */
export function readMessage(input: Uint8Array): UspMessage {
  const plain = decode(messageTable, input, messageLimitBytes) as unknown as {
    header?: { msgId: string; msgType: number };
    body?: Record<string, unknown>;
  };
  const { header, body } = plain;
  if (!header || !body) throw malformed('header or body is missing');
  const kind = Object.keys(body)[0] as Body['kind'] | undefined;
  if (!kind) throw malformed('the body is empty');
  return { msgId: header.msgId, msgType: header.msgType, body: { kind, [kind]: body[kind] } as unknown as Body };
}

export function writeMessage(msgId: string, body: Body): Buffer {
  const content = (body as unknown as Record<string, Plain>)[body.kind]!;
  return encode(messageTable, {
    header: { msgId, msgType: messageTypeOf(body) },
    body: { [body.kind]: content },
  });
}

/** Header.MsgType that belongs to a body; `undefined`: its oneof is empty. */
export function messageTypeOf(body: Body): number | undefined {
  if (body.kind === 'error') return 0;
  if (body.kind === 'request') {
    const name = Object.keys(body.request)[0] as keyof Requests | undefined;
    return name && requestNumbers[name][1];
  }
  const name = Object.keys(body.response)[0] as keyof Responses | undefined;
  return name && responseNumbers[name][1];
}
