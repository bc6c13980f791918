import { commandFailure, outputArgs } from './command-tables.ts';
import { fixed32, flag, list, type MessageTable, map, message, oneOf, shared, table, text } from './table.ts';
import type { Requests } from './types.ts';

const setting = (name: string) => table(name, [text(1, 'param'), text(2, 'value'), flag(3, 'required')]);

/** Of every request, by its name in the oneof of Request. */
export const requestTables: Readonly<Record<keyof Requests, MessageTable>> = {
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
      shared(message(3, 'event', table('Event', [text(1, 'objPath'), text(2, 'eventName'), map(3, 'params')]))),
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
