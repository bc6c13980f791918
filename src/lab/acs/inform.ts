import { AcsViolation } from './errors.ts';
import { need, needNumber, textOf, type XmlElement } from './xml.ts';

export interface AcsInform {
  /** `OUI-ProductClass-SerialNumber` */
  readonly device: string;
  readonly events: readonly { readonly code: string; readonly commandKey: string }[];
  readonly retryCount: number;
  readonly parameters: ReadonlyMap<string, string>;
  /** Common name of the client certificate, under mutual TLS. */
  readonly certificate: string | undefined;
}

/** @throws AcsViolation for what TR-069 A.3.3.1 does not allow */
export function readInform(message: XmlElement, certificate: string | undefined): AcsInform {
  const deviceId = need(message, 'DeviceId');
  need(deviceId, 'Manufacturer');
  const device = ['OUI', 'ProductClass', 'SerialNumber'].map((name) => need(deviceId, name).text).join('-');
  const events = need(message, 'Event').children.map((event) => ({
    code: need(event, 'EventCode').text,
    commandKey: need(event, 'CommandKey').text,
  }));
  if (events.length === 0 || events.length > 64) throw new AcsViolation(`the Inform has ${events.length} events`);
  if (Number.isNaN(Date.parse(need(message, 'CurrentTime').text))) {
    throw new AcsViolation(`CurrentTime is '${textOf(message, 'CurrentTime')}'`);
  }
  if (needNumber(message, 'MaxEnvelopes') !== 1) throw new AcsViolation('MaxEnvelopes is not 1');
  return {
    device,
    events,
    retryCount: needNumber(message, 'RetryCount'),
    parameters: new Map(
      need(message, 'ParameterList').children.map((entry) => [need(entry, 'Name').text, need(entry, 'Value').text]),
    ),
    certificate,
  };
}
