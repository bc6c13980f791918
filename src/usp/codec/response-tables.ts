import { commandFailure, outputArgs } from './command-tables.ts';
import {
  choice,
  type Field,
  fixed32,
  flag,
  list,
  type MessageTable,
  map,
  message,
  oneOf,
  table,
  text,
} from './table.ts';
import type { Responses } from './types.ts';

const failure = table('OperationFailure', [fixed32(1, 'errCode'), text(2, 'errMsg')]);
const parameterError = table('ParameterError', [text(1, 'param'), fixed32(2, 'errCode'), text(3, 'errMsg')]);
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

/** Of every response, by its name in the oneof of Response. */
export const responseTables: Readonly<Record<keyof Responses, MessageTable>> = {
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
