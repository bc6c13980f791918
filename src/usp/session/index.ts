export { declareSession, type SessionView } from './declare.ts';
export { certificatesOf, macFits, macOf, protectedBytes, type Signer, signedBy, signerOf } from './integrity.ts';
export {
  type Origin as MessageOrigin,
  RecordExchange,
  type RecordExchangeParts,
  type Route,
} from './record-exchange.ts';
export { newestVersion, problemOf, recordError } from './record-rules.ts';
export { Session } from './session-context.ts';
export { payloadSecurity, type SessionSettings } from './session-settings.ts';
export type { OpenTunnel, PeerCertificates, RecordKeys, Tunnel, TunnelEvents } from './tunnel.ts';
