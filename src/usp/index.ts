export { readMessage, writeMessage } from './codec/message.ts';
export { UspCodecError } from './codec/protobuf.ts';
export { type RecordContent, readRecord, type SessionContext, type UspRecord, writeRecord } from './codec/record.ts';
export type * from './codec/types.ts';
export { startUsp, type UspAgent, type UspPorts } from './exchange/agent.ts';
export type { MqttClientConfig, MqttWillConfig } from './exchange/mqtt-config.ts';
export type { StompConnectionConfig, WebSocketServerConfig } from './exchange/mtp-config.ts';
export type { BootPort } from './notify/boot-event.ts';
export { Outbox, type OutboxParts } from './notify/outbox.ts';
export {
  type OpenTunnel,
  type PeerCertificates,
  RecordExchange,
  type RecordExchangeParts,
  recordError,
  type SessionSettings,
  signerOf,
  type Tunnel,
  type TunnelEvents,
} from './session/index.ts';
export { accessOf, findTargets, type IdentityPolicy, type Permission, type Role } from './trust/index.ts';
