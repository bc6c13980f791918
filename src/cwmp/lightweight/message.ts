import { createHmac } from 'node:crypto';
import type { Secret } from '#base';
import type { BaseType } from '#model';
import { escapeText } from '../codec/write-xml.ts';
import type { DeviceId } from '../inform.ts';

export interface LightweightParameter {
  readonly path: string;
  readonly value: string;
  readonly type: BaseType;
}

export interface LightweightNotification {
  readonly deviceId: DeviceId;
  /** ManagementServer.Username */
  readonly username: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly clientNonce: string;
  readonly parameters: readonly LightweightParameter[];
}

/** What goes through every network in one piece. */
const datagramBytes = 1200;
/** A single value that does not: a datagram in fragments, and beyond this none at all. */
const largestBytes = 8192;

/** TR-069 Annex M, cwmp-UDPLightweightNotification-1-0.xsd. */
function body({ deviceId, username, now, clientNonce, parameters }: LightweightNotification): string {
  const leaf = (name: string, text: string, attributes = ''): string =>
    `<${name}${attributes}>${escapeText(text)}</${name}>`;
  const head = [
    leaf('TS', String(Math.floor(now / 1000))),
    leaf('UN', username.slice(0, 256)),
    leaf('CN', clientNonce),
    leaf('OUI', deviceId.oui),
    leaf('ProductClass', deviceId.productClass.slice(0, 64)),
    leaf('SerialNumber', deviceId.serialNumber.slice(0, 64)),
  ].join('');
  const params = parameters
    .map(({ path, value, type }) => {
      // A list is text on the wire (TR-106 3.2).
      const named = value.includes(',') ? 'string' : type === 'base64' ? 'base64Binary' : type;
      const typed = ` xsi:type="xsd:${named}"`;
      return `<Param>${leaf('Name', path)}${leaf('Value', value, typed)}</Param>`;
    })
    .join('');
  const names =
    'xmlns="urn:broadband-forum-org:cwmp:lwnotif-1-0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
  return `<?xml version="1.0" encoding="UTF-8"?><Notification ${names}>${head}${params}</Notification>`;
}

/**
 * One message: an HTTP POST in a datagram, whose body is signed with the ACS password.
 * @param authority `host:port` to which it goes
 */
export function lightweightMessage(notification: LightweightNotification, authority: string, password: Secret): Buffer {
  const content = Buffer.from(body(notification));
  const signature = createHmac('sha1', password.reveal()).update(content).digest('hex').toUpperCase();
  const header = [
    'POST / HTTP/1.1',
    `Host: ${authority}`,
    'Content-Type: text/xml; charset="utf-8"',
    `Content-Length: ${content.length}`,
    `Signature: ${signature}`,
  ];
  return Buffer.concat([Buffer.from(`${header.join('\r\n')}\r\n\r\n`), content]);
}

/**
 * As few messages as the parameters need.
 * @param make the message of some of them
 * @returns and those that are too large to be told in any
 */
export function lightweightMessages(
  parameters: readonly LightweightParameter[],
  make: (some: readonly LightweightParameter[]) => Buffer,
): { readonly messages: readonly Buffer[]; readonly tooLarge: readonly string[] } {
  const messages: Buffer[] = [];
  const tooLarge: string[] = [];
  let some: LightweightParameter[] = [];
  let last: Buffer | undefined;
  const flush = (): void => {
    if (last) messages.push(last);
    some = [];
    last = undefined;
  };
  for (const parameter of parameters) {
    let next = make([...some, parameter]);
    if (next.length > datagramBytes && some.length > 0) {
      flush();
      next = make([parameter]);
    }
    if (next.length > largestBytes) {
      tooLarge.push(parameter.path);
      continue;
    }
    some.push(parameter);
    last = next;
  }
  flush();
  return { messages, tooLarge };
}
