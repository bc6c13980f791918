import type { QueuedCall } from './call-queue.ts';
import type { AcsEnvelope } from './envelope.ts';
import { AcsError, AcsViolation } from './errors.ts';
import { type AcsAnswer, readAnswer, readFault } from './rpc.ts';
import type { XmlElement } from './xml.ts';

/** What a POST of the CPE was. */
export type Received =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'answer'; readonly call: QueuedCall; readonly answer: AcsAnswer }
  | { readonly kind: 'request'; readonly id: string; readonly message: XmlElement };

/** One session after its Inform: whose turn it is, and what was asked. The CPE has requests before its first empty POST only; after it a call is open until the end. */
export class Session {
  readonly device: string;
  /** CWMP's, as the Inform has it; both sides keep to it. */
  readonly namespace: string;
  /** How many were sent. */
  calls = 0;
  #open: { readonly id: string; readonly call: QueuedCall } | undefined;

  constructor(device: string, namespace: string) {
    this.device = device;
    this.namespace = namespace;
  }

  /** @param id under which it is sent */
  send(id: string, call: QueuedCall): void {
    this.#open = { id, call };
    this.calls++;
  }

  /** @param envelope undefined for an empty POST. @throws AcsViolation */
  receive(envelope: AcsEnvelope | undefined): Received {
    const open = this.#open;
    if (!envelope) {
      if (open) throw new AcsViolation('an empty POST instead of an answer');
      return { kind: 'nothing' };
    }
    const { id, namespace, message } = envelope;
    const { local } = message;
    if (namespace !== this.namespace) throw new AcsViolation(`${local} is in ${namespace}, its Inform was not`);
    if (local === 'Inform') throw new AcsViolation('a second Inform in one session');
    const answers = local === 'Fault' || local.endsWith('Response');
    if (open) {
      const { rpc } = open.call.rpc;
      if (!answers) throw new AcsViolation(`${local} out of turn: ${rpc} is not answered yet`);
      if (id !== open.id) throw new AcsViolation(`the answer carries the ID ${id} instead of ${open.id}`);
      if (local !== 'Fault' && local !== `${rpc}Response`) throw new AcsViolation(`${rpc} was answered by ${local}`);
      const answer = local === 'Fault' ? { fault: readFault(message) } : readAnswer(message);
      this.#open = undefined;
      return { kind: 'answer', call: open.call, answer };
    }
    if (answers) throw new AcsViolation(`${local} although nothing was asked`);
    return { kind: 'request', id, message };
  }

  /** It goes no further; what was asked will not be answered. */
  lose(reason: string): void {
    this.#open?.call.failed(new AcsError('ACS_SESSION_LOST', `the session ended before the answer: ${reason}`));
    this.#open = undefined;
  }
}
