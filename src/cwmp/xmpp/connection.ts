import { type Clock, explain, LinkedAbort, type Log, retryWaitMs, sleep, standardRetry } from '#base';
import type { Element } from '../codec/element.ts';
import type { XmppPorts } from './ports.ts';
import { type ServerChoice, serversOf } from './servers.ts';
import { openXmppSession, statusOf, type XmppAccount, type XmppSession } from './session.ts';
import { attributeOf, escapeXml, iqAnswer, isNamed, namespace, type StanzaError } from './stanza.ts';

/** A row of `Device.XMPP.Connection.{i}.` that is enabled. */
export interface XmppConnectionConfig {
  readonly account: XmppAccount;
  readonly servers: ServerChoice;
  /** -1: ours to choose; 0: none. */
  readonly keepAliveSeconds: number;
  readonly retry: {
    /** 0: ours to choose. */
    readonly attempts: number;
    readonly initialSeconds: number;
    /** Thousandths. */
    readonly multiplier: number;
    readonly maximumSeconds: number;
  };
}

export type XmppStatus =
  | 'Connecting'
  | 'Enabled'
  | 'ServerNotPresent'
  | 'Error_AuthenticationFailure'
  | 'Error_Misconfigured'
  | 'Error';

export interface XmppCounters {
  received: number;
  transmitted: number;
  receivedErrors: number;
  transmittedErrors: number;
}

export interface XmppConnectionParts extends XmppPorts {
  readonly config: XmppConnectionConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  /** An `iq` of type get or set. @returns the error to answer with; `undefined`: it is done */
  readonly asked: (iq: Element, from: string) => StanzaError | undefined;
  /** The state is another one. */
  readonly changed: () => void;
}

/** Within what NATs and firewalls commonly leave to an idle TCP connection. */
const ownKeepAliveSeconds = 240;
/** For the answer to a ping. */
const pingPatienceMs = 30_000;

/** One connection to an XMPP server: made, watched over, and made anew when it is lost. */
export class XmppConnection implements AsyncDisposable {
  readonly counters: XmppCounters = { received: 0, transmitted: 0, receivedErrors: 0, transmittedErrors: 0 };
  readonly #parts: XmppConnectionParts;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #wake: LinkedAbort | undefined;
  #status: XmppStatus = 'Connecting';
  #changedMs: number;
  #session: XmppSession | undefined;
  /** Something has come since the last ping. */
  #heard = false;
  #failures = 0;
  #pings = 0;

  constructor(parts: XmppConnectionParts) {
    this.#parts = parts;
    this.#changedMs = parts.clock.now();
    this.#running = this.#run();
  }

  get status(): XmppStatus {
    return this.#status;
  }
  /** Of the connection that stands; '' without one. */
  get jabberId(): string {
    return this.#session?.jabberId ?? '';
  }
  get secure(): boolean {
    return this.#session?.secure ?? false;
  }
  /** Milliseconds since 1970. */
  get changedMs(): number {
    return this.#changedMs;
  }

  /** The network is another one: a wait is over, a connection is looked after. */
  refresh(): void {
    this.#wake?.abort(new Error('the network has changed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log } = this.#parts;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        await this.#once(signal);
      } catch (error) {
        if (signal.aborted) break;
        const status = statusOf(error);
        if (status !== this.#status) {
          const { domain } = this.#parts.config.account;
          log.warn('no connection to the XMPP server', { domain, reason: explain(error) });
        }
        this.#enter(status);
      }
      this.#failures++;
      await this.#pause(this.#waitMs(), signal);
    }
  }

  /** Every server once, and the first that takes us for as long as it does. @throws XmppError, StreamError, UdpError when none does */
  async #once(signal: AbortSignal): Promise<void> {
    const { config, random } = this.#parts;
    const servers = await serversOf(config.servers, this.#parts, random);
    let failure: unknown;
    for (const server of servers) {
      signal.throwIfAborted();
      using ended = new LinkedAbort(signal);
      try {
        this.#session = await openXmppSession({
          ...this.#parts,
          server,
          account: config.account,
          signal,
          stanza: (stanza) => this.#received(stanza),
          alive: () => {
            this.#heard = true;
          },
          closed: (error) => ended.abort(error),
        });
      } catch (error) {
        signal.throwIfAborted();
        failure ??= error;
        continue;
      }
      await this.#hold(this.#session, ended.signal, signal);
      return;
    }
    throw failure;
  }

  /** Until it is lost. @throws the signal's reason */
  async #hold(session: XmppSession, ended: AbortSignal, signal: AbortSignal): Promise<void> {
    const { log } = this.#parts;
    this.#failures = 0;
    log.info('connected to the XMPP server', { as: session.jabberId, tls: session.secure });
    this.#enter('Enabled');
    try {
      await this.#keepAlive(ended);
    } catch (error) {
      signal.throwIfAborted();
      log.warn('the connection to the XMPP server is lost', { reason: explain(error) });
    } finally {
      session[Symbol.dispose]();
      this.#session = undefined;
      if (!signal.aborted) this.#enter('Connecting');
    }
  }

  /** Looks after a connection on which nothing comes (RFC 6120 4.6.4, XEP-0199). @throws when it is dead */
  async #keepAlive(signal: AbortSignal): Promise<never> {
    const { clock, config } = this.#parts;
    const seconds = config.keepAliveSeconds < 0 ? ownKeepAliveSeconds : config.keepAliveSeconds;
    for (;;) {
      await this.#pause(seconds === 0 ? undefined : seconds * 1000, signal);
      signal.throwIfAborted();
      this.#heard = false;
      const to = escapeXml(config.account.domain);
      this.#send(`<iq type="get" id="ping${++this.#pings}" to="${to}"><ping xmlns="${namespace.ping}"/></iq>`);
      await sleep(clock, pingPatienceMs, signal);
      if (!this.#heard) throw new Error('the server does not answer any more');
    }
  }

  #received(stanza: Element): void {
    if (stanza.uri !== namespace.client) return;
    const type = attributeOf(stanza, 'type');
    this.counters.received++;
    if (type === 'error') this.counters.receivedErrors++;
    // Without an identifier it is no iq (RFC 6120 8.1.3).
    if (stanza.local !== 'iq' || (type !== 'get' && type !== 'set') || attributeOf(stanza, 'id') === undefined) return;
    const pinged = type === 'get' && stanza.children.some((child) => isNamed(child, namespace.ping, 'ping'));
    const error = pinged ? undefined : this.#parts.asked(stanza, attributeOf(stanza, 'from') ?? '');
    if (error !== undefined) this.counters.transmittedErrors++;
    this.#send(iqAnswer(stanza, error));
  }

  #send(stanza: string): void {
    this.counters.transmitted++;
    this.#session?.send(stanza);
  }

  #enter(status: XmppStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#changedMs = this.#parts.clock.now();
    this.#parts.changed();
  }

  /** TR-181 ServerRetryInitialInterval and its neighbours: at random up to a bound that grows. All servers have their turn in each try. */
  #waitMs(): number {
    const { attempts, initialSeconds, multiplier, maximumSeconds } = this.#parts.config.retry;
    if (attempts === 0) return retryWaitMs(standardRetry, this.#failures, this.#parts.random);
    const turn = Math.min(this.#failures, attempts);
    const bound = Math.min(initialSeconds * (multiplier / 1000) ** (turn - 1), maximumSeconds);
    return Math.round(this.#parts.random() * bound * 1000);
  }

  /** @param ms `undefined`: for ever. Ended by `refresh` too. */
  async #pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
    using wake = new LinkedAbort(signal);
    this.#wake = wake;
    const { signal: either } = wake;
    if (either.aborted) return;
    if (ms === undefined) await new Promise((resolve) => either.addEventListener('abort', resolve, { once: true }));
    else await sleep(this.#parts.clock, ms, either).catch(() => {});
  }
}
