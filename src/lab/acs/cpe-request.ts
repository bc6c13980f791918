import { find, textOf, type XmlElement } from './xml.ts';

/** What a CPE can ask of this ACS, beside Inform. */
const known = [
  'GetRPCMethods',
  'TransferComplete',
  'AutonomousTransferComplete',
  'RequestDownload',
  'DUStateChangeComplete',
  'AutonomousDUStateChangeComplete',
];

/** @returns the message, in CWMP's own prefix: the method's response, or fault 8000 for a method that is not known (TR-069 A.5.2) */
export function answerCpeRequest(method: string): string {
  if (!known.includes(method)) {
    return '<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>8000</FaultCode><FaultString>Method not supported</FaultString></cwmp:Fault></detail></SOAP-ENV:Fault>';
  }
  const methods = ['Inform', ...known];
  const list = `<MethodList SOAP-ENC:arrayType="xsd:string[${methods.length}]">${methods.map((name) => `<string>${name}</string>`).join('')}</MethodList>`;
  return `<cwmp:${method}Response>${method === 'GetRPCMethods' ? list : ''}</cwmp:${method}Response>`;
}

/** For a person: how a transfer ended. */
export function aboutCpeRequest(message: XmlElement): string {
  const key = textOf(message, 'CommandKey');
  const code = textOf(find(message, 'FaultStruct'), 'FaultCode');
  return `${key === '' ? '' : ` ${key}`}${code === '' ? '' : `: ${code === '0' ? 'good' : `fault ${code}`}`}`;
}
