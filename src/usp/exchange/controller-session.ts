import { type Clock, errorCode, explain, type Log } from '#base';
import type { Model, View } from '#model';
import { answer } from '../answer.ts';
import { messageLimitBytes, readMessage, writeMessage } from '../codec/message.ts';
import type { UspRecord } from '../codec/record.ts';
import type { Body, Notify, UspMessage } from '../codec/types.ts';
import { errorBody } from '../errors.ts';
import { parameterMap } from '../notify/boot-parameters.ts';
import type { TransferResults } from '../notify/hearing.ts';
import { Outbox } from '../notify/outbox.ts';
import type { Recipient } from '../notify/subscriptions.ts';
import {
  type MessageOrigin,
  type OpenTunnel,
  RecordExchange,
  type SessionView,
  type Signer,
} from '../session/index.ts';
import type { MessageTrace } from '../trace/index.ts';
import type { Authority, FirstUse, Voucher } from '../trust/index.ts';
import { tooMuch } from '../verbs/limits.ts';
import type { ControllerConfig } from './config.ts';
import type { Arrival, Link } from './link.ts';
import { RequestTurns } from './request-turns.ts';
import { Standing } from './standing.ts';

export interface ControllerSessionParts {
  readonly model: Model;
  readonly authority: Authority;
  readonly firstUse: FirstUse;
  /** Signs records where the transport is no proof of them. */
  readonly signer: Signer | undefined;
  /** Payload security, where there is. */
  readonly openTunnel: OpenTunnel | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly endpointId: string;
  readonly signal: AbortSignal;
  readonly reached: () => void;
  readonly trace: MessageTrace;
  /** Resolves when what was written is in force: a subscription is heard from the moment that its response is sent. */
  readonly settled: () => Promise<void>;
}

/** One controller: its requests in their order, its notifications, whichever connection they come and go by. */
export class ControllerSession implements Recipient, Disposable {
  readonly #parts: ControllerSessionParts;
  readonly #outbox: Outbox;
  readonly #exchange: RecordExchange<Voucher>;
  readonly #links: Link[] = [];
  readonly #standing: Standing;
  readonly #turns: RequestTurns;
  #gone = false;
  /** Ends a connection on which nothing comes. */
  #silence: Disposable | undefined;
  #config: ControllerConfig;
  #messages = 0;
  /** What the message that is being read came by. */
  #arrival: Arrival | undefined;

  constructor(config: ControllerConfig, parts: ControllerSessionParts) {
    this.#parts = parts;
    this.#turns = new RequestTurns(parts.clock);
    this.#config = config;
    this.#standing = new Standing(parts.authority, parts.model, () => this.#config);
    const { clock, log, random, randomHex, endpointId } = parts;
    this.#exchange = new RecordExchange({
      clock,
      log,
      random,
      randomHex,
      endpointId,
      peerId: config.endpointId,
      settings: () => this.#config.session,
      ...(parts.signer && { signer: parts.signer }),
      ...(parts.openTunnel && { openTunnel: parts.openTunnel }),
      vouch: (chain) => this.#standing.vouchCertificate(chain),
      route: () => {
        if (this.#standing.banned) return undefined;
        // The first one that makes sure of the controller, else any.
        const routes = this.#links.map((link) => ({
          send: (record: Uint8Array) => link.send(record),
          voucher: this.#standing.vouch(link.evidence),
          connect: link.connect,
        }));
        return routes.find(({ voucher }) => voucher !== undefined) ?? routes[0];
      },
      deliver: (message, origin) => this.#read(message, origin),
    });
    // Unique over restarts: a late answer to an earlier run must not fit.
    const run = randomHex(4);
    this.#outbox = new Outbox({
      clock,
      log,
      random,
      retry: () => this.#config.notifyRetry,
      nextId: () => `${run}-${++this.#messages}`,
      send: (message) => {
        const sent = this.#exchange.send(message);
        if (sent) parts.trace.sent(message);
        return sent;
      },
    });
  }

  get endpointId(): string {
    return this.#config.endpointId;
  }
  get transferResults(): TransferResults {
    return this.#config.transferResults;
  }
  get config(): ControllerConfig {
    return this.#config;
  }
  get links(): readonly Link[] {
    return this.#links;
  }
  #orderOf({ kind }: Link): number {
    const at = this.#config.peers.findIndex((peer) => peer.kind === kind);
    return at < 0 ? this.#config.peers.length : at;
  }
  get exchange(): SessionView {
    const { status, retries } = this.#exchange;
    return { status, retries, reset: () => void this.idle.then(() => this.#exchange.reset()) };
  }
  /** Notifications that wait for a connection or an answer. */
  get queue(): { readonly waiting: number; readonly bytes: number; readonly nextRetryMs: number | undefined } {
    const { waiting, bytes, nextRetryMs } = this.#outbox;
    return { waiting, bytes, nextRetryMs };
  }

  reconfigure(config: ControllerConfig): void {
    this.#config = config;
    this.#exchange.settle();
  }

  /** A way has come to stand: the controller is greeted on it and told what waits, if it is the one. */
  connected(link: Link): void {
    const voucher = this.#standing.vouch(link.evidence);
    const { log } = this.#parts;
    const banned = this.#standing.isBanned(voucher);
    if (this.#standing.isOther(link.evidence) || banned) {
      const reason = banned ? 'the controller is banned' : 'the certificate is of another endpoint';
      log.warn('a connection is refused', { controller: this.#config.endpointId, over: link.kind, reason });
      link.refuse?.(reason);
      return;
    }
    if (!voucher)
      log.warn('nothing makes sure of a controller', { controller: this.#config.endpointId, over: link.kind });
    this.#standing.learn(voucher);
    link.send(this.#exchange.record(link.connect, voucher));
    this.#links.push(link);
    const { firstUse, clock } = this.#parts;
    const silenceMs = firstUse.inactivityMs(this.#config, link.evidence.chain);
    if (silenceMs > 0) this.#silence = clock.timer(silenceMs, () => link.refuse?.('no message has come in time'));
    // Notifications take the first (TR-181 Controller.{i}.MTP.{i}.Order).
    this.#links.sort((a, b) => this.#orderOf(a) - this.#orderOf(b));
    this.#parts.log.info('connected', { controller: this.#config.endpointId, over: link.kind });
    this.#exchange.settle();
    this.#outbox.connected();
    if (voucher) this.#parts.reached();
  }

  disconnected(link: Link): void {
    this.#silence?.[Symbol.dispose]();
    const at = this.#links.indexOf(link);
    if (at >= 0) this.#links.splice(at, 1);
  }

  /** The agent ends a way itself, and says so (R-MTP.7). */
  leave(link: Link): void {
    if (!this.#links.includes(link)) return;
    link.send(this.#exchange.farewell('the agent disconnects', this.#standing.vouch(link.evidence)));
    this.disconnected(link);
    if (!this.#gone) this.#exchange.settle();
  }

  /** A record of this controller for this agent, as checked by whoever took it from the transport. */
  receive(record: UspRecord, arrival: Arrival): void {
    if (this.#gone) return;
    const { log } = this.#parts;
    const voucher = this.#standing.vouch(arrival.evidence);
    // R-SEC.0a; TR-181 ControllerTrust.BannedRole
    if (this.#standing.isOther(arrival.evidence) || this.#standing.isBanned(voucher)) {
      log.warn('a record is not listened to', { controller: this.#config.endpointId });
      return;
    }
    this.#arrival = arrival;
    this.#exchange.receive(record, {
      send: arrival.reply,
      voucher,
      ...(arrival.connect && { connect: arrival.connect }),
    });
  }

  get view(): View {
    return this.#standing.view;
  }
  refresh(): Promise<void> | undefined {
    return this.#standing.refresh();
  }

  notify(notify: Notify, expirationSeconds: number, over?: () => void): void {
    this.#turns.tell(() => this.#notify(notify, expirationSeconds, over));
  }

  #notify(notify: Notify, expirationSeconds: number, over?: () => void): void {
    const { event } = notify;
    if (event?.eventName !== 'Boot!' || this.#config.bootParameters.length === 0) {
      this.#outbox.add(notify, expirationSeconds, over);
      return;
    }
    void parameterMap(this.#parts.model, this.view, this.#config.bootParameters).then((ParameterMap) => {
      const params = { ...event.params, ParameterMap };
      this.#outbox.add({ ...notify, event: { ...event, params } }, expirationSeconds, over);
    });
  }

  forget(subscription: string): void {
    this.#outbox.forget(subscription);
  }

  /** Resolves when every request that has come so far is answered. */
  get idle(): Promise<void> {
    return this.#turns.idle;
  }

  /** Nothing is taken any more; what has been is still answered, the request that has led to this among it. */
  [Symbol.dispose](): void {
    this.#gone = true;
    this.#outbox[Symbol.dispose]();
    void this.idle.then(() => {
      for (const link of [...this.#links]) {
        this.leave(link);
        link.close?.('the controller is not enabled any more');
      }
      this.#exchange[Symbol.dispose]();
    });
  }

  #read(bytes: Buffer, origin: MessageOrigin<Voucher>): void {
    let message: UspMessage;
    try {
      message = readMessage(bytes);
    } catch (error) {
      this.#parts.log.warn('a message can not be read', { code: errorCode(error), reason: explain(error) });
      this.#arrival?.reject('the message can not be read');
      return;
    }
    this.#parts.trace.received(message);
    this.#take(message, bytes.length, origin);
  }

  #take(message: UspMessage, size: number, origin: MessageOrigin<Voucher>): void {
    const { msgId, body } = message;
    this.#silence?.[Symbol.dispose]();
    // Who may be anybody can not put right what a change has broken.
    if (origin.voucher) this.#parts.reached();
    if (body.kind !== 'request') {
      // Anything else answers nothing of ours and is ignored (R-MSG.9); after an Error the notification is sent again.
      if (body.kind === 'response' && body.response.notifyResp) this.#outbox.answered(msgId);
      return;
    }
    const say = (answered: Body): void => {
      let written = writeMessage(msgId, answered);
      if (written.length > messageLimitBytes) written = writeMessage(msgId, { kind: 'error', error: tooMuch });
      origin.reply(written);
      this.#parts.trace.sent(written);
    };
    const taken = this.#turns.take(msgId, size, origin.voucher ? 'proven' : 'anybody', async () => {
      const { model, log, signal, settled } = this.#parts;
      try {
        const view = await this.#standing.viewFor(origin.voucher);
        const by = { by: 'usp', peer: this.#config.endpointId, unproven: !origin.voucher } as const;
        const answered = await answer(message, { model, view, origin: by, signal }, log);
        await settled();
        if (answered) say(answered);
      } catch (error) {
        if (!signal.aborted) log.error('an answer could not be sent', { reason: explain(error) });
      }
    });
    if (taken === 'full') say({ kind: 'error', error: errorBody(7005, 'too many requests wait') });
  }

  /** One of the connections makes sure that the controller is the one. */
  get sure(): boolean {
    return this.#links.some(({ evidence }) => this.#standing.vouch(evidence) !== undefined);
  }

  /** Its certificate counts because it came first. PEM. */
  get firstCertificate(): string | undefined {
    return this.#parts.firstUse.known(this.#config);
  }

  /** A connection to it was ended because of this certificate (DER). @returns whether another try will do */
  meet(certificate: Uint8Array, problem: string | undefined): Promise<boolean> {
    return this.#parts.firstUse.meet(this.#config, certificate, problem);
  }

  /** `Controller.{i}.InheritedRole` */
  get inherited(): readonly string[] {
    return this.#standing.inherited;
  }
}
