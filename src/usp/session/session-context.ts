import { type Clock, type Log, retryWaitMs } from '#base';
import type { SessionContext } from '../codec/record.ts';
import { Sequence } from './sequence.ts';
import { type PayloadSecurity, payloadSecurity, type SessionSettings } from './session-settings.ts';
import type { OpenTunnel, PeerCertificates, RecordKeys, Tunnel } from './tunnel.ts';

export interface SessionContextParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Greater than 1 (R-E2E.3). */
  readonly newSessionId: () => bigint;
  readonly settings: () => SessionSettings;
  /** Bytes of a record around its payload, at most. */
  readonly overheadBytes: () => number;
  /** Without it there is no payload security. */
  readonly openTunnel: OpenTunnel | undefined;
  readonly transmit: (content: SessionContext, security: PayloadSecurity) => void;
  readonly deliver: (message: Buffer) => void;
  /** It is over and the next one is not begun at once (R-E2E.6b). */
  readonly terminated: (reason: string) => void;
  /** The payload is secured from now on; `undefined`: no longer. */
  readonly secured: (secured: Secured | undefined) => void;
}

export interface Secured {
  readonly peer: PeerCertificates;
  readonly keys: RecordKeys;
  /** We are the client. */
  readonly client: boolean;
}

/** One established (or beginning) session context. */
interface Current {
  readonly id: bigint;
  readonly security: PayloadSecurity;
  readonly begunByUs: boolean;
  readonly sequence: Sequence;
  tunnel: Tunnel | undefined;
  secure: boolean;
}

const limits = {
  /** R-E2E.8, R-E2E.9 */
  lastSequence: (1n << 64n) - 1n - 10_000n,
  waiting: 256,
  handshakeMs: 30_000,
  ended: 8,
};

/**
 * The E2E session context with one remote endpoint (TR-369 "Exchange of USP Records within an E2E Session Context"): its life from the first
 * record to expiry, failure and restart. At most one at a time (R-E2E.5). It neither knows transports nor reads messages.
 */
export class Session implements Disposable {
  readonly #parts: SessionContextParts;
  #current: Current | undefined;
  /** Identifiers of sessions that are over: what of them still comes is late, not new. */
  readonly #ended: bigint[] = [];
  /** Messages for the session that is about to begin. */
  #waiting: Uint8Array[] = [];
  /** Those that a failed session has passed on, which is done once. */
  readonly #passedOn = new WeakSet<Uint8Array>();
  #expiry: Disposable | undefined;
  #restart: Disposable | undefined;
  #handshake: Disposable | undefined;
  #retries = 0;
  /** When the first of the failures in a row was; monotonic. */
  #failingSinceMs = 0;
  #wanted = false;

  constructor(parts: SessionContextParts) {
    this.#parts = parts;
  }

  get status(): 'Up' | 'Negotiating' | 'Down' {
    const current = this.#current;
    if (!current) return 'Down';
    if (current.security === payloadSecurity.tls) return current.secure ? 'Up' : 'Negotiating';
    return current.sequence.heard || !current.begunByUs ? 'Up' : 'Negotiating';
  }

  /** Attempts since a message last came through. */
  get retries(): number {
    return this.#retries;
  }

  /** What we send next belongs into a session, be there one now or not (R-E2E.7). */
  get wanted(): boolean {
    const { mode } = this.#parts.settings();
    return mode === 'Require' || (mode === 'Allow' && this.#wanted);
  }

  /** It is ours, and the handshake is not complete on our side: the server's last flight is protected by keys that we do not have yet. */
  awaitsServer(sessionId: bigint): boolean {
    const current = this.#current;
    return current?.id === sessionId && current.begunByUs && current.tunnel !== undefined && !current.secure;
  }

  /** Begins a session of our own, unless there is one. */
  ensure(): void {
    if (!this.#current && (!this.#restart || this.#retries === 0)) this.#start();
  }

  /** The peer has been heard without a session: what failed before says nothing of the next one (R-E2E.12). */
  heard(): void {
    this.#retries = 0;
  }

  /** Begins a session of our own in place of whatever there is. */
  restart(): void {
    this.#end();
    this.#retries = 0;
    this.#start();
  }

  /** The peer of a secure session is not who it should be. */
  reject(): void {
    this.#fail('the peer is not who it should be', true);
  }

  /** A record of this session whose integrity does not hold, from a peer that is certainly the one (R-E2E.23). */
  doubt(sessionId: bigint): void {
    if (this.#current?.id === sessionId) this.#fail('the integrity of a record does not hold');
  }

  /** Ends it without a word: the peer knows, or is told by a Disconnect record. */
  end(): void {
    this.#end();
    this.#wanted = false;
    this.#waiting = [];
    this.#retries = 0;
  }

  send(message: Uint8Array): void {
    if (this.#restart) {
      this.#wait(message);
      return;
    }
    if (!this.#current) {
      this.#begin(this.#parts.newSessionId(), this.#ownSecurity(), true);
      // What the sessions that failed before have left.
      for (const left of this.#waiting.splice(0)) this.#give(this.#current!, left);
    }
    this.#give(this.#current!, message);
  }

  /** A record of the peer whose origin and integrity have been checked. @param security its `payload_security` */
  receive(content: SessionContext, security: PayloadSecurity): void {
    const { sessionId, sequenceId } = content;
    if (this.#current?.id !== sessionId) {
      if (sequenceId !== 1n && this.#ended.includes(sessionId)) {
        // R-E2E.24: the peer still holds on to a session that is over here.
        if (!this.#current) this.ensure();
        return;
      }
      // R-E2E.4, R-E2E.6: the peer's session takes the place of what there was.
      this.#end();
      this.#begin(sessionId, security, false);
    }
    const current = this.#current!;
    this.#touch();
    if (current.security !== security) {
      // R-E2E.19
      this.#fail('a record has another payload security than its session');
      return;
    }
    current.sequence.receive(content);
    // What was to go into the session that the peer's has taken the place of.
    if (this.#current === current && !current.tunnel) this.#giveWaiting(current);
    if (this.#current === current && current.sequence.expected > limits.lastSequence) this.restart();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #start(): void {
    this.#begin(this.#parts.newSessionId(), this.#ownSecurity(), true);
    const current = this.#current!;
    // Under TLS the handshake is the first payload.
    if (current.tunnel) this.#awaitAnswer(current);
    // A record without a payload begins a session as well as one with (R-E2E.2 as of USP 1.2).
    else if (this.#waiting.length === 0) current.sequence.send([]);
    else this.#giveWaiting(current);
  }

  /** R-E2E.11: a handshake that is not answered is begun again, as long as somebody wants it. */
  #awaitAnswer(current: Current): void {
    const { clock, settings } = this.#parts;
    this.#handshake = clock.timer(limits.handshakeMs, () => {
      if (this.#current !== current || current.secure) return;
      if (settings().mode !== 'Require' && this.#waiting.length === 0) this.end();
      else this.#fail('TLS: no answer', true);
    });
  }

  #giveWaiting(current: Current): void {
    for (const message of this.#waiting.splice(0)) this.#give(current, message);
  }

  #wait(message: Uint8Array): void {
    if (this.#waiting.length >= limits.waiting) this.#waiting.shift();
    this.#waiting.push(message);
  }

  #begin(id: bigint, security: PayloadSecurity, begunByUs: boolean): void {
    const current: Current = {
      id,
      security,
      begunByUs,
      sequence: new Sequence({
        ...this.#parts,
        sessionId: id,
        transmit: (content) => this.#parts.transmit(content, security),
        payload: (payload) => this.#take(current, payload),
        sent: () => this.#sent(current),
        failed: (reason, missed) => this.#fail(reason, false, missed),
      }),
      tunnel: undefined,
      secure: false,
    };
    this.#current = current;
    this.#wanted = true;
    this.#restart?.[Symbol.dispose]();
    this.#restart = undefined;
    this.#touch();
    if (security === payloadSecurity.tls) current.tunnel = this.#secure(current);
  }

  #secure(current: Current): Tunnel | undefined {
    const { openTunnel, deliver, secured } = this.#parts;
    const mine = (): boolean => this.#current === current;
    return openTunnel?.(current.begunByUs ? 'client' : 'server', {
      records: (records, message) => {
        if (mine()) current.sequence.send(records, message);
      },
      message: (message) => {
        if (!mine() || !current.secure) return;
        this.#retries = 0;
        deliver(message);
      },
      secure: (peer, keys) => {
        if (!mine()) return;
        current.secure = true;
        secured({ peer, keys, client: current.begunByUs });
        // Unless the peer is not who it should be.
        if (mine()) this.#giveWaiting(current);
      },
      failed: (reason, ended) => {
        if (!mine()) return;
        // What was closed in due form is over, and not failed.
        if (ended && current.secure && this.#parts.settings().mode !== 'Require') this.end();
        else this.#fail(`TLS: ${reason}`, true);
      },
    });
  }

  #end(): void {
    const current = this.#current;
    this.#current = undefined;
    this.#expiry?.[Symbol.dispose]();
    this.#restart?.[Symbol.dispose]();
    this.#restart = undefined;
    this.#handshake?.[Symbol.dispose]();
    if (!current) return;
    current.sequence[Symbol.dispose]();
    current.tunnel?.[Symbol.dispose]();
    if (current.security === payloadSecurity.tls) this.#parts.secured(undefined);
    this.#ended.push(current.id);
    if (this.#ended.length > limits.ended) this.#ended.shift();
  }

  /**
   * R-E2E.21: a new session in place of the failed one; at once the first time, then by the table (R-E2E.10), a failed handshake always by the table.
   * @param missed messages that go into the next one, each once: one that no session survives is not to keep any from coming to stand
   */
  #fail(reason: string, wait = false, missed: readonly Uint8Array[] = []): void {
    const { log, clock, settings, random } = this.#parts;
    log.warn('a session context failed', { reason, retries: this.#retries });
    this.#end();
    const again = missed.filter((message) => !this.#passedOn.has(message));
    for (const message of again) this.#passedOn.add(message);
    this.#waiting = [...again, ...this.#waiting].slice(0, limits.waiting);
    if (this.#retries++ === 0) this.#failingSinceMs = clock.monotonicMs();
    if (this.#retries === 1 && !wait) {
      this.#start();
      return;
    }
    this.#parts.terminated(reason);
    const { retry, expirationSeconds } = settings();
    const waitMs = retryWaitMs(retry, this.#retries, random);
    // R-E2E.11: what waits goes into the session that the next interaction begins.
    const lastMs = expirationSeconds > 0 ? this.#failingSinceMs + expirationSeconds * 1000 : Number.POSITIVE_INFINITY;
    if (clock.monotonicMs() + waitMs > lastMs) {
      log.warn('no session context is tried for any more until it is next needed', { retries: this.#retries });
      this.#retries = 0;
      return;
    }
    this.#restart = clock.timer(waitMs, () => {
      this.#restart = undefined;
      this.#start();
    });
  }

  #touch(): void {
    const { clock, settings } = this.#parts;
    this.#expiry?.[Symbol.dispose]();
    const { expirationSeconds } = settings();
    this.#expiry = expirationSeconds > 0 ? clock.timer(expirationSeconds * 1000, () => this.#end()) : undefined;
  }

  #take(current: Current, payload: Buffer): void {
    if (current.tunnel) current.tunnel.feed(payload);
    else if (current.security === payloadSecurity.plaintext) {
      this.#retries = 0;
      this.#parts.deliver(payload);
    }
  }

  #give(current: Current, message: Uint8Array): void {
    if (current.tunnel && !current.secure) this.#wait(message);
    else if (current.tunnel) current.tunnel.send(message);
    else current.sequence.send([message], message);
  }

  #sent(current: Current): void {
    if (this.#current !== current) return;
    if (current.sequence.nextOut > limits.lastSequence) this.#end();
    else this.#touch();
  }

  #ownSecurity(): PayloadSecurity {
    const { settings, openTunnel } = this.#parts;
    return settings().payloadSecurity === 'tls' && openTunnel ? payloadSecurity.tls : payloadSecurity.plaintext;
  }
}
