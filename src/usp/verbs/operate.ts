import { ok, refused } from '#base';
import { commandFailureOf, errorBody, failureOf } from '../errors.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The Operate Message": one result for each object that the command was run on. */
export const operate: Verb<'operate', 'operateResp'> = async (request, { model, view, origin, signal }) => {
  const { command, commandKey, inputArgs } = request;
  const answer = await model.operate(view, { path: command, args: inputArgs, commandKey, origin, signal });
  if (!answer.ok) {
    const { errCode, errMsg } = failureOf(answer.fault);
    return refused(errorBody(errCode, errMsg));
  }
  return ok({
    operationResults: answer.value.map(({ path, result, operation }) => {
      if (!result.ok) return { executedCommand: path, cmdFailure: commandFailureOf(result.fault) };
      if (operation) return { executedCommand: path, reqObjPath: operation.row };
      return { executedCommand: path, reqOutputArgs: { outputArgs: result.value } };
    }),
  });
};
