import { AcsViolation } from './errors.ts';
import { find, need, needNumber, textOf, type XmlElement } from './xml.ts';

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
    return fault(8000);
  }
  const methods = ['Inform', ...known];
  const list = `<MethodList SOAP-ENC:arrayType="xsd:string[${methods.length}]">${methods.map((name) => `<string>${name}</string>`).join('')}</MethodList>`;
  return `<cwmp:${method}Response>${method === 'GetRPCMethods' ? list : ''}</cwmp:${method}Response>`;
}

/** A message that the CPE has sent by itself. */
export interface AcsCpeRequest {
  readonly device: string;
  readonly method: string;
  readonly commandKey: string;
  /** Of its FaultStruct, or of the first operation; undefined where it has none. */
  readonly faultCode: number | undefined;
  readonly startTime: string;
  readonly completeTime: string;
  readonly message: XmlElement;
}

/** @throws AcsViolation for a TransferComplete that TR-069 A.3.3.2 does not allow */
export function readCpeRequest(device: string, message: XmlElement): AcsCpeRequest {
  const { local: method } = message;
  const fault = find(message, 'FaultStruct') ?? find(find(message, 'Results'), 'Fault');
  if (/TransferComplete$/.test(method)) {
    need(message, method === 'TransferComplete' ? 'CommandKey' : 'TransferURL');
    const code = needNumber(need(message, 'FaultStruct'), 'FaultCode');
    if (!transferFaults.has(code)) throw new AcsViolation(`${method} carries the fault ${code}`);
    for (const name of ['StartTime', 'CompleteTime']) {
      if (Number.isNaN(Date.parse(need(message, name).text))) throw new AcsViolation(`${name} of ${method} is no time`);
    }
  }
  return {
    device,
    method,
    commandKey: textOf(message, 'CommandKey'),
    faultCode: fault && needNumber(fault, 'FaultCode'),
    startTime: textOf(message, 'StartTime'),
    completeTime: textOf(message, 'CompleteTime'),
    message,
  };
}

const transferFaults = new Set([0, 9001, 9002, 9010, 9011, 9012, 9014, 9015, 9016, 9017, 9018, 9019, 9020]);

/** By method: the events of the Inform that announce it (TR-069 table 8). */
const announced: Readonly<Record<string, { readonly single: string; readonly keyed?: RegExp }>> = {
  TransferComplete: { single: '7 TRANSFER COMPLETE', keyed: /^M (Download|ScheduleDownload|Upload)$/ },
  AutonomousTransferComplete: { single: '10 AUTONOMOUS TRANSFER COMPLETE' },
  DUStateChangeComplete: { single: '11 DU STATE CHANGE COMPLETE', keyed: /^M ChangeDUState$/ },
  AutonomousDUStateChangeComplete: { single: '12 AUTONOMOUS DU STATE CHANGE COMPLETE' },
  RequestDownload: { single: '9 REQUEST DOWNLOAD' },
};

/** @throws AcsViolation for a message that the Inform of its session has not announced */
export function checkAnnounced(
  { method, commandKey }: AcsCpeRequest,
  events: readonly { readonly code: string; readonly commandKey: string }[],
): void {
  const wanted = announced[method];
  if (!wanted) return;
  const { single, keyed } = wanted;
  if (!events.some(({ code }) => code === single)) throw new AcsViolation(`${method} without the event ${single}`);
  if (keyed && !events.some((event) => keyed.test(event.code) && event.commandKey === commandKey)) {
    throw new AcsViolation(`${method} of '${commandKey}' without its M event`);
  }
}

/** For a person: how a transfer ended. */
export function aboutCpeRequest(message: XmlElement): string {
  const key = textOf(message, 'CommandKey');
  const code = textOf(find(message, 'FaultStruct'), 'FaultCode');
  return `${key === '' ? '' : ` ${key}`}${code === '' ? '' : `: ${code === '0' ? 'good' : `fault ${code}`}`}`;
}

/** @param code 8000 to 8899 (TR-069 A.5.2) */
export const fault = (code: number): string =>
  `<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault><FaultCode>${code}</FaultCode><FaultString>${code === 8000 ? 'Method not supported' : 'Retry request'}</FaultString></cwmp:Fault></detail></SOAP-ENV:Fault>`;
