import { SaxesParser } from 'saxes';
import { AcsError, AcsViolation } from './errors.ts';

/** An element of a message, namespaces resolved. The lab reads by itself, so that it judges what the agent writes. */
export interface XmlElement {
  readonly uri: string;
  readonly local: string;
  /** By `{namespace}local`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/** A CWMP message is eight deep. */
const depthLimit = 32;

/**
 * @param text bounded by whoever received it
 * @throws AcsViolation for what is not well-formed, for CDATA, which some servers do not take, and for what SOAP 1.1 (3) forbids
 */
export function readXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  const refuse = (reason: string) => () => {
    throw new AcsViolation(reason);
  };
  parser.on('error', (error) => {
    throw new AcsViolation(`the XML is broken: ${error.message}`);
  });
  parser.on('cdata', refuse('CDATA is not understood here'));
  parser.on('doctype', refuse('a document type declaration'));
  parser.on('processinginstruction', refuse('a processing instruction'));
  parser.on('opentag', ({ uri, local, attributes }) => {
    if (open.length >= depthLimit) throw new AcsViolation('the XML is nested too deep');
    const element: XmlElement = {
      uri,
      local,
      attributes: Object.fromEntries(
        Object.values(attributes).map((attribute) => [`{${attribute.uri}}${attribute.local}`, attribute.value]),
      ),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('text', (piece) => {
    const element = open.at(-1);
    if (element) element.text += piece;
  });
  parser.on('closetag', () => {
    open.pop();
  });
  parser.write(text).close();
  if (!root) throw new AcsViolation('there is no XML element');
  return root;
}

export const find = (element: XmlElement | undefined, local: string): XmlElement | undefined =>
  element?.children.find((child) => child.local === local);

/** @throws AcsViolation when it is missing */
export function need(element: XmlElement, local: string): XmlElement {
  const found = find(element, local);
  if (!found) throw new AcsViolation(`${element.local} has no ${local}`);
  return found;
}

/** @throws AcsViolation when it is missing or no whole number */
export function needNumber(element: XmlElement, local: string): number {
  const { text } = need(element, local);
  if (!/^\s*\d{1,10}\s*$/.test(text)) throw new AcsViolation(`${local} is '${text}'`);
  return Number(text);
}

export const textOf = (element: XmlElement | undefined, local: string): string => find(element, local)?.text ?? '';

const notXml = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** A carriage return is a reference, or it would be read as a line feed (XML 1.0, 2.11). @throws AcsError for what no XML can hold */
export function escapeXml(text: string): string {
  if (notXml.test(text)) throw new AcsError('ACS_TEXT', 'the text has a character that XML can not hold');
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}
