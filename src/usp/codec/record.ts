import {
  bytes,
  choice,
  decode,
  encode,
  fixed32,
  list,
  message,
  oneOf,
  type Plain,
  table,
  text,
  uint64,
} from './table.ts';

/** USP Record (TR-369 1.4, usp-record-1-4.proto). */
export interface UspRecord {
  /** `1.4` */
  readonly version: string;
  readonly toId: string;
  readonly fromId: string;
  /** 0 plain text, 1 TLS 1.2 */
  readonly payloadSecurity: number;
  readonly macSignature: Uint8Array;
  readonly senderCert: Uint8Array;
  readonly noSessionContext?: { readonly payload: Uint8Array };
  readonly sessionContext?: SessionContext;
  readonly websocketConnect?: Readonly<Record<never, never>>;
  readonly mqttConnect?: { readonly version: number; readonly subscribedTopic: string };
  readonly stompConnect?: { readonly version: number; readonly subscribedDestination: string };
  readonly disconnect?: { readonly reason: string; readonly reasonCode: number };
  readonly udsConnect?: Readonly<Record<never, never>>;
}

export interface SessionContext {
  readonly sessionId: bigint;
  readonly sequenceId: bigint;
  readonly expectedId: bigint;
  readonly retransmitId: bigint;
  /** 0 none, 1 begin, 2 in process, 3 complete */
  readonly payloadSarState: number;
  readonly payloadrecSarState: number;
  readonly payload: readonly Uint8Array[];
}

export const recordTable = table('Record', [
  text(1, 'version'),
  text(2, 'toId'),
  text(3, 'fromId'),
  choice(4, 'payloadSecurity'),
  bytes(5, 'macSignature'),
  bytes(6, 'senderCert'),
  ...oneOf(
    'recordType',
    message(7, 'noSessionContext', table('NoSessionContextRecord', [bytes(2, 'payload')])),
    message(
      8,
      'sessionContext',
      table('SessionContextRecord', [
        uint64(1, 'sessionId'),
        uint64(2, 'sequenceId'),
        uint64(3, 'expectedId'),
        uint64(4, 'retransmitId'),
        choice(5, 'payloadSarState'),
        choice(6, 'payloadrecSarState'),
        list(bytes(7, 'payload')),
      ]),
    ),
    message(9, 'websocketConnect', table('WebSocketConnectRecord', [])),
    message(10, 'mqttConnect', table('MQTTConnectRecord', [choice(1, 'version'), text(2, 'subscribedTopic')])),
    message(11, 'stompConnect', table('STOMPConnectRecord', [choice(1, 'version'), text(2, 'subscribedDestination')])),
    message(12, 'disconnect', table('DisconnectRecord', [text(1, 'reason'), fixed32(2, 'reasonCode')])),
    message(13, 'udsConnect', table('UDSConnectRecord', [])),
  ),
]);

/** Larger than any message that the agent can have use for. */
export const recordLimitBytes = 5 << 20;

/** @throws UspCodecError */
export function readRecord(input: Uint8Array): UspRecord {
  return decode(recordTable, input, recordLimitBytes) as unknown as UspRecord;
}

export type RecordContent = Pick<
  UspRecord,
  | 'noSessionContext'
  | 'sessionContext'
  | 'websocketConnect'
  | 'mqttConnect'
  | 'stompConnect'
  | 'disconnect'
  | 'udsConnect'
>;

export function writeRecord(record: Pick<UspRecord, 'version' | 'toId' | 'fromId'> & Partial<UspRecord>): Buffer {
  return encode(recordTable, record as unknown as Plain);
}
