import type { IncomingMessage, ServerResponse } from 'node:http';
import { escapeXml, find, readXml, type XmlElement } from './xml.ts';

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const encoding = 'http://schemas.xmlsoap.org/soap/encoding/';
const bodyLimitBytes = 16 << 20;

/** @throws Error with what a strict server would not take */
export function readEnvelope(text: string): { id: string; namespace: string; message: XmlElement } {
  const root = readXml(text);
  if (root.uri !== soap || root.local !== 'Envelope') throw new Error('not a SOAP 1.1 envelope');
  const id = find(find(root, 'Header'), 'ID')?.text;
  const message = find(root, 'Body')?.children[0];
  if (id === undefined || !message) throw new Error('cwmp:ID or the message is missing');
  checkArrays(message);
  const namespace = message.local === 'Fault' ? '' : message.uri;
  if (message.local !== 'Fault' && !/^urn:dslforum-org:cwmp-1-[0-2]$/.test(namespace)) {
    throw new Error(`${message.local} is in the namespace '${namespace}'`);
  }
  return { id, namespace, message };
}

function checkArrays(element: XmlElement): void {
  const type = element.attributes[`{${encoding}}arrayType`];
  if (type !== undefined && !type.endsWith(`[${element.children.length}]`)) {
    throw new Error(`${element.local} has ${element.children.length} items and says ${type}`);
  }
  for (const child of element.children) checkArrays(child);
}

export function writeEnvelope(response: ServerResponse, namespace: string, id: string, body: string): void {
  response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' });
  response.end(
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="${soap}" xmlns:SOAP-ENC="${encoding}" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="${namespace}"><SOAP-ENV:Header><cwmp:ID SOAP-ENV:mustUnderstand="1">${escapeXml(id)}</cwmp:ID></SOAP-ENV:Header><SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`,
  );
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bodyLimitBytes) throw new Error('the body is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
