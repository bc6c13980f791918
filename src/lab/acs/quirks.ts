import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** What servers in the field are known to do, each to be switched on by itself. */
export const acsQuirks = [
  /** The session's cookie has no Path. */
  'cookie-without-path',
  /** Every answer closes the connection: the session goes on over new ones. */
  'closes-each-time',
  /** A new Inform is refused with 400 while a session of the device is open. */
  'already-in-session',
  /** `&` is not escaped in what is sent. */
  'bare-ampersand',
  /** Faults are in an element with two colons in its name. */
  'malformed-fault',
  /** Times have milliseconds. */
  'milliseconds',
  /** Prefixes are not declared where one expects them: default namespaces at every level. */
  'default-namespaces',
  /** A byte order mark, comments and blanks around the elements. */
  'decorated',
  /** Requests carry no ID. */
  'no-id',
  /** The session ends with an empty 200 instead of 204. */
  'empty-200',
  /** The body of an answer ends with the connection, without a length. */
  'close-delimited',
  /** Answers are compressed. */
  'gzip',
  /** Compressed requests are refused with 415. */
  'no-compression',
  /** The first message of a session is redirected to another path. */
  'redirects',
  /** The first Inform of a session is to be repeated (fault 8005). */
  'retry-request',
  /** The first request after a start is answered with 503 and Retry-After. */
  'busy',
  /** NextLevel and the like are words, and empty elements stand where nothing changes. */
  'wordy',
  /** Counts of arrays are wrong. */
  'wrong-counts',
] as const;
export type AcsQuirk = (typeof acsQuirks)[number];

/** An envelope as an ACS with these habits would write it. */
export function dress(text: string, quirks: ReadonlySet<AcsQuirk>): string {
  let dressed = text;
  if (quirks.has('bare-ampersand')) dressed = dressed.replaceAll('&amp;', '&');
  if (quirks.has('malformed-fault')) {
    dressed = dressed.replace(/<(\/?)SOAP-ENV:Fault>/g, '<$1SOAP-ENV:Body:Fault>');
  }
  if (quirks.has('milliseconds')) dressed = dressed.replace(/(T\d\d:\d\d:\d\d)Z</g, '$1.000Z<');
  if (quirks.has('no-id')) dressed = dressed.replace(/<SOAP-ENV:Header>.*?<\/SOAP-ENV:Header>/s, '');
  if (quirks.has('wrong-counts')) dressed = dressed.replace(/\[\d+\]"/g, '[99]"');
  if (quirks.has('wordy')) {
    dressed = dressed.replace(/<NextLevel>(.)<\/NextLevel>/g, (_, level) =>
      level === '1' ? '<NextLevel> true </NextLevel>' : '<NextLevel>false</NextLevel>',
    );
  }
  if (quirks.has('default-namespaces')) {
    const cwmp = /xmlns:cwmp="([^"]*)"/.exec(dressed)?.[1] ?? '';
    dressed = dressed
      .replace(/<(\/?)SOAP-ENV:(Envelope|Header|Body)/g, '<$1$2')
      .replace('<Envelope ', '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" ')
      .replace(/<Body><cwmp:(\w+)>(.*)<\/cwmp:\1>/s, `<Body><$1 xmlns="${cwmp}">$2</$1>`);
  }
  if (quirks.has('decorated')) {
    dressed = `\ufeff<?xml version="1.0"?>\n<!-- an answer -->\n${dressed.replace(/></g, '>\n  <!-- - --> <')}`;
    // Between a name and its value there is nothing to be put.
    dressed = dressed.replace(
      />\n {2}<!-- - --> <\/(?=(?:string|Name|Value|ParameterPath|ObjectName|ParameterKey))/g,
      '></',
    );
  }
  return dressed;
}

/** Sends an answer with the habits that concern HTTP. */
export function send(response: ServerResponse, status: number, text: string, quirks: ReadonlySet<AcsQuirk>): void {
  if (quirks.has('closes-each-time') || quirks.has('close-delimited')) response.setHeader('connection', 'close');
  if (text === '') {
    response.writeHead(status).end();
    return;
  }
  response.setHeader('content-type', 'text/xml; charset=utf-8');
  if (quirks.has('gzip')) response.setHeader('content-encoding', 'gzip');
  const bytes = quirks.has('gzip') ? gzipSync(text) : Buffer.from(text);
  if (!quirks.has('close-delimited')) {
    response.writeHead(status).end(bytes);
    return;
  }
  response.useChunkedEncodingByDefault = false;
  response.writeHead(status).write(bytes, () => response.end());
}
