import { ok, refused } from '#base';
import type { BaseType, ModelFault, ObjectInfo, SupportedModel } from '#model';
import { toSchemaPath } from '#model';
import type { GetSupportedDM, SupportedObjectResult } from '../codec/types.ts';
import { failureOf } from '../errors.ts';
import { answerLimit, tooMuch } from './limits.ts';
import { objectPath } from './object-path.ts';
import type { Verb, VerbContext } from './verb.ts';

/** ParamValueType of the protocol. */
const valueTypes: Readonly<Record<BaseType, number>> = {
  base64: 1,
  boolean: 2,
  dateTime: 3,
  decimal: 4,
  hexBinary: 5,
  int: 6,
  long: 7,
  string: 8,
  unsignedInt: 9,
  unsignedLong: 10,
};
const dataModelUri = 'urn:broadband-forum-org:tr-181-2-19-1';

/** What of an object is told. */
interface Wanted {
  readonly parameters: (name: string) => boolean;
  readonly commands: (name: string) => boolean;
  readonly events: (name: string) => boolean;
  readonly uniqueKeys: boolean;
}
const all = (): boolean => true;
const none = (): boolean => false;
const nothing: Wanted = { parameters: none, commands: none, events: none, uniqueKeys: false };

/** TR-369 "The GetSupportedDM Message". What the controller may not read is not there (R-GSP.0). */
export const getSupportedDm: Verb<'getSupportedDm', 'getSupportedDmResp'> = async (request, context) => {
  const supported = context.model.supported('usp');
  let left = answerLimit;
  const reqObjResults = [];
  for (const reqObjPath of request.objPaths) {
    const wrong = await misnamed(reqObjPath, context);
    if (wrong) {
      reqObjResults.push({ reqObjPath, ...failureOf(wrong), dataModelInstUri: '', supportedObjs: [] });
      continue;
    }
    const supportedObjs = lookUp(supported, reqObjPath, request, context);
    for (const { supportedParams, supportedCommands, supportedEvents } of supportedObjs) {
      left -= supportedParams.length + supportedCommands.length + supportedEvents.length;
    }
    if (--left < 0) return refused(tooMuch);
    reqObjResults.push(
      supportedObjs.length > 0
        ? { reqObjPath, errCode: 0, errMsg: '', dataModelInstUri: dataModelUri, supportedObjs }
        : { reqObjPath, errCode: 7026, errMsg: 'not supported', dataModelInstUri: '', supportedObjs },
    );
  }
  return ok({ reqObjResults });
};

/** A path with instance numbers is of the instantiated data model: its rows have to be there, and none follows `{i}`. */
async function misnamed(path: string, { model, view }: VerbContext): Promise<ModelFault | undefined> {
  const rows = /^.*\.[0-9]+(?=\.|$)/.exec(path)?.[0];
  if (rows === undefined) return undefined;
  if (rows.includes('{i}')) return { kind: 'path-syntax', message: 'a row of a table of {i}' };
  const read = await model.instances(view, `${rows}.`, true);
  return read.ok ? undefined : read.fault;
}

function lookUp(
  supported: SupportedModel,
  path: string,
  request: GetSupportedDM,
  context: VerbContext,
): SupportedObjectResult[] {
  const schemaPath = toSchemaPath(path.replaceAll(/\.\*\./g, '.{i}.').replaceAll(/\.\[[^\]]*\]\./g, '.{i}.'));
  const leaf = schemaPath.endsWith('.') ? [] : ofLeaf(supported, schemaPath, context);
  if (leaf.length > 0) return leaf;
  const at = objectPath(schemaPath);
  const object = supported.object(at) ?? supported.object(`${at}{i}.`);
  if (!object) return [];
  const wanted: Wanted = {
    parameters: request.returnParams ? all : none,
    commands: request.returnCommands ? all : none,
    events: request.returnEvents ? all : none,
    uniqueKeys: request.returnUniqueKeySets,
  };
  const told = request.firstLevelOnly
    ? [tell(object, wanted, context), ...supported.children(object.path).map((child) => tell(child, nothing, context))]
    : supported.below(object.path).map((each) => tell(each, wanted, context));
  return told.filter((each) => each !== undefined);
}

/** A parameter, command or event by itself. */
function ofLeaf(supported: SupportedModel, schemaPath: string, context: VerbContext): SupportedObjectResult[] {
  const dot = schemaPath.lastIndexOf('.') + 1;
  const object = supported.object(schemaPath.slice(0, dot));
  const name = schemaPath.slice(dot);
  const only = (candidate: string): boolean => candidate === name;
  const result = object && tell(object, { parameters: only, commands: only, events: only, uniqueKeys: false }, context);
  if (!result) return [];
  return result.supportedParams.length + result.supportedCommands.length + result.supportedEvents.length > 0
    ? [result]
    : [];
}

function tell(object: ObjectInfo, wanted: Wanted, { view }: VerbContext): SupportedObjectResult | undefined {
  const { access } = view;
  if (access?.allows('Obj', 'r', object.path) === false) return undefined;
  const readable = (name: string): boolean => access?.allows('Param', 'r', object.path + name) ?? true;
  const known = new Set(object.parameters.map(({ name }) => name));
  const executable = (name: string): boolean => access?.allows('CommandEvent', 'r', object.path + name) ?? true;
  return {
    supportedObjPath: object.path,
    access: object.creatable ? (object.deletable ? 1 : 2) : object.deletable ? 3 : 0,
    isMultiInstance: object.table,
    supportedParams: object.parameters
      .filter(({ name }) => wanted.parameters(name) && readable(name))
      .map((parameter) => ({
        paramName: parameter.name,
        access: parameter.writable ? 1 : 0,
        valueType: valueTypes[parameter.type],
        valueChange: parameter.activeNotify === 'canDeny' ? 2 : 1,
      })),
    supportedCommands: object.commands
      .filter(({ name }) => wanted.commands(name) && executable(name))
      .map((command) => ({
        commandName: command.name,
        inputArgNames: command.input.map(({ name }) => name),
        outputArgNames: command.output.map(({ name }) => name),
        commandType: command.async ? 2 : 1,
      })),
    supportedEvents: object.events
      .filter(({ name }) => wanted.events(name) && executable(name))
      .map((event) => ({ eventName: event.name, argNames: event.args.map(({ name }) => name) })),
    divergentPaths: [],
    uniqueKeySets: wanted.uniqueKeys
      ? object.uniqueKeys
          .filter((keyNames) => keyNames.every((name) => known.has(name) && readable(name)))
          .map((keyNames) => ({ keyNames }))
      : [],
  };
}
