import { ok } from '#base';
import { failureOf } from '../errors.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The GetInstances Message". */
export const getInstances: Verb<'getInstances', 'getInstancesResp'> = async (request, { model, view }) => {
  const reqPathResults = [];
  for (const requestedPath of request.objPaths) {
    const read = await model.instances(view, requestedPath, request.firstLevelOnly);
    reqPathResults.push(
      read.ok
        ? {
            requestedPath,
            errCode: 0,
            errMsg: '',
            currInsts: read.value.map(({ path, uniqueKeys }) => ({ instantiatedObjPath: path, uniqueKeys })),
          }
        : { requestedPath, ...failureOf(read.fault), currInsts: [] },
    );
  }
  return ok({ reqPathResults });
};
