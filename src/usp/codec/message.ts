import { malformed } from './protobuf.ts';
import {
  choice,
  decode,
  encode,
  type Field,
  fixed32,
  flag,
  list,
  map,
  message,
  oneOf,
  type Plain,
  table,
  text,
} from './table.ts';
import type { Body, Requests, Responses, UspMessage } from './types.ts';

const failure = table('OperationFailure', [fixed32(1, 'errCode'), text(2, 'errMsg')]);
const parameterError = table('ParameterError', [text(1, 'param'), fixed32(2, 'errCode'), text(3, 'errMsg')]);
const setting = (name: string) => table(name, [text(1, 'param'), text(2, 'value'), flag(3, 'required')]);
const outputArgs = table('OutputArgs', [map(1, 'outputArgs')]);
const commandFailure = table('CommandFailure', [fixed32(1, 'errCode'), text(2, 'errMsg')]);
const status = (success: readonly Field[], failed = failure): Field =>
  message(
    2,
    'operStatus',
    table('OperationStatus', [
      ...oneOf(
        'operStatus',
        message(1, 'operFailure', failed),
        message(2, 'operSuccess', table('OperationSuccess', success)),
      ),
    ]),
  );
const results = (name: string, of: string, fields: readonly Field[]): Field =>
  list(message(1, name, table(of, [text(1, 'requestedPath'), ...fields])));

const requestTables: Readonly<Record<keyof Requests, ReturnType<typeof table>>> = {
  get: table('Get', [list(text(1, 'paramPaths')), fixed32(2, 'maxDepth')]),
  getSupportedDm: table('GetSupportedDM', [
    list(text(1, 'objPaths')),
    flag(2, 'firstLevelOnly'),
    flag(3, 'returnCommands'),
    flag(4, 'returnEvents'),
    flag(5, 'returnParams'),
    flag(6, 'returnUniqueKeySets'),
  ]),
  getInstances: table('GetInstances', [list(text(1, 'objPaths')), flag(2, 'firstLevelOnly')]),
  set: table('Set', [
    flag(1, 'allowPartial'),
    list(
      message(
        2,
        'updateObjs',
        table('UpdateObject', [text(1, 'objPath'), list(message(2, 'paramSettings', setting('UpdateParamSetting')))]),
      ),
    ),
  ]),
  add: table('Add', [
    flag(1, 'allowPartial'),
    list(
      message(
        2,
        'createObjs',
        table('CreateObject', [text(1, 'objPath'), list(message(2, 'paramSettings', setting('CreateParamSetting')))]),
      ),
    ),
  ]),
  delete: table('Delete', [flag(1, 'allowPartial'), list(text(2, 'objPaths'))]),
  operate: table('Operate', [text(1, 'command'), text(2, 'commandKey'), flag(3, 'sendResp'), map(4, 'inputArgs')]),
  notify: table('Notify', [
    text(1, 'subscriptionId'),
    flag(2, 'sendResp'),
    ...oneOf(
      'notification',
      message(3, 'event', table('Event', [text(1, 'objPath'), text(2, 'eventName'), map(3, 'params')])),
      message(4, 'valueChange', table('ValueChange', [text(1, 'paramPath'), text(2, 'paramValue')])),
      message(5, 'objCreation', table('ObjectCreation', [text(1, 'objPath'), map(2, 'uniqueKeys')])),
      message(6, 'objDeletion', table('ObjectDeletion', [text(1, 'objPath')])),
      message(
        7,
        'operComplete',
        table('OperationComplete', [
          text(1, 'objPath'),
          text(2, 'commandName'),
          text(3, 'commandKey'),
          ...oneOf('operationResp', message(4, 'reqOutputArgs', outputArgs), message(5, 'cmdFailure', commandFailure)),
        ]),
      ),
      message(
        8,
        'onBoardReq',
        table('OnBoardRequest', [
          text(1, 'oui'),
          text(2, 'productClass'),
          text(3, 'serialNumber'),
          text(4, 'agentSupportedProtocolVersions'),
        ]),
      ),
    ),
  ]),
  getSupportedProtocol: table('GetSupportedProtocol', [text(1, 'controllerSupportedProtocolVersions')]),
  register: table('Register', [
    flag(1, 'allowPartial'),
    list(message(2, 'regPaths', table('RegistrationPath', [text(1, 'path')]))),
  ]),
  deregister: table('Deregister', [list(text(1, 'paths'))]),
};

const supportedObject = table('SupportedObjectResult', [
  text(1, 'supportedObjPath'),
  choice(2, 'access'),
  flag(3, 'isMultiInstance'),
  list(
    message(
      4,
      'supportedCommands',
      table('SupportedCommandResult', [
        text(1, 'commandName'),
        list(text(2, 'inputArgNames')),
        list(text(3, 'outputArgNames')),
        choice(4, 'commandType'),
      ]),
    ),
  ),
  list(message(5, 'supportedEvents', table('SupportedEventResult', [text(1, 'eventName'), list(text(2, 'argNames'))]))),
  list(
    message(
      6,
      'supportedParams',
      table('SupportedParamResult', [
        text(1, 'paramName'),
        choice(2, 'access'),
        choice(3, 'valueType'),
        choice(4, 'valueChange'),
      ]),
    ),
  ),
  list(text(7, 'divergentPaths')),
  list(message(8, 'uniqueKeySets', table('SupportedUniqueKeySet', [list(text(1, 'keyNames'))]))),
]);

const responseTables: Readonly<Record<keyof Responses, ReturnType<typeof table>>> = {
  getResp: table('GetResp', [
    results('reqPathResults', 'RequestedPathResult', [
      fixed32(2, 'errCode'),
      text(3, 'errMsg'),
      list(
        message(
          4,
          'resolvedPathResults',
          table('ResolvedPathResult', [text(1, 'resolvedPath'), map(2, 'resultParams')]),
        ),
      ),
    ]),
  ]),
  getSupportedDmResp: table('GetSupportedDMResp', [
    list(
      message(
        1,
        'reqObjResults',
        table('RequestedObjectResult', [
          text(1, 'reqObjPath'),
          fixed32(2, 'errCode'),
          text(3, 'errMsg'),
          text(4, 'dataModelInstUri'),
          list(message(5, 'supportedObjs', supportedObject)),
        ]),
      ),
    ),
  ]),
  getInstancesResp: table('GetInstancesResp', [
    results('reqPathResults', 'RequestedPathResult', [
      fixed32(2, 'errCode'),
      text(3, 'errMsg'),
      list(message(4, 'currInsts', table('CurrInstance', [text(1, 'instantiatedObjPath'), map(2, 'uniqueKeys')]))),
    ]),
  ]),
  setResp: table('SetResp', [
    results('updatedObjResults', 'UpdatedObjectResult', [
      status(
        [
          list(
            message(
              1,
              'updatedInstResults',
              table('UpdatedInstanceResult', [
                text(1, 'affectedPath'),
                list(message(2, 'paramErrs', parameterError)),
                map(3, 'updatedParams'),
              ]),
            ),
          ),
        ],
        table('OperationFailure', [
          fixed32(1, 'errCode'),
          text(2, 'errMsg'),
          list(
            message(
              3,
              'updatedInstFailures',
              table('UpdatedInstanceFailure', [text(1, 'affectedPath'), list(message(2, 'paramErrs', parameterError))]),
            ),
          ),
        ]),
      ),
    ]),
  ]),
  addResp: table('AddResp', [
    results('createdObjResults', 'CreatedObjectResult', [
      status([text(1, 'instantiatedPath'), list(message(2, 'paramErrs', parameterError)), map(3, 'uniqueKeys')]),
    ]),
  ]),
  deleteResp: table('DeleteResp', [
    results('deletedObjResults', 'DeletedObjectResult', [
      status([
        list(text(1, 'affectedPaths')),
        list(
          message(
            2,
            'unaffectedPathErrs',
            table('UnaffectedPathError', [text(1, 'unaffectedPath'), fixed32(2, 'errCode'), text(3, 'errMsg')]),
          ),
        ),
      ]),
    ]),
  ]),
  operateResp: table('OperateResp', [
    list(
      message(
        1,
        'operationResults',
        table('OperationResult', [
          text(1, 'executedCommand'),
          ...oneOf(
            'operationResp',
            text(2, 'reqObjPath'),
            message(3, 'reqOutputArgs', outputArgs),
            message(4, 'cmdFailure', commandFailure),
          ),
        ]),
      ),
    ),
  ]),
  notifyResp: table('NotifyResp', [text(1, 'subscriptionId')]),
  getSupportedProtocolResp: table('GetSupportedProtocolResp', [text(1, 'agentSupportedProtocolVersions')]),
  registerResp: table('RegisterResp', [
    results('registeredPathResults', 'RegisteredPathResult', [status([text(1, 'registeredPath')])]),
  ]),
  deregisterResp: table('DeregisterResp', [
    results('deregisteredPathResults', 'DeregisteredPathResult', [status([list(text(1, 'deregisteredPath'))])]),
  ]),
};

const requestNumbers: Readonly<Record<keyof Requests, readonly [field: number, type: number]>> = {
  get: [1, 1],
  getSupportedDm: [2, 12],
  getInstances: [3, 14],
  set: [4, 4],
  add: [5, 8],
  delete: [6, 10],
  operate: [7, 6],
  notify: [8, 3],
  getSupportedProtocol: [9, 17],
  register: [10, 19],
  deregister: [11, 21],
};
const responseNumbers: Readonly<Record<keyof Responses, readonly [field: number, type: number]>> = {
  getResp: [1, 2],
  getSupportedDmResp: [2, 13],
  getInstancesResp: [3, 15],
  setResp: [4, 5],
  addResp: [5, 9],
  deleteResp: [6, 11],
  operateResp: [7, 7],
  notifyResp: [8, 16],
  getSupportedProtocolResp: [9, 18],
  registerResp: [10, 20],
  deregisterResp: [11, 22],
};

const members = (
  numbers: Readonly<Record<string, readonly [number, number]>>,
  tables: Readonly<Record<string, ReturnType<typeof table>>>,
): Field[] => oneOf('type', ...Object.entries(numbers).map(([name, [number]]) => message(number, name, tables[name]!)));

export const messageTable = table('Msg', [
  message(1, 'header', table('Header', [text(1, 'msgId'), choice(2, 'msgType')])),
  message(
    2,
    'body',
    table('Body', [
      ...oneOf(
        'msgBody',
        message(1, 'request', table('Request', members(requestNumbers, requestTables))),
        message(2, 'response', table('Response', members(responseNumbers, responseTables))),
        message(
          3,
          'error',
          table('Error', [
            fixed32(1, 'errCode'),
            text(2, 'errMsg'),
            list(
              message(
                3,
                'paramErrs',
                table('ParamError', [text(1, 'paramPath'), fixed32(2, 'errCode'), text(3, 'errMsg')]),
              ),
            ),
          ]),
        ),
      ),
    ]),
  ),
]);

/** Bounded by the record that carried it. */
const messageLimitBytes = 5 << 20;

/** @throws UspCodecError USP_MALFORMED also where header or body are missing */
export function readMessage(input: Uint8Array): UspMessage {
  const plain = decode(messageTable, input, messageLimitBytes) as unknown as {
    header?: { msgId: string; msgType: number };
    body?: Record<string, unknown>;
  };
  const { header, body } = plain;
  if (!header || !body) throw malformed('header or body is missing');
  const kind = Object.keys(body)[0] as Body['kind'] | undefined;
  if (!kind) throw malformed('the body is empty');
  return { msgId: header.msgId, msgType: header.msgType, body: { kind, [kind]: body[kind] } as unknown as Body };
}

export function writeMessage(msgId: string, body: Body): Buffer {
  const content = (body as unknown as Record<string, Plain>)[body.kind]!;
  return encode(messageTable, {
    header: { msgId, msgType: messageTypeOf(body) },
    body: { [body.kind]: content },
  });
}

/** Header.MsgType that belongs to a body; `undefined`: its oneof is empty. */
export function messageTypeOf(body: Body): number | undefined {
  if (body.kind === 'error') return 0;
  if (body.kind === 'request') {
    const name = Object.keys(body.request)[0] as keyof Requests | undefined;
    return name && requestNumbers[name][1];
  }
  const name = Object.keys(body.response)[0] as keyof Responses | undefined;
  return name && responseNumbers[name][1];
}
