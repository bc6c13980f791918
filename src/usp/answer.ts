import { explain, type Log } from '#base';
import type { Body, ErrorBody, Requests, UspMessage } from './codec/types.ts';
import { errorBody, internalError, notSupported } from './errors.ts';
import { add } from './verbs/add.ts';
import { deleteObjects } from './verbs/delete.ts';
import { get } from './verbs/get.ts';
import { getInstances } from './verbs/get-instances.ts';
import { getSupportedDm } from './verbs/get-supported-dm.ts';
import { getSupportedProtocol } from './verbs/get-supported-protocol.ts';
import { operate } from './verbs/operate.ts';
import { set } from './verbs/set.ts';
import type { VerbContext } from './verbs/verb.ts';

const error = (body: ErrorBody): Body => ({ kind: 'error', error: body });

/**
 * Answers one request of a controller. A request that fails never fails the connection: the answer is an Error message.
 * @returns `undefined` where none is wanted (Operate without send_resp)
 */
export async function answer(message: UspMessage, context: VerbContext, log: Log): Promise<Body | undefined> {
  const { body } = message;
  if (body.kind !== 'request') return undefined;
  // The body counts, whatever the header says that it is (R-MSG.10).
  const name = Object.keys(body.request)[0];
  try {
    return await serve(body.request, context);
  } catch (cause) {
    if (context.signal.aborted) throw cause;
    log.error('a request failed', { message: name, error: explain(cause) });
    return error(internalError);
  }
}

async function serve(request: Partial<Requests>, context: VerbContext): Promise<Body | undefined> {
  const respond = async <T>(
    of: Promise<{ ok: true; value: T } | { ok: false; fault: ErrorBody }>,
    name: string,
  ): Promise<Body> => {
    const result = await of;
    return result.ok ? { kind: 'response', response: { [name]: result.value } } : error(result.fault);
  };
  if (request.get) return respond(get(request.get, context), 'getResp');
  if (request.set) return respond(set(request.set, context), 'setResp');
  if (request.add) return respond(add(request.add, context), 'addResp');
  if (request.delete) return respond(deleteObjects(request.delete, context), 'deleteResp');
  if (request.getInstances) return respond(getInstances(request.getInstances, context), 'getInstancesResp');
  if (request.getSupportedDm) return respond(getSupportedDm(request.getSupportedDm, context), 'getSupportedDmResp');
  if (request.getSupportedProtocol) {
    return respond(getSupportedProtocol(request.getSupportedProtocol, context), 'getSupportedProtocolResp');
  }
  if (request.operate) {
    const response = await respond(operate(request.operate, context), 'operateResp');
    return request.operate.sendResp || response.kind === 'error' ? response : undefined;
  }
  // Notify comes from agents, Register and Deregister from services of this device: neither is a controller's.
  if (request.notify || request.register || request.deregister) {
    return error(errorBody(7002, 'not for this endpoint'));
  }
  return error(notSupported);
}
