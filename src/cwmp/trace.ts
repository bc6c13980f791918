import { explain } from '#base';
import type { Model } from '#model';
import type { HttpBody } from '#platform';
import type { Element } from './codec/element.ts';
import { childText } from './codec/element.ts';
import { soapEnvelope } from './codec/names.ts';
import { readXml, xmlLimits } from './codec/read-xml.ts';
import type { SessionTransport } from './exchange/session.ts';

/** Where messages are shown to people. */
export interface TracePort {
  /** Somebody looks: without them nothing is formatted. */
  readonly watched: boolean;
  tell(entry: {
    /** As seen from the agent. */
    readonly direction: 'in' | 'out';
    readonly peer: string;
    readonly title: string;
    readonly lines: readonly string[];
  }): void;
}

/** Whether a parameter, by its full path, must not be shown. */
export type IsSecret = (path: string) => boolean;

/** By what the data model says of a parameter, and by its name where it says nothing. */
export const secretsOf =
  (model: Model): IsSecret =>
  (path) => {
    const object = schemaPathOf(path);
    const name = path.slice(path.lastIndexOf('.') + 1);
    const info = model
      .supported('cwmp')
      .object(object)
      ?.parameters.find((parameter) => parameter.name === name);
    return info ? info.hidden || info.secured : /Password|Passphrase|Secret|Key$/.test(name);
  };

/** Of the object, whatever way its rows are given. */
const schemaPathOf = (path: string): string =>
  path.slice(0, path.lastIndexOf('.') + 1).replace(/\.(?:[1-9][0-9]*|\*|\[[^\]]*\])(?=\.)/g, '.{i}');

/** Elements that are secrets by themselves: credentials of transfers. */
const secretElements = /^(Password|Username)$/;
/** What we say ourselves is larger than what we take. */
const shownLimits = { ...xmlLimits, characters: 8 << 20, elements: 100_000 };
/** More than a person reads. */
const lineLimit = 500;
const mask = '(secret)';

/** The session's messages, told to whoever looks, with secrets masked. */
export function traced(
  transport: SessionTransport,
  port: TracePort,
  peer: string,
  isSecret: IsSecret,
): SessionTransport {
  const tell = (direction: 'in' | 'out', body: HttpBody): void => {
    if (!port.watched) return;
    const { title, lines } = formatEnvelope(textOf(body), isSecret);
    port.tell({ direction, peer, title, lines });
  };
  return {
    async post(body) {
      tell('out', body);
      try {
        const received = await transport.post(body);
        tell('in', received);
        return received;
      } catch (error) {
        if (port.watched) port.tell({ direction: 'in', peer, title: 'no answer', lines: [shown(explain(error))] });
        throw error;
      }
    },
  };
}

const textOf = (body: HttpBody): string => (typeof body === 'string' ? body : Buffer.concat(body).toString());

/** One envelope as lines for a person: the message's name and ID, its arguments below. */
export function formatEnvelope(text: string, isSecret: IsSecret): { title: string; lines: string[] } {
  if (text === '') return { title: 'nothing more', lines: [] };
  let root: Element;
  try {
    root = readXml(text.replace(/^\ufeff/, ''), shownLimits);
  } catch {
    // It may hold anything: nothing of it is shown.
    return { title: `no envelope, ${text.length} characters`, lines: [] };
  }
  const within = (name: string): Element | undefined =>
    root.children.find(({ local, uri }) => local === name && uri === soapEnvelope);
  const message = within('Body')?.children[0];
  if (!message) return { title: 'an envelope without a message', lines: [] };
  const id = within('Header')?.children.find(({ local }) => local === 'ID')?.text;
  const lines: string[] = [];
  for (const child of message.children) write(child, '', lines, isSecret);
  const cut = lines.length > lineLimit ? [...lines.slice(0, lineLimit), `… ${lines.length - lineLimit} more`] : lines;
  return { title: `${message.local}${id === undefined ? '' : ` ${id}`}`, lines: cut };
}

function write(element: Element, indent: string, lines: string[], isSecret: IsSecret): void {
  const { local, children, text } = element;
  const name = childText(element, 'Name');
  const value = children.find((child) => child.local === 'Value');
  if (name !== undefined && value) {
    lines.push(`${indent}${name} = ${isSecret(name) && value.text !== '' ? mask : shown(value.text)}`);
    return;
  }
  if (children.length === 0) {
    lines.push(`${indent}${local}: ${secretElements.test(local) && text !== '' ? mask : shown(text)}`);
    return;
  }
  lines.push(`${indent}${local}`);
  for (const child of children) write(child, `${indent}  `, lines, isSecret);
}

/** On one line, and without what a terminal would obey. */
const shown = (text: string): string =>
  text
    .trim()
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .slice(0, 400);
