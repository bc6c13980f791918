export { type DataModelFiles, loadDataModelFiles, shareBeside } from './datamodel-files.ts';
export { type Factory, readFactory } from './factory.ts';
export type { FactoryController } from './factory-controllers.ts';
export { FactoryError } from './factory-json.ts';
export { RootedFiles } from './files.ts';
export { allowsAddress } from './net/address-filter.ts';
export { publicRoots, withoutPublicRoots } from './net/authorities.ts';
export { isOnOtherNetwork } from './net/foreign-network.ts';
export {
  type Answerable,
  authorize,
  type Challenge,
  type Credentials,
  readChallenges,
  textOfHeader,
} from './net/http-authentication.ts';
export type { HttpBody } from './net/http-body.ts';
export {
  type HttpConnection,
  type HttpOptions,
  type HttpRequest,
  type HttpResponse,
  openHttp,
} from './net/http-connection.ts';
export {
  type HttpAnswer,
  type HttpListener,
  type HttpListenerOptions,
  type HttpRequestSeen,
  ListenError,
  type ListenerLimits,
  listenHttp,
} from './net/http-listener.ts';
export { HttpError, type HttpHead, type HttpTls } from './net/http-request.ts';
export {
  type ByteSink,
  type ByteSource,
  type HttpStreams,
  openHttpStreams,
  type StreamRequest,
} from './net/http-stream.ts';
export { localAddressTowards } from './net/local-address.ts';
export { type MemoryTls, type MemoryTlsEvents, openMemoryTls } from './net/memory-tls.ts';
export {
  MqttError,
  type MqttEvents,
  type MqttLink,
  type MqttMessage,
  type MqttOptions,
  type MqttUserProperties,
  type MqttWill,
  openMqtt,
  type PublishedMessage,
} from './net/mqtt.ts';
export { type Peer, trusting } from './net/peer.ts';
export { resolveService, type ServiceTarget } from './net/service-lookup.ts';
export {
  openStomp,
  StompError,
  type StompEvents,
  type StompLink,
  type StompMessage,
  type StompOptions,
  type StompSubscription,
} from './net/stomp.ts';
export { openStream, StreamError, type StreamEvents, type StreamLink, type StreamOptions } from './net/stream.ts';
export { revocationLists, TlsError } from './net/tls-trust.ts';
export {
  type HostAddress,
  openUdp,
  resolveHost,
  UdpError,
  type UdpOptions,
  type UdpPeer,
  type UdpSocket,
} from './net/udp.ts';
export {
  listenUnixSocket,
  openUnixSocket,
  type UnixListener,
  UnixSocketError,
  type UnixStream,
  type UnixStreamEvents,
} from './net/unix-socket.ts';
export { openWebSocket, WebSocketError, type WebSocketOptions } from './net/websocket.ts';
export type { WebSocketEvents, WebSocketLink } from './net/websocket-link.ts';
export {
  listenWebSocket,
  type WebSocketAdmission,
  type WebSocketListener,
  type WebSocketRequest,
  WebSocketServerError,
  type WebSocketServerLimits,
  type WebSocketServerOptions,
} from './net/websocket-server.ts';
export type * from './ports.ts';
export { ProgramError, RootedPrograms } from './programs.ts';
export { RandomPool } from './random-pool.ts';
export { RootedScripts, ScriptError } from './scripts.ts';
export { type Staging, StagingDirectory, StagingError } from './staging.ts';
export { FileStateStore, StateError } from './state-store.ts';
export { connectUbus, UbusClient, type UbusOptions } from './ubus/client.ts';
export { UbusError, type UbusErrorCode, ubusStatus } from './ubus/error.ts';
export { decodeUciBytes, encodeUciText } from './uci/bytes.ts';
export { UciDocument } from './uci/document.ts';
export { UciError, type UciErrorCode } from './uci/error.ts';
export { UciFiles } from './uci/files.ts';
export { isUciName, isUciPackageName, isUciType, isUciValue } from './uci/names.ts';
export { parseUci, parseUciExport } from './uci/parse.ts';
