export { declareSession, type SessionView } from './declare.ts';
export { certificatesOf, macFits, macOf, protectedBytes, type Signer, signedBy, signerOf } from './integrity.ts';
export {
  type Origin as MessageOrigin,
  RecordExchange,
  type RecordExchangeParts,
  type Route,
} from './record-exchange.ts';
export { newestVersion, problemOf, recordError } from './record-rules.ts';
export { payloadSecurity, Session, type SessionSettings } from './session-context.ts';
export type { OpenTunnel, PeerCertificates, RecordKeys, Tunnel, TunnelEvents } from './tunnel.ts';
