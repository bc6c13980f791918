import { SaxesParser } from 'saxes';
import { TandemError } from '#base';
import type { Attribute, Element } from './element.ts';

/** The text is not an envelope that we read. The session it came in has failed (TR-069 3.7.1.6). */
export class SoapError extends TandemError {}

export interface XmlLimits {
  readonly characters: number;
  readonly depth: number;
  readonly elements: number;
  readonly attributes: number;
}

/** Far above what an ACS sends (32 KB is what a CPE must accept), a set of 5,000 parameters included; what is read of it takes less than 8 MB. */
export const xmlLimits: XmlLimits = { characters: 2 << 20, depth: 32, elements: 16_384, attributes: 32 };

/** Most elements have none. They are not changed when they are there. */
const nothing: never[] = [];
const fewChildren = 4;

/**
 * Reads a document into elements. No document type, no entities but XML's own five, bounded in every direction. A bare `&`,
 * as one widespread ACS writes into URLs, is taken for itself.
 * @throws SoapError
 */
export function readXml(text: string, limits: XmlLimits = xmlLimits): Element {
  if (text.length > limits.characters) throw new SoapError('SOAP_TOO_LARGE', 'the envelope is too large');
  const parser = new SaxesParser({ xmlns: true, position: false });
  const open: Element[] = [];
  let root: Element | undefined;
  let elements = 0;
  const names = new Map<string, string>();
  /** The parser makes a text of its own of each name; thousands of elements share a few. */
  const once = (name: string): string => {
    const known = names.get(name);
    if (known === undefined) names.set(name, name);
    return known ?? name;
  };
  let last: readonly Attribute[] = nothing;
  /** One list for those that say the same one after the other, as the types of values do. */
  const listed = (own: readonly Attribute[]): readonly Attribute[] => {
    const same = own.length === last.length && own.every((one, at) => isSame(one, last[at]!));
    if (!same) last = own.map(({ uri, local, value }) => ({ uri, local, value }));
    return last;
  };
  parser.on('error', (error) => {
    throw new SoapError('SOAP_MALFORMED', `${webPage(text)}not well-formed: ${error.message.slice(0, 200)}`);
  });
  parser.on('doctype', () => {
    throw new SoapError('SOAP_DOCTYPE', `${webPage(text)}a document type is not accepted`);
  });
  parser.on('opentag', (tag) => {
    if (++elements > limits.elements) throw new SoapError('SOAP_TOO_LARGE', 'too many elements');
    if (open.length >= limits.depth) throw new SoapError('SOAP_TOO_LARGE', 'nested too deeply');
    const attributes = Object.values(tag.attributes);
    if (attributes.length > limits.attributes) throw new SoapError('SOAP_TOO_LARGE', 'too many attributes');
    const own = attributes.filter(({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns');
    const element: Element = {
      uri: once(tag.uri),
      local: once(tag.local),
      attributes: own.length === 0 ? nothing : listed(own),
      children: nothing,
      text: '',
    };
    const parent = open.at(-1);
    if (!parent) root = element;
    // An array that grows by itself takes room for sixteen more, and most elements have two or three.
    else if (parent.children.length < fewChildren) parent.children = [...parent.children, element];
    else parent.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const characters = (piece: string): void => {
    const element = open.at(-1);
    if (element) element.text += piece;
  };
  parser.on('text', characters);
  parser.on('cdata', characters);
  const escaped = text.includes('&') ? escapeBare(text) : text;
  parser.write(doubleColon.test(escaped) ? escaped.replaceAll(doubleColons, '<$1$2:$3') : escaped);
  parser.close();
  if (!root) throw new SoapError('SOAP_MALFORMED', 'no element');
  return root;
}

/** The commonest reason by far for what is no envelope: the URL leads to a portal, a login or a proxy. */
const webPage = (text: string): string =>
  /^\s*<(!doctype\s+html|html)\b/i.test(text) ? 'the answer is a web page and no SOAP envelope: ' : '';

const isSame = (a: Attribute, b: Attribute): boolean => a.value === b.value && a.local === b.local && a.uri === b.uri;

/** `<soap-env:Body:Fault>`, as one widespread ACS writes its faults: no name at all, and meant as `soap-env:Fault`. */
const doubleColon = /<\/?[\w.-]+:[\w.-]+:/;
const doubleColons = /<(\/?)([\w.-]+):[\w.-]+:([\w.-]+)/g;

/** CDATA sections stay as they are. */
function escapeBare(text: string): string {
  return text.replace(
    /<!\[CDATA\[[\s\S]*?\]\]>|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)/g,
    (match) => (match === '&' ? '&amp;' : match),
  );
}
