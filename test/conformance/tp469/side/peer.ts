import {
  type Body,
  type ErrorBody,
  type Notify,
  type RecordContent,
  type Requests,
  type Responses,
  readMessage,
  readRecord,
  type UspMessage,
  type UspRecord,
  writeMessage,
  writeRecord,
} from '#lab';
import type { At, Link, Side } from './link.ts';
import type { Time } from './time.ts';
import { brokenRules } from './universal.ts';

export type HeardNotify = At<Notify & { readonly msgId: string }>;
export type HeardMessage = At<UspMessage>;

export type Answer = Exclude<Body, { kind: 'request' }>;

/** One controller of the judge: what it hears it keeps, and what it is told to say it says. */
export class Peer {
  readonly side: Side;
  readonly endpointId: string;
  readonly agentId: string;
  readonly records: At<UspRecord>[] = [];
  readonly messages: HeardMessage[] = [];
  readonly notifications: HeardNotify[] = [];
  /** What breaks one of the plan's universal metrics. */
  readonly violations: string[] = [];
  /** Notifications that ask for an answer get one. */
  answering = true;
  readonly #link: Link;
  readonly #time: Time;
  #ids = 0;

  constructor(side: Side, endpointId: string, agentId: string, link: Link, time: Time) {
    this.side = side;
    this.endpointId = endpointId;
    this.agentId = agentId;
    this.#link = link;
    this.#time = time;
  }

  nextId(): string {
    return `${this.side}-${++this.#ids}`;
  }

  /** Sends a request and waits for what is said to it; `undefined`: nothing, for that many seconds. */
  async ask(request: Partial<Requests>, seconds = 30): Promise<Answer | undefined> {
    const msgId = this.nextId();
    this.say(msgId, { kind: 'request', request });
    return this.answerTo(msgId, seconds);
  }

  async answerTo(msgId: string, seconds = 30): Promise<Answer | undefined> {
    const look = (): Answer | undefined => {
      const found = this.messages.find(({ what }) => what.msgId === msgId && what.body.kind !== 'request');
      return found?.what.body as Answer | undefined;
    };
    return seconds === 0 ? look() : this.#time.untilReally(look, seconds);
  }

  say(msgId: string, body: Body): void {
    this.sendRecord({ noSessionContext: { payload: writeMessage(msgId, body) } });
  }

  sendRecord(content: RecordContent & Partial<Omit<UspRecord, 'version'>>): void {
    this.sendRaw(writeRecord({ version: '1.4', toId: this.agentId, fromId: this.endpointId, ...content }));
  }

  sendRaw(record: Uint8Array): void {
    this.#link.send(this.side, record);
  }

  acknowledge({ what }: HeardNotify): void {
    const { msgId, subscriptionId } = what;
    this.say(msgId, { kind: 'response', response: { notifyResp: { subscriptionId } } });
  }

  receive(bytes: Uint8Array): void {
    let record: UspRecord;
    try {
      record = readRecord(bytes);
    } catch (error) {
      this.violations.push(`a record that can not be read: ${(error as Error).message}`);
      return;
    }
    const at = this.#time.now();
    this.records.push({ at, what: record });
    if (record.toId !== this.endpointId) this.violations.push(`a record to ${record.toId}`);
    if (record.fromId !== this.agentId) this.violations.push(`a record from ${record.fromId}`);
    if (!/^1\.[0-4]$/.test(record.version)) this.violations.push(`a record of version ${record.version}`);
    if (record.mqttConnect || record.stompConnect) this.#link.arrived?.(this.side);
    if (!record.noSessionContext || record.payloadSecurity !== 0) return;
    let message: UspMessage;
    try {
      message = readMessage(record.noSessionContext.payload);
    } catch (error) {
      this.violations.push(`a message that can not be read: ${(error as Error).message}`);
      return;
    }
    this.take(message);
  }

  /** A message, however it came. */
  take(message: UspMessage): void {
    const at = this.#time.now();
    this.violations.push(...brokenRules(message));
    this.messages.push({ at, what: message });
    const notify = message.body.kind === 'request' ? message.body.request.notify : undefined;
    if (!notify) return;
    const heard = { at, what: { ...notify, msgId: message.msgId } };
    this.notifications.push(heard);
    if (notify.sendResp && this.answering) this.acknowledge(heard);
  }
}

export type { ErrorBody, Notify, Requests, Responses };
