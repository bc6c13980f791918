import { ok, refused } from '#base';
import { failureOf } from '../errors.ts';
import { answerLimit, tooMuch } from './limits.ts';
import type { Verb } from './verb.ts';

/** TR-369 "The GetInstances Message". */
export const getInstances: Verb<'getInstances', 'getInstancesResp'> = async (request, { model, view }) => {
  const reqPathResults = [];
  let left = answerLimit;
  const known = new Map<string, Awaited<ReturnType<typeof model.instances>>>();
  for (const requestedPath of request.objPaths) {
    // Asked for again, it is read once.
    const read = known.get(requestedPath) ?? (await model.instances(view, requestedPath, request.firstLevelOnly));
    known.set(requestedPath, read);
    left -= 1 + (read.ok ? read.value.length : 0);
    if (left < 0) return refused(tooMuch);
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
