import { type Clock, errorCode, type Secret } from '#base';
import type { StreamError, StreamLink } from '#platform';
import type { Element } from '../codec/element.ts';
import { XmppError } from './errors.ts';
import type { XmppPorts } from './ports.ts';
import { startSasl } from './sasl.ts';
import { attributeOf, childOf, escapeXml, isNamed, namespace } from './stanza.ts';
import { streamNamespace, XmlStream } from './xml-stream.ts';

export interface XmppAccount {
  readonly username: string;
  readonly password: Secret;
  readonly domain: string;
  /** '': the server makes one up. */
  readonly resource: string;
  /** TLS is asked for even if the server can do without. */
  readonly useTls: boolean;
}

export interface XmppSessionParts extends XmppPorts {
  readonly server: { readonly host: string; readonly port: number };
  readonly account: XmppAccount;
  readonly clock: Clock;
  readonly randomHex: (bytes: number) => string;
  /** Ends the attempt, and nothing after it. */
  readonly signal: AbortSignal;
  /** A whole stanza of an established session. */
  readonly stanza: (stanza: Element) => void;
  /** Something has come, whatever it is. */
  readonly alive: () => void;
  /** The session is over; not when it was disposed of, and not before it was established. */
  readonly closed: (error: Error) => void;
}

export interface XmppSession extends Disposable {
  /** As the server knows us. */
  readonly jabberId: string;
  readonly secure: boolean;
  send(stanza: string): void;
}

/** For each answer of the server while the session is made. */
const patienceMs = 30_000;
/** Stanzas that may come before we have asked for the next one. */
const queueLimit = 16;

type Incoming = { readonly kind: 'opened' } | { readonly kind: 'stanza'; readonly stanza: Element };

/**
 * Connects, secures the stream (STARTTLS), authenticates (SASL) and binds a resource: RFC 6120 sections 4 to 7.
 * @throws XmppError, StreamError
 */
export async function openXmppSession(parts: XmppSessionParts): Promise<XmppSession> {
  const negotiation = new Negotiation(parts);
  try {
    await negotiation.connect();
    const jabberId = await negotiation.establish();
    return negotiation.established(jabberId);
  } catch (error) {
    negotiation.abandon();
    throw error;
  }
}

class Negotiation {
  readonly #parts: XmppSessionParts;
  #link: StreamLink | undefined;
  #reader: XmlStream;
  readonly #queue: Incoming[] = [];
  #waiting: { readonly resolve: (incoming: Incoming) => void; readonly reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  #established = false;
  #over = false;

  constructor(parts: XmppSessionParts) {
    this.#parts = parts;
    this.#reader = this.#newReader();
  }

  async connect(): Promise<void> {
    const { server, signal } = this.#parts;
    this.#link = await this.#parts.openStream(
      { ...server, signal },
      {
        data: (piece) => {
          this.#parts.alive();
          try {
            this.#reader.write(piece);
          } catch (error) {
            this.#fail(error as Error);
          }
        },
        closed: (error: StreamError | undefined) =>
          this.#fail(error ?? new XmppError('XMPP_STREAM', 'the server has closed the connection')),
      },
    );
  }

  /** @returns our JabberID */
  async establish(): Promise<string> {
    const { account, allowPlain, randomHex } = this.#parts;
    let features = await this.#open();
    const tls = childOf(features, namespace.tls, 'starttls');
    if (tls) {
      this.#send(`<starttls xmlns="${namespace.tls}"/>`);
      const answer = await this.#stanza();
      if (!isNamed(answer, namespace.tls, 'proceed')) throw new XmppError('XMPP_TLS', 'the server refuses TLS');
      await this.#link!.startTls(account.domain);
      features = await this.#open();
    } else if (account.useTls || !allowPlain) throw new XmppError('XMPP_TLS', 'the server offers no TLS');
    await this.#authenticate(features, randomHex(16));
    features = await this.#open();
    return this.#bind(features);
  }

  established(jabberId: string): XmppSession {
    if (this.#failure) throw this.#failure;
    this.#established = true;
    for (const incoming of this.#queue.splice(0)) if (incoming.kind === 'stanza') this.#parts.stanza(incoming.stanza);
    return {
      jabberId,
      secure: this.#link!.secure,
      send: (stanza) => this.#send(stanza),
      [Symbol.dispose]: () => {
        if (!this.#over) this.#send('</stream:stream>');
        this.abandon();
      },
    };
  }

  abandon(): void {
    this.#over = true;
    this.#link?.[Symbol.dispose]();
  }

  async #authenticate(features: Element, nonce: string): Promise<void> {
    const offered = (childOf(features, namespace.sasl, 'mechanisms')?.children ?? []).map(({ text }) => text.trim());
    const sasl = startSasl(offered, this.#parts.account, this.#link!.secure, nonce);
    const encode = (text: string): string => (text === '' ? '=' : Buffer.from(text).toString('base64'));
    const decode = (text: string): string => (text === '=' ? '' : Buffer.from(text, 'base64').toString('utf8'));
    this.#send(`<auth xmlns="${namespace.sasl}" mechanism="${sasl.mechanism}">${encode(sasl.first)}</auth>`);
    for (;;) {
      const answer = await this.#stanza();
      if (answer.uri !== namespace.sasl) throw new XmppError('XMPP_AUTH', 'the server does not answer');
      if (answer.local === 'success') {
        sasl.success(decode(answer.text.trim()));
        // Without a break: what the server sends next is of the next stream.
        this.#reader.stop();
        this.#reader = this.#newReader();
        return;
      }
      if (answer.local !== 'challenge') {
        const condition = answer.children.find(({ local }) => local !== 'text')?.local ?? answer.local;
        throw new XmppError('XMPP_AUTH', `the server refuses: ${condition.slice(0, 64)}`);
      }
      const response = await sasl.challenge(decode(answer.text.trim()));
      this.#send(`<response xmlns="${namespace.sasl}">${response === '' ? '' : encode(response)}</response>`);
    }
  }

  async #bind(features: Element): Promise<string> {
    if (!childOf(features, namespace.bind, 'bind')) throw new XmppError('XMPP_BIND', 'the server binds no resource');
    const { resource } = this.#parts.account;
    const wanted = resource === '' ? '' : `<resource>${escapeXml(resource)}</resource>`;
    const answer = await this.#ask('bind', `<bind xmlns="${namespace.bind}">${wanted}</bind>`);
    const bound = childOf(answer, namespace.bind, 'bind');
    const jid = (bound && childOf(bound, namespace.bind, 'jid'))?.text.trim() ?? '';
    if (jid === '' || jid.length > 3071) throw new XmppError('XMPP_BIND', 'the server gives no JabberID');
    const session = childOf(features, namespace.session, 'session');
    // RFC 3921 3: servers of before RFC 6120 want it.
    if (session && !session.children.some(({ local }) => local === 'optional')) {
      await this.#ask('session', `<session xmlns="${namespace.session}"/>`);
    }
    return jid;
  }

  /** @throws XmppError XMPP_BIND when it is refused */
  async #ask(id: string, content: string): Promise<Element> {
    this.#send(`<iq type="set" id="${id}">${content}</iq>`);
    for (;;) {
      const answer = await this.#stanza();
      if (!isNamed(answer, namespace.client, 'iq') || attributeOf(answer, 'id') !== id) continue;
      if (attributeOf(answer, 'type') === 'result') return answer;
      throw new XmppError('XMPP_BIND', 'the server refuses the resource');
    }
  }

  /** Opens a stream. @returns the server's features */
  async #open(): Promise<Element> {
    const { domain } = this.#parts.account;
    this.#send(
      `<?xml version="1.0"?><stream:stream xmlns="${namespace.client}" xmlns:stream="${streamNamespace}" to="${escapeXml(domain)}" version="1.0">`,
    );
    const opened = await this.#next();
    if (opened.kind !== 'opened') throw new XmppError('XMPP_XML', 'the server opens no stream');
    const features = await this.#stanza();
    if (!isNamed(features, streamNamespace, 'features'))
      throw new XmppError('XMPP_XML', 'the server names no features');
    return features;
  }

  async #stanza(): Promise<Element> {
    const incoming = await this.#next();
    if (incoming.kind !== 'stanza') throw new XmppError('XMPP_XML', 'the server opens a stream in a stream');
    return incoming.stanza;
  }

  #next(): Promise<Incoming> {
    const { clock, signal } = this.#parts;
    const incoming = this.#queue.shift();
    if (incoming) return Promise.resolve(incoming);
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', stop);
        this.#waiting = undefined;
      };
      const fail = (error: Error): void => {
        end();
        reject(error);
      };
      const stop = (): void => fail(signal.reason);
      const timer = clock.timer(patienceMs, () => fail(new XmppError('XMPP_SILENT', 'the server does not answer')));
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting = {
        resolve: (given) => {
          end();
          resolve(given);
        },
        reject: fail,
      };
      if (signal.aborted) stop();
    });
  }

  #newReader(): XmlStream {
    const reader: XmlStream = new XmlStream({
      opened: () => this.#take({ kind: 'opened' }),
      stanza: (stanza) => {
        if (isNamed(stanza, streamNamespace, 'error')) {
          const condition = stanza.children[0]?.local ?? 'unknown';
          this.#fail(new XmppError('XMPP_STREAM', `the server ends the stream: ${condition.slice(0, 64)}`));
          return;
        }
        if (isNamed(stanza, namespace.tls, 'proceed')) {
          // What stands behind it in the clear is not of the encrypted stream, whoever put it there.
          reader.stop();
          this.#reader = this.#newReader();
        }
        this.#take({ kind: 'stanza', stanza });
      },
      closed: () => this.#fail(new XmppError('XMPP_STREAM', 'the server has ended the stream')),
    });
    return reader;
  }

  #take(incoming: Incoming): void {
    if (this.#over) return;
    if (this.#established) {
      if (incoming.kind === 'stanza') this.#parts.stanza(incoming.stanza);
      return;
    }
    if (this.#waiting) this.#waiting.resolve(incoming);
    else if (this.#queue.push(incoming) > queueLimit)
      this.#fail(new XmppError('XMPP_XML', 'the server sends too much'));
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#failure ??= error;
    if (this.#established) {
      this.abandon();
      this.#parts.closed(error);
    } else this.#waiting?.reject(error);
  }

  #send(text: string): void {
    this.#link?.write(text);
  }
}

/** What to say of a failure in `Device.XMPP.Connection.{i}.Status`. */
export function statusOf(
  error: unknown,
): 'Error_AuthenticationFailure' | 'Error_Misconfigured' | 'ServerNotPresent' | 'Error' {
  switch (errorCode(error)) {
    case 'XMPP_AUTH':
      return 'Error_AuthenticationFailure';
    case 'XMPP_TLS':
    case 'XMPP_MECHANISM':
    case 'XMPP_BIND':
    case 'STREAM_TLS':
      return 'Error_Misconfigured';
    case 'XMPP_NO_SERVER':
    case 'STREAM_CONNECT':
    case 'STREAM_TIMEOUT':
    case 'UDP_RESOLVE':
      return 'ServerNotPresent';
    default:
      return 'Error';
  }
}
