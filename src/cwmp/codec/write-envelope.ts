import { type CwmpNamespace, soapEncoding, soapEnvelope, xmlSchema, xmlSchemaInstance } from './names.ts';
import { escapeText, XmlWriter } from './write-xml.ts';

export interface WrittenHeader {
  readonly id?: string | undefined;
  /** Seconds the ACS should wait for us (cwmp:1-3 and later). */
  readonly sessionTimeoutSeconds?: number;
  /** `1.0,1.1,1.2,1.3,1.4`, in every Inform (TR-069 3.7.1.1). */
  readonly supportedVersions?: string;
}

/** One SOAP 1.1 envelope; only the message, the headers and CWMP's fault are qualified (XSD elementFormDefault). */
export function writeEnvelope(
  flush: (piece: string) => void,
  namespace: CwmpNamespace,
  header: WrittenHeader,
  body: (writer: XmlWriter) => void,
): void {
  const writer = new XmlWriter(flush);
  writer.raw(
    `<?xml version="1.0" encoding="UTF-8"?>\n<soap-env:Envelope xmlns:soap-env="${soapEnvelope}" xmlns:soap-enc="${soapEncoding}" ` +
      `xmlns:xsd="${xmlSchema}" xmlns:xsi="${xmlSchemaInstance}" xmlns:cwmp="${namespace}">`,
  );
  const { id, sessionTimeoutSeconds, supportedVersions } = header;
  if (id !== undefined || sessionTimeoutSeconds !== undefined || supportedVersions !== undefined) {
    writer.raw('<soap-env:Header>');
    if (id !== undefined) writer.leaf('cwmp:ID', id, ' soap-env:mustUnderstand="1"');
    if (sessionTimeoutSeconds !== undefined) {
      writer.leaf('cwmp:SessionTimeout', sessionTimeoutSeconds, ' soap-env:mustUnderstand="0"');
    }
    if (supportedVersions !== undefined) {
      writer.leaf('cwmp:SupportedCWMPVersions', supportedVersions, ' soap-env:mustUnderstand="0"');
    }
    writer.raw('</soap-env:Header>');
  }
  writer.raw('<soap-env:Body>');
  body(writer);
  writer.raw('</soap-env:Body></soap-env:Envelope>\n').end();
}

/** A message element around its arguments: `<cwmp:RebootResponse>…`. */
export function message(writer: XmlWriter, name: string, args: () => void = () => {}): void {
  writer.raw(`<cwmp:${name}>`);
  args();
  writer.raw(`</cwmp:${name}>`);
}

/** A SOAP-ENC array with its exact count. @param type `cwmp:ParameterValueStruct`, `xsd:string` */
export function array(writer: XmlWriter, name: string, type: string, count: number, items: () => void): void {
  writer.raw(`<${name} soap-enc:arrayType="${type}[${count}]">`);
  items();
  writer.raw(`</${name}>`);
}

export interface WrittenFault {
  /** CPE fault code, 9000 to 9899 (TR-069 A.5.1). */
  readonly code: number;
  readonly text: string;
  /** SetParameterValues only. */
  readonly parameters?: readonly { readonly name: string; readonly code: number; readonly text: string }[];
}

/** TR-069 3.5: faultstring is `CWMP fault`, the code is in the detail. */
export function writeFault(writer: XmlWriter, fault: WrittenFault): void {
  writer.raw('<soap-env:Fault>');
  writer.leaf('faultcode', `soap-env:${clientFaults.has(fault.code) ? 'Client' : 'Server'}`);
  writer.leaf('faultstring', 'CWMP fault').raw('<detail><cwmp:Fault>');
  writer.leaf('FaultCode', fault.code).leaf('FaultString', fault.text);
  for (const { name, code, text } of fault.parameters ?? []) {
    writer.raw(
      `<SetParameterValuesFault><ParameterName>${escapeText(name)}</ParameterName><FaultCode>${code}</FaultCode><FaultString>${escapeText(text)}</FaultString></SetParameterValuesFault>`,
    );
  }
  writer.raw('</cwmp:Fault></detail></soap-env:Fault>');
}

/** The request was at fault (TR-069 A.5.1: the fault codes of source Client). */
const clientFaults = new Set([9003, 9005, 9006, 9007, 9008]);
