import { SaxesParser } from 'saxes';

/** One element; text between elements only holds descriptions and is dropped. Names are without their prefix. */
export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: Element[];
}

const local = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Reads a Broadband Forum document: namespaces are ignored, the internal DTD's entities are expanded. */
export function readXml(text: string, file: string): Element {
  const parser = new SaxesParser({ xmlns: false, fileName: file });
  const root: Element = { name: '', attributes: new Map(), children: [] };
  const open: Element[] = [root];
  parser.on('doctype', (doctype) => {
    for (const [, name, value] of doctype.matchAll(/<!ENTITY\s+(\w+)\s+"([^"]*)"\s*>/g))
      parser.ENTITIES[name!] = value!.replace(/&(\w+);/g, (_, inner: string) => parser.ENTITIES[inner]!);
  });
  parser.on('opentag', (tag) => {
    const attributes = new Map<string, string>();
    for (const [name, value] of Object.entries(tag.attributes)) attributes.set(local(name), value);
    const element: Element = { name: local(tag.name), attributes, children: [] };
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(text).close();
  return root.children[0]!;
}

export const childrenNamed = (element: Element, name: string): Element[] =>
  element.children.filter((child) => child.name === name);
export const childNamed = (element: Element, name: string): Element | undefined =>
  element.children.find((child) => child.name === name);
