import { ok, refused } from '#base';
import { failureOf } from '../errors.ts';
import { answerLimit, tooMuch } from './limits.ts';
import type { Verb } from './verb.ts';

/** Depths above this are "all", as is 0. */
const deepest = 0x7fff_ffff;

/** TR-369 "The Get Message": each path has its own result; one object for each resolved path, parameters by name. */
export const get: Verb<'get', 'getResp'> = async (request, { model, view, signal }) => {
  const maxDepth = request.maxDepth > deepest ? 0 : request.maxDepth;
  const readings = await model.get(view, request.paramPaths, { maxDepth, signal, limit: answerLimit });
  if (readings.some(({ result }) => !result.ok && result.fault.kind === 'resources')) return refused(tooMuch);
  return ok({
    reqPathResults: readings.map(({ requested, result }) => {
      if (!result.ok) {
        const { errCode, errMsg } = failureOf(result.fault);
        // R-GET.0, R-GET.1: whatever is not there or may not be read is an invalid path, and no word says which.
        const invalid = errCode === 7016 || errCode === 7026;
        return {
          requestedPath: requested,
          errCode: invalid ? 7026 : errCode,
          errMsg: invalid ? 'no such object or parameter' : errMsg,
          resolvedPathResults: [],
        };
      }
      return {
        requestedPath: requested,
        errCode: 0,
        errMsg: '',
        resolvedPathResults: result.value
          .filter(({ parameters }) => parameters.length > 0)
          .map(({ path, parameters }) => ({
            resolvedPath: path,
            resultParams: Object.fromEntries(parameters.map(({ info, value }) => [info.name, value])),
          })),
      };
    }),
  });
};
