import { type Clock, errorCode, explain, type Log, ok, type Result, refused } from '#base';
import type { FaultKind, ModelFault } from '#model';
import { readMessage, writeMessage } from '../codec/message.ts';
import { readRecord, writeRecord } from '../codec/record.ts';
import type { Body, ErrorBody, Notify, Requests, Responses, UspMessage } from '../codec/types.ts';
import { errorBody } from '../errors.ts';

export interface ServiceLinkParts {
  /** Of the service. */
  readonly endpointId: string;
  /** Ours, as its controller. */
  readonly ownId: string;
  readonly send: (record: Uint8Array) => void;
  readonly notified: (notify: Notify) => void;
  /** Register and Deregister. @returns the answer */
  readonly requested: (request: Partial<Requests>) => Body | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A service is a process on this device: it answers soon, or not at all. */
const answerMs = 5000;

/** One service, to which the agent is the controller: requests with their answers, and what the service says by itself. */
export class ServiceLink {
  readonly endpointId: string;
  readonly #parts: ServiceLinkParts;
  readonly #open = new Map<string, (body: Body | undefined) => void>();
  #ids = 0;
  #over = false;

  constructor(parts: ServiceLinkParts) {
    this.#parts = parts;
    this.endpointId = parts.endpointId;
  }

  async ask<Name extends keyof Responses>(
    request: Partial<Requests>,
    response: Name,
    timeoutMs = answerMs,
  ): Promise<Result<Responses[Name], ModelFault>> {
    const body = await this.#exchange(request, timeoutMs);
    // What was wrong with which parameter is told to those who wrote them.
    if (body?.kind === 'error') return refused({ ...faultOf(body.error), cause: body.error.paramErrs });
    const value = body?.kind === 'response' ? body.response[response] : undefined;
    if (value) return ok(value);
    return refused({ kind: 'internal', message: `the service ${this.endpointId} does not answer` });
  }

  /** @returns what the connection is to make of it */
  receive(bytes: Uint8Array): 'taken' | 'unreadable' | 'left' {
    const { ownId, log } = this.#parts;
    let message: UspMessage;
    try {
      const record = readRecord(bytes);
      if (record.toId !== ownId || record.fromId !== this.endpointId) return 'taken';
      if (record.disconnect) return 'left';
      if (!record.noSessionContext) return 'taken';
      message = readMessage(record.noSessionContext.payload);
    } catch (error) {
      log.warn('a record of a service can not be read', { code: errorCode(error), reason: explain(error) });
      return 'unreadable';
    }
    const { msgId, body } = message;
    if (body.kind !== 'request') {
      this.#open.get(msgId)?.(body);
      return 'taken';
    }
    const { notify } = body.request;
    if (notify) {
      this.#parts.notified(notify);
      const notifyResp = { subscriptionId: notify.subscriptionId };
      if (notify.sendResp) this.#say(msgId, { kind: 'response', response: { notifyResp } });
      return 'taken';
    }
    this.#say(
      msgId,
      this.#parts.requested(body.request) ?? { kind: 'error', error: errorBody(7001, 'not for a controller') },
    );
    return 'taken';
  }

  end(): void {
    this.#over = true;
    for (const answered of [...this.#open.values()]) answered(undefined);
  }

  #exchange(request: Partial<Requests>, timeoutMs: number): Promise<Body | undefined> {
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const msgId = `b${++this.#ids}`;
      const settle = (body: Body | undefined): void => {
        deadline[Symbol.dispose]();
        this.#open.delete(msgId);
        resolve(body);
      };
      const deadline = this.#parts.clock.timer(timeoutMs, () => settle(undefined));
      this.#open.set(msgId, settle);
      this.#say(msgId, { kind: 'request', request });
    });
  }

  #say(msgId: string, body: Body): void {
    const payload = writeMessage(msgId, body);
    const { ownId: fromId, send } = this.#parts;
    if (!this.#over)
      send(writeRecord({ version: '1.4', toId: this.endpointId, fromId, noSessionContext: { payload } }));
  }
}

/** From USP's codes back to the model's refusals (TR-369 "Error Codes"). */
const kinds: Readonly<Record<number, FaultKind>> = {
  7002: 'busy',
  7005: 'resources',
  7006: 'denied',
  7008: 'path-syntax',
  7010: 'unsupported-path',
  7011: 'invalid-type',
  7012: 'invalid-value',
  7013: 'not-writable',
  7014: 'value-conflict',
  7016: 'no-instance',
  7018: 'not-a-table',
  7019: 'not-creatable',
  7021: 'required-parameter',
  7022: 'command-failed',
  7024: 'not-deletable',
  7025: 'duplicate-key',
  7026: 'unsupported-path',
  7027: 'command-arguments',
};

/** What a service refuses, as the model says it. */
export function faultOf({ errCode, errMsg }: Pick<ErrorBody, 'errCode' | 'errMsg'>, path?: string): ModelFault {
  return { kind: kinds[errCode] ?? 'internal', message: errMsg.slice(0, 200), ...(path !== undefined && { path }) };
}
