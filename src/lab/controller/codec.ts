// What the controller reads and writes records and messages with, for those who say what a controller would not.
export {
  type Body,
  type ErrorBody,
  type Notify,
  type RecordContent,
  type Requests,
  type Responses,
  readMessage,
  readRecord,
  type UspMessage,
  type UspRecord,
  writeMessage,
  writeRecord,
} from '#usp';
