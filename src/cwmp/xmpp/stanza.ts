import { attribute, type Element } from '../codec/element.ts';

export const namespace = {
  client: 'jabber:client',
  tls: 'urn:ietf:params:xml:ns:xmpp-tls',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  bind: 'urn:ietf:params:xml:ns:xmpp-bind',
  session: 'urn:ietf:params:xml:ns:xmpp-session',
  stanzas: 'urn:ietf:params:xml:ns:xmpp-stanzas',
  ping: 'urn:xmpp:ping',
  /** TR-069 Annex K. */
  connectionRequest: 'urn:broadband-forum-org:cwmp:xmppConnReq-1-0',
} as const;

export function escapeXml(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

export const isNamed = (element: Element, uri: string, local: string): boolean =>
  element.uri === uri && element.local === local;

/** The first child of this name. */
export const childOf = (element: Element, uri: string, local: string): Element | undefined =>
  element.children.find((one) => isNamed(one, uri, local));

export const attributeOf = (element: Element, local: string): string | undefined => attribute(element, '', local);

/** Of the stanza errors of RFC 6120 8.3.3 those that we give. */
export type StanzaError = 'not-authorized' | 'service-unavailable';
const errorType = { 'not-authorized': 'auth', 'service-unavailable': 'cancel' } as const;

/** The answer to an `iq`. What was asked is not repeated: it can hold a password. */
export function iqAnswer(iq: Element, error?: StanzaError): string {
  const id = ` id="${escapeXml(attributeOf(iq, 'id') ?? '')}"`;
  const from = attributeOf(iq, 'from');
  const to = from === undefined ? '' : ` to="${escapeXml(from)}"`;
  if (error === undefined) return `<iq type="result"${id}${to}/>`;
  const what = `<error type="${errorType[error]}"><${error} xmlns="${namespace.stanzas}"/></error>`;
  return `<iq type="error"${id}${to}>${what}</iq>`;
}
