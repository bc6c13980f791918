import { attribute, childText, type Element } from './element.ts';
import { type CwmpNamespace, cwmpNamespaces, isCwmpNamespace, soapEnvelope } from './names.ts';
import { readXml, SoapError } from './read-xml.ts';

export interface EnvelopeHeader {
  /** `cwmp:ID`, byte for byte; `undefined`: there is none, and the answer has none either. */
  readonly id: string | undefined;
  readonly holdRequests: boolean;
  /** `cwmp:UseCWMPVersion` (InformResponse only). */
  readonly useVersion: string | undefined;
  /** A header that must be understood and is not: answered by a MustUnderstand fault (SOAP 1.1, 4.2.3). */
  readonly notUnderstood: string | undefined;
}

export interface SoapFault {
  readonly code: string;
  readonly text: string;
  /** Of `cwmp:Fault` in the detail: 8000 to 8899 from an ACS. */
  readonly cwmpCode: number | undefined;
  readonly cwmpText: string;
}

export interface Envelope {
  readonly namespace: CwmpNamespace;
  readonly header: EnvelopeHeader;
  /** Name of the RPC: `GetParameterValues`, `InformResponse`; `Fault` for faults. */
  readonly method: string;
  readonly body: Element;
  readonly fault: SoapFault | undefined;
}

/**
 * Reads a SOAP 1.1 envelope with one CWMP message. Prefixes mean nothing, namespaces do (TR-069 3.5).
 * @throws SoapError
 */
export function readEnvelope(text: string): Envelope {
  const root = readXml(text.replace(/^\ufeff/, ''));
  if (root.local !== 'Envelope' || root.uri !== soapEnvelope)
    throw new SoapError('SOAP_MALFORMED', `not a SOAP 1.1 envelope, but '${root.local.slice(0, 64)}'`);
  const bodies = root.children.filter((element) => element.local === 'Body' && element.uri === soapEnvelope);
  const message = bodies[0]?.children[0];
  if (bodies.length !== 1 || !message) throw new SoapError('SOAP_MALFORMED', 'the envelope has no message');
  if (bodies[0]!.children.length > 1) throw new SoapError('SOAP_MALFORMED', 'more than one message in an envelope');
  const header = readHeader(
    root.children.find((element) => element.local === 'Header' && element.uri === soapEnvelope),
  );
  const isFault = message.local === 'Fault' && message.uri === soapEnvelope;
  const namespace = isFault ? namespaceWithin(root) : message.uri;
  if (!isCwmpNamespace(namespace)) {
    throw new SoapError('SOAP_NAMESPACE', `'${message.local.slice(0, 64)}' is in no CWMP namespace we know`);
  }
  return { namespace, header, method: message.local, body: message, fault: isFault ? readFault(message) : undefined };
}

function readHeader(header: Element | undefined): EnvelopeHeader {
  let id: string | undefined;
  let holdRequests = false;
  let useVersion: string | undefined;
  let notUnderstood: string | undefined;
  for (const element of header?.children ?? []) {
    const ours = isCwmpNamespace(element.uri);
    if (ours && element.local === 'ID') id = element.text;
    else if (ours && element.local === 'HoldRequests') holdRequests = isTrue(element.text);
    else if (ours && element.local === 'UseCWMPVersion') useVersion = element.text.trim();
    else if (
      !(ours && ignored.has(element.local)) &&
      isTrue(attribute(element, soapEnvelope, 'mustUnderstand') ?? '0')
    ) {
      notUnderstood ??= element.local;
    }
  }
  return { id, holdRequests, useVersion, notUnderstood };
}

/** Known and without effect on a CPE; NoMoreRequests is deprecated. */
const ignored = new Set(['NoMoreRequests', 'SessionTimeout', 'SupportedCWMPVersions']);

export const isTrue = (text: string): boolean => /^\s*(1|true)\s*$/.test(text);

function readFault(message: Element): SoapFault {
  const find = (element: Element, local: string): Element | undefined => {
    for (const candidate of element.children) {
      if (candidate.local === local) return candidate;
      const deeper = find(candidate, local);
      if (deeper) return deeper;
    }
    return undefined;
  };
  const detail = find(message, 'detail');
  const cwmp = detail && find(detail, 'Fault');
  const code = cwmp && childText(cwmp, 'FaultCode');
  return {
    code: childText(message, 'faultcode') ?? '',
    text: childText(message, 'faultstring') ?? '',
    cwmpCode: code !== undefined && /^[0-9]{4}$/.test(code) ? Number(code) : undefined,
    cwmpText: (cwmp && childText(cwmp, 'FaultString')) ?? '',
  };
}

/** A fault itself is in SOAP's namespace: CWMP's is found on its detail or in the header. */
function namespaceWithin(element: Element): CwmpNamespace | '' {
  if (isCwmpNamespace(element.uri)) return element.uri;
  for (const candidate of element.children) {
    const found = namespaceWithin(candidate);
    if (found !== '') return found;
  }
  return element.local === 'Envelope' ? cwmpNamespaces.at(-1)! : '';
}
