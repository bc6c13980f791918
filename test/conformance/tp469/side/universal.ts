import type { Notify, Responses, UspMessage } from '#lab';

/** Instance paths with instance numbers (TR-369 R-MSG.3, ARC.7): what an agent says of itself never has search paths in it. */
const object = /^Device\.(?:[A-Za-z_][\w-]*\.|[1-9][0-9]*\.)*$/;
const parameter = /^Device\.(?:[A-Za-z_][\w-]*\.|[1-9][0-9]*\.)*[A-Za-z_][\w-]*$/;

/** The plan's universal metrics 3 and 4, for every message of the agent. */
export function brokenRules(message: UspMessage): string[] {
  const broken: string[] = [];
  const check = (pattern: RegExp, path: string, where: string): void => {
    if (!pattern.test(path)) broken.push(`${where} is no instance path: ${path}`);
  };
  const { body } = message;
  if (body.kind === 'response') ofResponse(body.response, check);
  if (body.kind === 'request' && body.request.notify) ofNotify(body.request.notify, check);
  return broken;
}

type Check = (pattern: RegExp, path: string, where: string) => void;

function ofResponse(response: Partial<Responses>, check: Check): void {
  const { getResp, addResp, setResp, deleteResp, getInstancesResp, operateResp } = response;
  for (const { resolvedPathResults } of getResp?.reqPathResults ?? [])
    for (const { resolvedPath } of resolvedPathResults) check(object, resolvedPath, 'GetResp.resolved_path');
  for (const { operStatus } of addResp?.createdObjResults ?? [])
    if (operStatus?.operSuccess) check(object, operStatus.operSuccess.instantiatedPath, 'AddResp.instantiated_path');
  for (const { operStatus } of setResp?.updatedObjResults ?? [])
    for (const { affectedPath } of operStatus?.operSuccess?.updatedInstResults ?? [])
      check(object, affectedPath, 'SetResp.affected_path');
  for (const { operStatus } of deleteResp?.deletedObjResults ?? [])
    for (const path of operStatus?.operSuccess?.affectedPaths ?? []) check(object, path, 'DeleteResp.affected_paths');
  for (const { currInsts } of getInstancesResp?.reqPathResults ?? [])
    for (const { instantiatedObjPath } of currInsts)
      check(object, instantiatedObjPath, 'GetInstancesResp.instantiated_obj_path');
  for (const { reqObjPath } of operateResp?.operationResults ?? [])
    if (reqObjPath !== undefined) check(object, reqObjPath.replace(/\.?$/, '.'), 'OperateResp.req_obj_path');
}

function ofNotify({ event, valueChange, objCreation, objDeletion, operComplete }: Notify, check: Check): void {
  if (event) check(object, event.objPath, 'Notify.event.obj_path');
  if (valueChange) check(parameter, valueChange.paramPath, 'Notify.value_change.param_path');
  if (objCreation) check(object, objCreation.objPath, 'Notify.obj_creation.obj_path');
  if (objDeletion) check(object, objDeletion.objPath, 'Notify.obj_deletion.obj_path');
  if (operComplete) check(object, operComplete.objPath, 'Notify.oper_complete.obj_path');
}
