export { answer, createVerbs } from './answer.ts';
export { type Envelope, type EnvelopeHeader, readEnvelope, type SoapFault } from './codec/read-envelope.ts';
export { SoapError } from './codec/read-xml.ts';
export { writeEnvelope } from './codec/write-envelope.ts';
export type { CwmpFault } from './faults.ts';
export { type DeviceId, type InformEvent, type InformMessage, writeInform } from './inform.ts';
export type { Afterwards } from './verbs/reboot.ts';
export type { Attributes, Verb, VerbContext } from './verbs/verb.ts';
