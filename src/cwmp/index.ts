export { answer, createVerbs } from './answer.ts';
export { type CwmpClient, startCwmp } from './client/client.ts';
export { connectionRequests, type SeenRequest } from './client/connection-request.ts';
export type { ConnectionRequestListener, CwmpPorts } from './client/ports.ts';
export { hasContacted } from './client/state.ts';
export { type CwmpStatus, cwmpStatus } from './client/status.ts';
export type { Element as XmppElement } from './codec/element.ts';
export { type Envelope, type EnvelopeHeader, readEnvelope, type SoapFault } from './codec/read-envelope.ts';
export { SoapError } from './codec/read-xml.ts';
export { writeEnvelope } from './codec/write-envelope.ts';
export { Cookies } from './exchange/cookies.ts';
export { type HttpTransportParts, httpTransport } from './exchange/http-transport.ts';
export {
  type OwnRequest,
  runSession,
  SessionError,
  type SessionOutcome,
  type SessionParts,
  type SessionTransport,
} from './exchange/session.ts';
export type { CwmpFault } from './faults.ts';
export { type DeviceId, type InformEvent, type InformMessage, writeInform } from './inform.ts';
export type { InstanceMode, InstanceSettings } from './instance-names.ts';
export type { ReachPorts } from './reach/ports.ts';
export type { FileEngine, FileFault, FileUse } from './transfers/port.ts';
export type { AutonomousTransfer, TransferOutcome, UnitOutcome } from './transfers/report.ts';
export type { ListedTransfer } from './transfers/transfer.ts';
export { Transfers, type TransfersParts } from './transfers/transfers.ts';
export type { UnitEngine, UnitOperation } from './transfers/units.ts';
export type { Afterwards } from './verbs/reboot.ts';
export type { Attributes, Verb, VerbContext } from './verbs/verb.ts';
export { type AcsModel, openAcsModel, type Root } from './view/index.ts';
export { XmlStream as XmppStream } from './xmpp/xml-stream.ts';
