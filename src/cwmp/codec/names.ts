/** Namespaces of SOAP 1.1 and of CWMP (TR-069 Amendment 6, A.2; 1.2, 1.3 and 1.4 share one namespace). */
export const soapEnvelope = 'http://schemas.xmlsoap.org/soap/envelope/';
export const soapEncoding = 'http://schemas.xmlsoap.org/soap/encoding/';
export const xmlSchema = 'http://www.w3.org/2001/XMLSchema';
export const xmlSchemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';

export type CwmpNamespace = 'urn:dslforum-org:cwmp-1-0' | 'urn:dslforum-org:cwmp-1-1' | 'urn:dslforum-org:cwmp-1-2';
export const cwmpNamespaces: readonly CwmpNamespace[] = [
  'urn:dslforum-org:cwmp-1-0',
  'urn:dslforum-org:cwmp-1-1',
  'urn:dslforum-org:cwmp-1-2',
];
export const newestNamespace: CwmpNamespace = 'urn:dslforum-org:cwmp-1-2';

export function isCwmpNamespace(uri: string): uri is CwmpNamespace {
  return (cwmpNamespaces as readonly string[]).includes(uri);
}
