import { explain, type Log } from '#base';
import type { Envelope } from './codec/read-envelope.ts';
import { message, writeEnvelope, writeFault } from './codec/write-envelope.ts';
import { methodNotSupported } from './faults.ts';
import type { TransferDesk } from './transfers/desk.ts';
import type { UnitQueue } from './transfers/unit-queue.ts';
import { addObject } from './verbs/add-object.ts';
import { getParameterAttributes, setParameterAttributes } from './verbs/attributes.ts';
import { deleteObject } from './verbs/delete-object.ts';
import { getParameterNames } from './verbs/get-parameter-names.ts';
import { getParameterValues } from './verbs/get-parameter-values.ts';
import { getRpcMethods } from './verbs/get-rpc-methods.ts';
import { type Afterwards, factoryReset, reboot } from './verbs/reboot.ts';
import { scheduleInform } from './verbs/schedule-inform.ts';
import { setParameterValues } from './verbs/set-parameter-values.ts';
import {
  cancelTransfer,
  changeDuState,
  getAllQueuedTransfers,
  getQueuedTransfers,
  scheduleDownload,
  transfer,
} from './verbs/transfers.ts';
import type { Verb, VerbContext } from './verbs/verb.ts';

/**
 * The RPCs that an ACS can call here, by name.
 * @param later without it nothing can be ordered that takes its time
 */
export function createVerbs(
  afterwards: Afterwards,
  later?: { readonly desk: TransferDesk; readonly units: UnitQueue },
): ReadonlyMap<string, Verb> {
  const verbs: Map<string, Verb> = new Map<string, Verb>([
    ['GetRPCMethods', getRpcMethods(() => [...verbs.keys()])],
    ['SetParameterValues', setParameterValues],
    ['GetParameterValues', getParameterValues],
    ['GetParameterNames', getParameterNames],
    ['SetParameterAttributes', setParameterAttributes],
    ['GetParameterAttributes', getParameterAttributes],
    ['AddObject', addObject],
    ['DeleteObject', deleteObject],
    ['ScheduleInform', scheduleInform],
    ['Reboot', reboot(afterwards)],
    ['FactoryReset', factoryReset(afterwards)],
  ]);
  if (later) {
    const { desk, units } = later;
    verbs.set('Download', transfer(desk, 'Download'));
    verbs.set('Upload', transfer(desk, 'Upload'));
    verbs.set('ScheduleDownload', scheduleDownload(desk));
    verbs.set('CancelTransfer', cancelTransfer(desk));
    verbs.set('GetQueuedTransfers', getQueuedTransfers(desk));
    verbs.set('GetAllQueuedTransfers', getAllQueuedTransfers(desk));
    verbs.set('ChangeDUState', changeDuState(units));
  }
  return verbs;
}

/**
 * Answers one request of the ACS in its own namespace and with its own ID (TR-069 3.5). A request that fails never fails the
 * session: the answer is a fault.
 */
export async function answer(
  verbs: ReadonlyMap<string, Verb>,
  request: Envelope,
  context: VerbContext,
  log: Log,
  flush: (piece: string) => void,
): Promise<void> {
  const { namespace, header, method, body } = request;
  const written = { id: header.id };
  if (header.notUnderstood !== undefined) {
    writeEnvelope(flush, namespace, written, (writer) => {
      writer.raw('<soap-env:Fault><faultcode>soap-env:MustUnderstand</faultcode>');
      writer.leaf('faultstring', `header ${header.notUnderstood} is not understood`).raw('</soap-env:Fault>');
    });
    return;
  }
  const verb = verbs.get(method);
  let result: Awaited<ReturnType<Verb>>;
  try {
    result = verb ? await verb(body, context) : { ok: false, fault: methodNotSupported };
  } catch (error) {
    if (context.signal.aborted) throw error;
    log.error('an RPC failed', { method, error: explain(error) });
    result = { ok: false, fault: { code: 9002, text: 'Internal error' } };
  }
  writeEnvelope(flush, namespace, written, (writer) => {
    if (result.ok) message(writer, `${method}Response`, () => result.value(writer));
    else writeFault(writer, result.fault);
  });
}
