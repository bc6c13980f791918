import { shownSetting } from '../shown-setting.ts';
import { type AcsTransfer, readTransfers, type TransferRpc, writeTransferArguments } from './transfer-rpc.ts';
import { escapeXml, need, needNumber, textOf, type XmlElement } from './xml.ts';

/** What an operator can have the ACS call (TR-069 Annex A). */
export type AcsRpc =
  | { readonly rpc: 'GetRPCMethods' }
  | { readonly rpc: 'GetParameterNames'; readonly path: string; readonly nextLevel: boolean }
  | { readonly rpc: 'GetParameterValues'; readonly names: readonly string[] }
  | {
      readonly rpc: 'SetParameterValues';
      /** @param type XSD type; default `xsd:string` */
      readonly values: readonly { readonly name: string; readonly value: string; readonly type?: string }[];
      readonly parameterKey?: string;
    }
  | { readonly rpc: 'GetParameterAttributes'; readonly names: readonly string[] }
  | {
      readonly rpc: 'SetParameterAttributes';
      readonly attributes: readonly { readonly name: string; readonly notification: number }[];
    }
  | { readonly rpc: 'AddObject' | 'DeleteObject'; readonly path: string; readonly parameterKey?: string }
  | { readonly rpc: 'Reboot'; readonly commandKey?: string }
  | { readonly rpc: 'ScheduleInform'; readonly delaySeconds: number; readonly commandKey?: string }
  | TransferRpc
  | { readonly rpc: 'FactoryReset' };

export interface AcsFault {
  readonly code: number;
  readonly text: string;
  readonly parameters: readonly { readonly name: string; readonly code: number; readonly text: string }[];
}

/** The answer, by what it holds. */
export interface AcsAnswer {
  readonly fault?: AcsFault;
  /** GetParameterValues. */
  readonly values?: ReadonlyMap<string, string>;
  /** GetParameterNames: path → writable. */
  readonly names?: ReadonlyMap<string, boolean>;
  /** GetParameterAttributes: path → notification. */
  readonly attributes?: ReadonlyMap<string, number>;
  readonly methods?: readonly string[];
  /** GetQueuedTransfers, GetAllQueuedTransfers. */
  readonly transfers?: readonly AcsTransfer[];
  /** AddObject. */
  readonly instance?: number;
  readonly status?: number;
}

const leaf = (name: string, text: string): string => `<${name}>${escapeXml(text)}</${name}>`;
const list = (name: string, type: string, items: readonly string[]): string =>
  `<${name} SOAP-ENC:arrayType="${type}[${items.length}]">${items.join('')}</${name}>`;

/** Arguments of the request, without the element of the method. @throws AcsError ACS_TEXT */
export function writeArguments(call: AcsRpc): string {
  switch (call.rpc) {
    case 'GetRPCMethods':
    case 'FactoryReset':
      return '';
    case 'GetParameterNames':
      return leaf('ParameterPath', call.path) + leaf('NextLevel', call.nextLevel ? '1' : '0');
    case 'GetParameterValues':
    case 'GetParameterAttributes':
      return list(
        'ParameterNames',
        'xsd:string',
        call.names.map((name) => leaf('string', name)),
      );
    case 'SetParameterValues':
      return (
        list(
          'ParameterList',
          'cwmp:ParameterValueStruct',
          call.values.map(
            ({ name, value, type = 'xsd:string' }) =>
              `<ParameterValueStruct>${leaf('Name', name)}<Value xsi:type="${escapeXml(type)}">${escapeXml(value)}</Value></ParameterValueStruct>`,
          ),
        ) + leaf('ParameterKey', call.parameterKey ?? '')
      );
    case 'SetParameterAttributes':
      return list(
        'ParameterList',
        'cwmp:SetParameterAttributesStruct',
        call.attributes.map(
          ({ name, notification }) =>
            `<SetParameterAttributesStruct>${leaf('Name', name)}${leaf('NotificationChange', '1')}${leaf('Notification', String(notification))}${leaf('AccessListChange', '0')}${list('AccessList', 'xsd:string', [])}</SetParameterAttributesStruct>`,
        ),
      );
    case 'AddObject':
    case 'DeleteObject':
      return leaf('ObjectName', call.path) + leaf('ParameterKey', call.parameterKey ?? '');
    case 'Reboot':
      return leaf('CommandKey', call.commandKey ?? '');
    case 'ScheduleInform':
      return leaf('DelaySeconds', String(call.delaySeconds)) + leaf('CommandKey', call.commandKey ?? '');
    default:
      return writeTransferArguments(call, leaf, list);
  }
}

/** @param response the element of the method's answer. @throws AcsViolation when something is missing in it */
export function readAnswer(response: XmlElement): AcsAnswer {
  const pairs = <T>(value: (entry: XmlElement) => T): Map<string, T> =>
    new Map(need(response, 'ParameterList').children.map((entry) => [need(entry, 'Name').text, value(entry)]));
  switch (response.local) {
    case 'GetParameterValuesResponse':
      return { values: pairs((entry) => need(entry, 'Value').text) };
    case 'GetParameterNamesResponse':
      return { names: pairs((entry) => /^(1|true)$/.test(need(entry, 'Writable').text)) };
    case 'GetParameterAttributesResponse':
      return { attributes: pairs((entry) => needNumber(entry, 'Notification')) };
    case 'GetRPCMethodsResponse':
      return { methods: need(response, 'MethodList').children.map(({ text }) => text) };
    case 'GetQueuedTransfersResponse':
    case 'GetAllQueuedTransfersResponse':
      return { transfers: readTransfers(response) };
    case 'DownloadResponse':
    case 'UploadResponse':
      need(response, 'StartTime');
      need(response, 'CompleteTime');
      return { status: needNumber(response, 'Status') };
    case 'AddObjectResponse':
      return { instance: needNumber(response, 'InstanceNumber'), status: needNumber(response, 'Status') };
    case 'SetParameterValuesResponse':
    case 'DeleteObjectResponse':
      return { status: needNumber(response, 'Status') };
    default:
      return {};
  }
}

/** @param fault the SOAP fault. @throws AcsViolation when it has no fault of CWMP in it */
export function readFault(fault: XmlElement): AcsFault {
  const detail = need(need(fault, 'detail'), 'Fault');
  return {
    code: needNumber(detail, 'FaultCode'),
    text: textOf(detail, 'FaultString') || textOf(fault, 'faultstring'),
    parameters: detail.children
      .filter(({ local }) => local === 'SetParameterValuesFault')
      .map((entry) => ({
        name: need(entry, 'ParameterName').text,
        code: needNumber(entry, 'FaultCode'),
        text: textOf(entry, 'FaultString'),
      })),
  };
}

/** For a person, after the name of the method. */
export function aboutCall(call: AcsRpc): string {
  if (call.rpc === 'SetParameterValues')
    return ` ${call.values.map(({ name, value }) => shownSetting(name, value)).join(' ')}`;
  if ('url' in call) return ` ${call.fileType} ${call.url}`;
  if ('names' in call) return ` ${call.names.join(' ')}`;
  return 'path' in call ? ` ${call.path}` : '';
}

export function aboutAnswer({ values, names, attributes }: AcsAnswer): string {
  if (values && values.size <= 3) return `: ${[...values].map(([name, value]) => `${name}=${value}`).join(' ')}`;
  const count = (values ?? names ?? attributes)?.size;
  return count === undefined ? '' : `: ${count} parameters`;
}
