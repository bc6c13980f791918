export { formatMessage, secretsOf, titleOf } from './format-message.ts';
export { MessageTrace, type TracePort } from './trace.ts';
