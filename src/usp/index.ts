export { readMessage, writeMessage } from './wire/message.ts';
export { UspCodecError } from './wire/protobuf.ts';
export { type RecordContent, readRecord, type UspRecord, writeRecord } from './wire/record.ts';
export type * from './wire/types.ts';
