import { ok, type Result, refused } from '#base';
import type {
  Access,
  BaseType,
  InstanceReading,
  ModelFault,
  ObjectInfo,
  ObjectReading,
  ParameterInfo,
  SupportedModel,
} from '#model';
import type { GetInstancesResp, GetResp, OperationFailure, SupportedObjectResult } from '../codec/types.ts';
import { faultOf } from './service-link.ts';

const types: readonly BaseType[] = [
  'string',
  'base64',
  'boolean',
  'dateTime',
  'decimal',
  'hexBinary',
  'int',
  'long',
  'string',
  'unsignedInt',
  'unsignedLong',
];

const parameter = (name: string, type: BaseType, writable: boolean): ParameterInfo => ({
  name,
  type,
  access: writable ? 'readWrite' : 'readOnly',
  writable,
  list: false,
  hidden: false,
  secured: false,
  activeNotify: 'normal',
  forcedInform: false,
});

/** What a service supports, as the model describes it. */
export function objectInfo(object: SupportedObjectResult): ObjectInfo {
  const args = (names: readonly string[]) => names.map((name) => ({ name, type: 'string', mandatory: false }) as const);
  return {
    path: object.supportedObjPath,
    table: object.isMultiInstance,
    creatable: object.access === 1 || object.access === 2,
    deletable: object.access === 1 || object.access === 3,
    uniqueKeys: object.uniqueKeySets.map(({ keyNames }) => keyNames),
    parameters: object.supportedParams.map(({ paramName, access, valueType }) =>
      parameter(paramName, types[valueType] ?? 'string', access > 0),
    ),
    commands: object.supportedCommands.map(({ commandName, commandType, inputArgNames, outputArgNames }) => ({
      name: commandName,
      async: commandType === 2,
      input: args(inputArgNames),
      output: args(outputArgNames),
    })),
    events: object.supportedEvents.map(({ eventName, argNames }) => ({ name: eventName, args: args(argNames) })),
  };
}

/** Own objects and those of services in one. */
export function merged(own: SupportedModel, others: readonly ObjectInfo[]): SupportedModel {
  if (others.length === 0) return own;
  const sorted = (objects: readonly ObjectInfo[]): ObjectInfo[] =>
    [...objects].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const childOf = (path: string, child: string): boolean =>
    child.startsWith(path) && /^[^.]+\.(\{i\}\.)?$/.test(child.slice(path.length)) && child !== path;
  return {
    object: (path) => own.object(path) ?? others.find((object) => object.path === path),
    below: (path) => sorted([...own.below(path), ...others.filter((object) => object.path.startsWith(path))]),
    children: (path) => sorted([...own.children(path), ...others.filter((object) => childOf(path, object.path))]),
    paths: (path) =>
      [...own.paths(path), ...others.map((object) => object.path).filter((other) => other.startsWith(path))].sort(),
    unasked: () => own.unasked(),
  };
}

/** Of the rows that were asked for; what the controller may not read is left out. */
export function readingOf(
  response: GetResp,
  supported: SupportedModel,
  access: Access | undefined,
): Result<ObjectReading[], ModelFault> {
  const failure = failureIn(response.reqPathResults);
  if (failure) return refused(failure);
  const may = (right: 'Obj' | 'Param', path: string): boolean => access?.allows(right, 'r', path) ?? true;
  return ok(
    response.reqPathResults
      .flatMap((result) => result.resolvedPathResults)
      .flatMap(({ resolvedPath, resultParams }) => {
        if (!may('Obj', resolvedPath)) return [];
        const info = supported.object(schemaOf(resolvedPath)) ?? unknownObject(schemaOf(resolvedPath));
        const parameters = Object.entries(resultParams)
          .filter(([name]) => may('Param', resolvedPath + name))
          .map(([name, value]) => ({
            info: info.parameters.find((known) => known.name === name) ?? parameter(name, 'string', false),
            value,
          }));
        return [{ path: resolvedPath, info, parameters }];
      }),
  );
}

export function instancesOf(
  response: GetInstancesResp,
  access: Access | undefined,
): Result<InstanceReading[], ModelFault> {
  const failure = failureIn(response.reqPathResults);
  if (failure) return refused(failure);
  return ok(
    response.reqPathResults
      .flatMap(({ currInsts }) => currInsts)
      .filter(({ instantiatedObjPath }) => access?.allows('InstantiatedObj', 'r', instantiatedObjPath) ?? true)
      .map(({ instantiatedObjPath, uniqueKeys }) => ({
        path: instantiatedObjPath,
        uniqueKeys: Object.fromEntries(
          Object.entries(uniqueKeys).filter(
            ([name]) => access?.allows('Param', 'r', instantiatedObjPath + name) ?? true,
          ),
        ),
      })),
  );
}

function failureIn(results: readonly OperationFailure[]): ModelFault | undefined {
  if (results.length === 0) return faultOf({ errCode: 7003, errMsg: 'no result' });
  const failed = results.find(({ errCode }) => errCode !== 0);
  return failed && faultOf(failed);
}

/** Of a parameter of a service. */
export function typeIn(objects: readonly ObjectInfo[], path: string): BaseType {
  const dot = path.lastIndexOf('.') + 1;
  const object = objects.find((known) => known.path === schemaOf(path.slice(0, dot)));
  return object?.parameters.find(({ name }) => name === path.slice(dot))?.type ?? 'string';
}

const schemaOf = (path: string): string => path.replace(/\.[0-9]+(?=\.)/g, '.{i}');

const unknownObject = (path: string): ObjectInfo => ({
  path,
  table: path.endsWith('{i}.'),
  creatable: false,
  deletable: false,
  uniqueKeys: [],
  parameters: [],
  commands: [],
  events: [],
});
