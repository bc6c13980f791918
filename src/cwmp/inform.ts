import { formatDateTime } from '#base';
import type { BaseType } from '#model';
import { array, message } from './codec/write-envelope.ts';
import { escapeText, type XmlWriter } from './codec/write-xml.ts';
import { xsdType } from './xsd-type.ts';

export interface DeviceId {
  readonly manufacturer: string;
  /** Six upper-case hexadecimal digits. */
  readonly oui: string;
  readonly productClass: string;
  readonly serialNumber: string;
}

export interface InformEvent {
  /** `0 BOOTSTRAP`, `M Reboot` (TR-069 table 8). */
  readonly code: string;
  readonly commandKey: string;
}

export interface InformMessage {
  readonly deviceId: DeviceId;
  readonly events: readonly InformEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly retryCount: number;
  readonly parameters: readonly {
    readonly path: string;
    readonly value: string;
    readonly type: BaseType;
    readonly list: boolean;
  }[];
}

/** TR-069 A.3.3.1. One envelope at a time, always. */
export function writeInform(writer: XmlWriter, inform: InformMessage): void {
  const { deviceId, events, parameters } = inform;
  message(writer, 'Inform', () => {
    writer.raw('<DeviceId>');
    writer.leaf('Manufacturer', deviceId.manufacturer.slice(0, 64)).leaf('OUI', deviceId.oui);
    writer.leaf('ProductClass', deviceId.productClass.slice(0, 64));
    writer.leaf('SerialNumber', deviceId.serialNumber.slice(0, 64)).raw('</DeviceId>');
    array(writer, 'Event', 'cwmp:EventStruct', events.length, () => {
      for (const { code, commandKey } of events) {
        writer.raw('<EventStruct>').leaf('EventCode', code).leaf('CommandKey', commandKey).raw('</EventStruct>');
      }
    });
    writer.leaf('MaxEnvelopes', 1).leaf('CurrentTime', formatDateTime(inform.now));
    writer.leaf('RetryCount', inform.retryCount);
    array(writer, 'ParameterList', 'cwmp:ParameterValueStruct', parameters.length, () => {
      for (const { path, value, type, list } of parameters) writeValue(writer, path, value, { type, list });
    });
  });
}

/** TR-069 A.3.2.2 ParameterValueStruct. There are thousands of them in an answer: each is one piece of text. */
export function writeValue(
  writer: XmlWriter,
  path: string,
  value: string,
  { type, list }: { readonly type: BaseType; readonly list: boolean },
): void {
  writer.raw(
    `<ParameterValueStruct><Name>${escapeText(path)}</Name><Value xsi:type="${xsdType(type, list)}">${escapeText(value)}</Value></ParameterValueStruct>`,
  );
}
