import type { IncomingMessage, ServerResponse } from 'node:http';
import { gunzipSync, inflateSync } from 'node:zlib';
import { AcsViolation } from './errors.ts';
import { type AcsQuirk, dress, send } from './quirks.ts';
import { escapeXml, find, need, readXml, type XmlElement } from './xml.ts';

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const encoding = 'http://schemas.xmlsoap.org/soap/encoding/';
const cwmp = /^urn:dslforum-org:cwmp-1-[0-2]$/;
const bodyLimitBytes = 8 << 20;
/** What is an array wherever CWMP has it. */
const arrays = new Set(['Event', 'ParameterList', 'MethodList', 'AccessList', 'TransferList']);

export interface AcsEnvelope {
  readonly id: string;
  /** Of CWMP, the same in the header and in the message. */
  readonly namespace: string;
  /** With the local name `Fault`: SOAP's. */
  readonly message: XmlElement;
}

/** @throws AcsViolation with what a strict server would not take */
export function readEnvelope(text: string, withoutId = false): AcsEnvelope {
  const root = readXml(text);
  if (root.uri !== soap || root.local !== 'Envelope') throw new AcsViolation('not a SOAP 1.1 envelope');
  // What was asked without an ID is answered without one.
  const id = withoutId ? find(find(root, 'Header'), 'ID') : need(need(root, 'Header'), 'ID');
  if (id && !cwmp.test(id.uri)) throw new AcsViolation(`the header ID is in the namespace '${id.uri}'`);
  if (id && id.attributes[`{${soap}}mustUnderstand`] !== '1') {
    throw new AcsViolation('cwmp:ID is not mustUnderstand="1"');
  }
  const { children } = need(root, 'Body');
  const message = children[0];
  if (!message || children.length > 1) throw new AcsViolation(`the body holds ${children.length} messages`);
  const named = message.local === 'Fault' ? need(need(message, 'detail'), 'Fault') : message;
  if (message !== named && message.uri !== soap) throw new AcsViolation('Fault is not in the namespace of SOAP 1.1');
  if (!cwmp.test(named.uri) || (id && named.uri !== id.uri))
    throw new AcsViolation(`${named.local} is in the namespace '${named.uri}'`);
  checkArrays(message);
  return { id: id?.text ?? '', namespace: named.uri, message };
}

function checkArrays(element: XmlElement): void {
  const type = element.attributes[`{${encoding}}arrayType`];
  const { length } = element.children;
  if (type === undefined) {
    if (arrays.has(element.local)) throw new AcsViolation(`${element.local} has no arrayType`);
  } else if (/^[\w-]+:\w+\[(\d+)\]$/.exec(type)?.[1] !== String(length)) {
    throw new AcsViolation(`${element.local} has ${length} items and says ${type}`);
  }
  for (const child of element.children) checkArrays(child);
}

/** @param body the element of the message, escaped */
export function writeEnvelope(
  response: ServerResponse,
  namespace: string,
  id: string,
  body: string,
  quirks: ReadonlySet<AcsQuirk> = new Set(),
): void {
  const text = dress(
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap}" xmlns:SOAP-ENC="${encoding}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="${namespace}"><SOAP-ENV:Header><cwmp:ID SOAP-ENV:mustUnderstand="1">${escapeXml(id)}</cwmp:ID></SOAP-ENV:Header><SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`,
    quirks,
  );
  send(response, 200, text, quirks);
}

/** @throws AcsViolation when it is too long or not UTF-8; the stream's own error when the CPE goes away */
export async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bodyLimitBytes) throw new AcsViolation('the body is too large');
    pieces.push(piece);
  }
  const encoding = request.headers['content-encoding'];
  let whole = Buffer.concat(pieces);
  const limit = { maxOutputLength: bodyLimitBytes };
  try {
    if (encoding === 'gzip') whole = gunzipSync(whole, limit);
    if (encoding === 'deflate') whole = inflateSync(whole, limit);
  } catch {
    throw new AcsViolation(`the body is not ${encoding}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(whole);
  } catch {
    throw new AcsViolation('the body is not UTF-8');
  }
}
