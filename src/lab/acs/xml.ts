import { SaxesParser } from 'saxes';
import { TandemError } from '#base';

/** An element of a message, namespaces resolved. The lab reads by itself, so that it judges what the agent writes. */
export interface XmlElement {
  readonly uri: string;
  readonly local: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

/** XML_BROKEN, XML_CDATA */
export class XmlError extends TandemError {}

const limitCharacters = 16 << 20;

/** @throws XmlError. CDATA is refused, as some servers do. */
export function readXml(text: string): XmlElement {
  if (text.length > limitCharacters) throw new XmlError('XML_BROKEN', 'too long');
  const parser = new SaxesParser({ xmlns: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  parser.on('error', (error) => {
    throw new XmlError('XML_BROKEN', error.message);
  });
  parser.on('cdata', () => {
    throw new XmlError('XML_CDATA', 'CDATA is not understood here');
  });
  parser.on('opentag', ({ uri, local, attributes }) => {
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
  if (!root) throw new XmlError('XML_BROKEN', 'there is no element');
  return root;
}

export const find = (element: XmlElement | undefined, local: string): XmlElement | undefined =>
  element?.children.find((child) => child.local === local);

export const textOf = (element: XmlElement | undefined, local: string): string => find(element, local)?.text ?? '';

export const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
