/** One element of a received envelope: names only, prefixes are resolved and gone. */
export interface Element {
  readonly uri: string;
  readonly local: string;
  readonly attributes: readonly Attribute[];
  children: Element[];
  text: string;
}

export interface Attribute {
  readonly uri: string;
  readonly local: string;
  readonly value: string;
}

/** The first child of this local name. Arguments are unqualified, but peers do qualify them: the namespace is not looked at. */
export function child(element: Element, local: string): Element | undefined {
  return element.children.find((candidate) => candidate.local === local);
}

/** Text of a child, without surrounding blanks; `undefined`: there is no such child. */
export function childText(element: Element, local: string): string | undefined {
  return child(element, local)?.text.trim();
}

export function attribute(element: Element, uri: string, local: string): string | undefined {
  return element.attributes.find((candidate) => candidate.uri === uri && candidate.local === local)?.value;
}
