import { type Clock, type Log, ok, type Result, refused } from '#base';
import { readMessage, writeMessage } from '../codec/message.ts';
import { type RecordContent, type SessionContext, type UspRecord, writeRecord } from '../codec/record.ts';
import { errorBody } from '../errors.ts';
import { macFits, macOf, type Signer, signedBy } from './integrity.ts';
import { newestVersion, problemOf, type RecordProblem, recordError, versionFor } from './record-rules.ts';
import { type Secured, Session } from './session-context.ts';
import { type PayloadSecurity, payloadSecurity, type SessionSettings } from './session-settings.ts';
import type { OpenTunnel } from './tunnel.ts';

/** A way to the peer that stands, or the one that a record has just come by. */
export interface Route<Voucher> {
  readonly send: (record: Uint8Array) => void;
  /** Who the transport has made sure the peer is; `undefined`: it has not (TR-369 R-E2E.28). */
  readonly voucher: Voucher | undefined;
  /** Connect record of this transport, which follows a Disconnect record (R-MTP.8). */
  readonly connect?: RecordContent;
}

export interface RecordExchangeParts<Voucher> {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly endpointId: string;
  readonly peerId: string;
  readonly settings: () => SessionSettings;
  readonly openTunnel?: OpenTunnel;
  readonly signer?: Signer;
  /** Whether certificates (DER, the peer's own first) are those of the peer, and trusted. */
  readonly vouch: (chain: readonly Uint8Array[]) => Voucher | undefined;
  /** Where what is not an answer goes; `undefined`: nowhere now. */
  readonly route: () => Route<Voucher> | undefined;
  readonly deliver: (message: Buffer, from: Origin<Voucher>) => void;
}

export interface Origin<Voucher> {
  /** Who the message has been proven to be from; `undefined`: nobody. */
  readonly voucher: Voucher | undefined;
  /** Sends the answer the way that the message came (R-MTP "Supporting Multiple MTPs"), in a session if it came in one. */
  readonly reply: (message: Uint8Array) => void;
}

/**
 * Records to and from one endpoint: what they must be, whose they are, with and without a session context (TR-369 "End to End Message Exchange"). Messages go in
 * and come out; transports see bytes.
 */
export class RecordExchange<Voucher> implements Disposable {
  readonly #parts: RecordExchangeParts<Voucher>;
  readonly #session: Session;
  #version = newestVersion;
  #secured: (Secured & { readonly voucher: Voucher }) | undefined;
  /** The route of the session: the one that the peer used last. */
  #sessionRoute: Route<Voucher> | undefined;
  /** Of every record of the session so far: `undefined` once one came from nobody in particular. */
  #sessionVoucher: { readonly id: bigint; voucher: Voucher | undefined } | undefined;

  /** Connect records that go before anything else: the peer has ended the communication over their transport (R-MTP.8). */
  readonly #due = new Set<string>();

  constructor(parts: RecordExchangeParts<Voucher>) {
    this.#parts = parts;
    const { clock, log, random, randomHex, settings, openTunnel } = parts;
    this.#session = new Session({
      clock,
      log,
      random,
      newSessionId: () => BigInt(`0x${randomHex(6)}`) + 2n,
      settings,
      overheadBytes: () => this.#overheadBytes(),
      openTunnel,
      transmit: (content, security) => this.#transmit(content, security),
      deliver: (message) => this.#deliverFromSession(message),
      terminated: (reason) => {
        const way = this.#sessionRoute ?? this.#parts.route();
        if (way) this.#disconnect(way, { code: recordError.sessionTerminated, reason });
      },
      secured: (secured) => this.#secure(secured),
    });
  }

  get status(): Session['status'] {
    return this.#session.status;
  }
  get retries(): number {
    return this.#session.retries;
  }

  /** The configuration or the routes have changed. */
  settle(): void {
    const { settings, route } = this.#parts;
    const { mode } = settings();
    const way = route();
    if (mode === 'Forbid' && this.#session.status !== 'Down') {
      this.#session.end();
      if (way)
        this.#disconnect(way, {
          code: recordError.sessionTerminated,
          reason: 'session contexts are not allowed any more',
        });
    } else if (mode === 'Require' && way) this.#session.ensure();
  }

  /** What says that the agent leaves: the peer forgets the session with it (R-MTP.7). */
  farewell(reason: string, voucher: Voucher | undefined): Buffer {
    this.#session.end();
    return this.record({ disconnect: { reason, reasonCode: 0 } }, voucher);
  }

  /** `E2ESession.Reset()` */
  reset(): void {
    const { settings, route } = this.#parts;
    if (settings().mode === 'Forbid') this.settle();
    else if (route()) this.#session.restart();
  }

  /** A record without a session: a Connect or Disconnect record. */
  record(content: RecordContent, voucher?: Voucher): Buffer {
    this.#due.delete(typeOf(content));
    return this.#write(content, payloadSecurity.plaintext, voucher);
  }

  /** @returns false: there is no way to the peer now */
  send(message: Uint8Array): boolean {
    const { route: way, settings, openTunnel } = this.#parts;
    const route = way();
    // To nobody in particular nothing is told, unless the session makes sure of who it is.
    const secures = this.#session.wanted && settings().payloadSecurity === 'tls' && openTunnel !== undefined;
    if (!route || (route.voucher === undefined && !secures)) return false;
    // A session that nobody in particular has begun is not where it goes.
    if (this.#session.status !== 'Down' && this.#sessionRoute && !this.#isSure) {
      this.#session.end();
      this.#sessionRoute = undefined;
    }
    this.#give(message, route);
    return true;
  }

  /** A record from the peer to this endpoint, as its identifiers say. */
  receive(record: UspRecord, route: Route<Voucher>): void {
    const problem = problemOf(record);
    if (problem) {
      this.#refuse(record, route, problem);
      return;
    }
    const checked = this.#check(record, route);
    if (!checked.ok) {
      this.#parts.log.warn('a record is ignored', { from: record.fromId, reason: checked.fault });
      // R-E2E.23; where anybody can send a record, anybody could end the session with it.
      if (record.sessionContext && route.voucher !== undefined) this.#session.doubt(record.sessionContext.sessionId);
      return;
    }
    if (checked.value === undefined && this.#concerns(record) && this.#isElsewhere) {
      this.#parts.log.warn('a record is ignored', {
        from: record.fromId,
        reason: 'the peer is known elsewhere, and nothing makes sure that this is it',
      });
      return;
    }
    this.#version = versionFor(record.version) ?? this.#version;
    if (record.sessionContext) this.#takeSession(record, record.sessionContext, route, checked.value);
    else if (record.noSessionContext) this.#takePlain(record, record.noSessionContext.payload, route, checked.value);
    else if (record.disconnect) {
      const { reason, reasonCode } = record.disconnect;
      this.#parts.log.info('the peer ends the communication', { reason, code: reasonCode });
      this.#session.end();
      if (route.connect) this.#due.add(typeOf(route.connect));
    }
  }

  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]();
  }

  /** Who the peer of the session that stands is has been proven. */
  get #isSure(): boolean {
    return this.#secured !== undefined || this.#sessionVoucher?.voucher !== undefined;
  }

  /** There is a session, or a way, whose other end is certainly the peer. */
  get #isElsewhere(): boolean {
    if (this.#session.status !== 'Down' && this.#isSure) return true;
    return this.#parts.route()?.voucher !== undefined;
  }

  /** In clear it would change the session: begin one in its place, end it, or lead it another way. */
  #concerns({ sessionContext, disconnect, payloadSecurity: security }: UspRecord): boolean {
    return disconnect !== undefined || (sessionContext !== undefined && security === payloadSecurity.plaintext);
  }

  /** @returns who has proven to be the sender of this record, `undefined` nobody; a refusal: the proof does not hold */
  #check(record: UspRecord, { voucher }: Route<Voucher>): Result<Voucher | undefined, string> {
    const secured = record.sessionContext && record.payloadSecurity === payloadSecurity.tls ? this.#secured : undefined;
    if (record.macSignature.length === 0) return ok(secured && voucher === undefined ? undefined : voucher);
    if (secured && record.senderCert.length === 0) {
      const { keys, client } = secured;
      if (macFits(record, client ? keys.server : keys.client)) return ok(secured.voucher);
      return refused('the MAC is wrong');
    }
    if (record.senderCert.length === 0 && this.#session.awaitsServer(record.sessionContext?.sessionId ?? 0n))
      return ok(voucher);
    const chain = signedBy(record);
    if (!chain) return refused('the signature is wrong');
    const signed = this.#parts.vouch(chain.map(({ raw }) => raw));
    if (signed === undefined) return refused('the certificate of the signature is not trusted');
    // A signature does not cover the payload (R-E2E.32): of a message in clear it proves nothing, whoever is on the way can put it under another one.
    return ok(record.payloadSecurity === payloadSecurity.tls ? signed : voucher);
  }

  #takeSession(record: UspRecord, content: SessionContext, route: Route<Voucher>, voucher: Voucher | undefined): void {
    const { settings, openTunnel } = this.#parts;
    const { mode, payloadSecurity: own } = settings();
    const security = record.payloadSecurity as PayloadSecurity;
    if (mode === 'Forbid') {
      this.#disconnect(route, { code: recordError.sessionNotAllowed, reason: 'session contexts are not allowed' });
      return;
    }
    if (security === payloadSecurity.tls && !openTunnel) {
      this.#disconnect(route, {
        code: recordError.secureSessionUnsupported,
        reason: 'payload security is not supported',
      });
      return;
    }
    if (security === payloadSecurity.plaintext && own === 'tls' && openTunnel && mode === 'Require' && !this.#secured) {
      this.#disconnect(route, { code: recordError.secureSessionRequired, reason: 'payload security is required' });
      return;
    }
    if (security === payloadSecurity.tls && voucher === undefined && record.macSignature.length === 0) {
      this.#parts.log.warn('a record is ignored', { from: record.fromId, reason: 'its integrity is not protected' });
      return;
    }
    this.#sessionRoute = route;
    if (this.#sessionVoucher?.id !== content.sessionId) this.#sessionVoucher = { id: content.sessionId, voucher };
    else if (voucher === undefined) this.#sessionVoucher.voucher = undefined;
    this.#session.receive(content, security);
  }

  #takePlain(record: UspRecord, payload: Uint8Array, route: Route<Voucher>, voucher: Voucher | undefined): void {
    if (this.#parts.settings().mode === 'Require') {
      this.#refuse(record, route, { code: recordError.secureSessionRequired, reason: 'a session context is required' });
      return;
    }
    this.#session.heard();
    this.#parts.deliver(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), {
      voucher,
      reply: (answer) => this.#put(route, { noSessionContext: { payload: answer } }),
    });
  }

  /** In a session where there is to be one; it may have been forbidden since the request came in it. */
  #give(message: Uint8Array, route: Route<Voucher> | undefined): void {
    if (this.#session.wanted) this.#session.send(message);
    else if (route) this.#put(route, { noSessionContext: { payload: message } });
  }

  #deliverFromSession(message: Buffer): void {
    const voucher = this.#secured ? this.#secured.voucher : this.#sessionVoucher?.voucher;
    this.#parts.deliver(message, { voucher, reply: (answer) => this.#give(answer, this.#sessionRoute) });
  }

  #secure(secured: Secured | undefined): void {
    this.#secured = undefined;
    if (!secured) return;
    const voucher = this.#parts.vouch(secured.peer.chain);
    if (voucher !== undefined) this.#secured = { ...secured, voucher };
    else {
      this.#parts.log.warn("the certificate of a secure session is not the peer's", {});
      this.#session.reject();
    }
  }

  #transmit(sessionContext: SessionContext, security: PayloadSecurity): void {
    const route = this.#sessionRoute ?? this.#parts.route();
    if (route) this.#put(route, { sessionContext }, security);
  }

  /** R-MTP.5: an Error message, if the record holds a request that can be read; else nothing. */
  #refuse(record: UspRecord, route: Route<Voucher>, { code, reason }: RecordProblem): void {
    const { log } = this.#parts;
    log.warn('a record is refused', { from: record.fromId, code, reason });
    const payload = record.noSessionContext?.payload ?? Buffer.concat(record.sessionContext?.payload ?? []);
    if (record.payloadSecurity === payloadSecurity.tls || payload.length === 0) return;
    try {
      const { msgId, body } = readMessage(payload);
      if (body.kind !== 'request' || msgId === '') return;
      const error = writeMessage(msgId, { kind: 'error', error: errorBody(code, reason) });
      this.#put(route, { noSessionContext: { payload: error } });
    } catch {
      // No request that could be read: the record is ignored.
    }
  }

  #disconnect(route: Route<Voucher>, { code, reason }: RecordProblem): void {
    route.send(this.record({ disconnect: { reason, reasonCode: code } }, route.voucher));
    if (route.connect) route.send(this.record(route.connect, route.voucher));
  }

  #put(route: Route<Voucher>, content: RecordContent, security: PayloadSecurity = payloadSecurity.plaintext): void {
    const { connect, send, voucher } = route;
    if (connect && this.#due.has(typeOf(connect))) send(this.record(connect, voucher));
    send(this.#write(content, security, voucher));
  }

  /** With the proof of integrity that it needs: a MAC in a secure session, a signature where the transport is no proof (R-E2E.29). */
  #write(content: RecordContent, security: PayloadSecurity, voucher: Voucher | undefined): Buffer {
    const { endpointId, peerId, signer } = this.#parts;
    const plain = { version: this.#version, toId: peerId, fromId: endpointId, payloadSecurity: security, ...content };
    const whole = (senderCert: Uint8Array): UspRecord => ({ macSignature: nothing, senderCert, ...plain });
    const secured = content.sessionContext && security === payloadSecurity.tls ? this.#secured : undefined;
    if (secured) {
      const { keys, client } = secured;
      return writeRecord({ ...plain, macSignature: macOf(whole(nothing), client ? keys.client : keys.server) });
    }
    if (voucher !== undefined || !signer) return writeRecord(plain);
    const senderCert = Buffer.from(signer.certPem);
    return writeRecord({ ...plain, senderCert, macSignature: signer.sign(whole(senderCert)) });
  }

  #overheadBytes(): number {
    const { endpointId, peerId, signer } = this.#parts;
    // Six numbers of the session, a MAC or a signature, tags and lengths.
    return (
      160 +
      Buffer.byteLength(endpointId) +
      Buffer.byteLength(peerId) +
      (signer && !this.#secured ? signer.certPem.length : 0)
    );
  }
}

const typeOf = (content: RecordContent): string => Object.keys(content)[0] ?? '';
const nothing = new Uint8Array();
