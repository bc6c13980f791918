import { explain, formatDateTime, TokenBucket, unknownTime } from '#base';
import type { DeclaredParameter, DeclaredRow } from '#model';
import type { XmppConnectionConfig, XmppCounters } from '../xmpp/connection.ts';
import { XmppConnection } from '../xmpp/connection.ts';
import { connectionRequestOf, judgeXmppRequest } from '../xmpp/connection-request.ts';
import type { ReachConfig } from './config.ts';
import type { ReachParts } from './reach.ts';

const table = 'Device.XMPP.Connection.{i}.';
const jabberIdPath = 'Device.ManagementServer.ConnReqJabberID';
/** More rows than that are kept, but not connected: each is a connection that stands all day. */
const connectionLimit = 4;
/** Passwords that may be tried, by whoever the server lets through. */
const guessBurst = 20;
const guessesPerSecond = 0.2;

/** `Device.XMPP.Connection.{i}.` and the connection requests that come over one of them (TR-069 Annex K). */
export class XmppReach implements AsyncDisposable {
  readonly #parts: ReachParts;
  readonly #declared: readonly Disposable[];
  readonly #connections = new Map<string, { readonly key: string; readonly link: XmppConnection }>();
  readonly #guesses: TokenBucket;
  #config: ReachConfig | undefined;
  #jabberId: string;

  constructor(parts: ReachParts) {
    this.#parts = parts;
    this.#guesses = new TokenBucket(parts.clock, guessBurst, guessesPerSecond);
    this.#jabberId = parts.state.get().jabberId ?? '';
    const of = (value: (link: XmppConnection | undefined) => string): DeclaredParameter => ({
      get: (row: DeclaredRow) => value(this.#connections.get(row.path)?.link),
    });
    const count = (name: keyof XmppCounters): DeclaredParameter => ({
      get: ({ path }) => String(this.#connections.get(path.replace(/Stats\.$/, ''))?.link.counters[name] ?? 0),
    });
    this.#declared = [
      parts.model.declare({
        path: 'Device.ManagementServer.',
        parameters: { ConnReqJabberID: { get: () => this.#jabberId } },
      }),
      parts.model.declare({
        path: table,
        parameters: {
          JabberID: of((link) => link?.jabberId ?? ''),
          Status: of((link) => link?.status ?? 'Disabled'),
          LastChangeDate: of((link) => (link ? formatDateTime(link.changedMs) : unknownTime)),
          TLSEstablished: of((link) => String(link?.secure ?? false)),
        },
      }),
      parts.model.declare({
        path: `${table}Stats.`,
        parameters: {
          ReceivedMessages: count('received'),
          TransmittedMessages: count('transmitted'),
          ReceivedErrorMessages: count('receivedErrors'),
          TransmittedErrorMessages: count('transmittedErrors'),
        },
      }),
    ];
  }

  status(): Readonly<Record<string, string>> {
    const link = this.#connections.get(this.#config?.xmpp.heard ?? '')?.link;
    return link ? { xmpp: link.jabberId === '' ? link.status : `${link.jabberId} (${link.status})` } : {};
  }

  networkChanged(): void {
    for (const { link } of this.#connections.values()) link.refresh();
  }

  async configure(config: ReachConfig): Promise<void> {
    const idle = this.#connections.size === 0 && config.xmpp.connections.size === 0;
    this.#config = config;
    if (idle && this.#jabberId === '') return;
    const wanted = new Map([...config.xmpp.connections].slice(0, connectionLimit));
    for (const [path, { key, link }] of this.#connections) {
      const connection = wanted.get(path);
      if (connection && keyOf(connection) === key) continue;
      this.#connections.delete(path);
      await link[Symbol.asyncDispose]();
    }
    for (const [path, connection] of wanted) {
      if (this.#connections.has(path)) continue;
      this.#connections.set(path, { key: keyOf(connection), link: await this.#open(path, connection) });
    }
    this.#tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.values()].map(({ link }) => link[Symbol.asyncDispose]()));
    for (const declared of this.#declared) declared[Symbol.dispose]();
  }

  async #open(path: string, config: XmppConnectionConfig): Promise<XmppConnection> {
    const { clock, log, random, randomHex, ports, accepted } = this.#parts;
    return new XmppConnection({
      ...ports,
      config,
      clock,
      log,
      random,
      randomHex,
      changed: () => this.#tell(),
      asked: (iq, from) => {
        const request = this.#config?.xmpp.heard === path ? connectionRequestOf(iq) : undefined;
        if (!request) return 'service-unavailable';
        const error = judgeXmppRequest(from, request, {
          credentials: () => this.#config!.connectionRequest,
          allowed: () => this.#config!.xmpp.allowed,
          mayGuess: () => this.#guesses.take(),
          accepted,
        });
        if (error === undefined) log.info('connection request over XMPP', { from });
        else log.warn('a connection request over XMPP is refused', { from, with: error });
        return error;
      },
    });
  }

  /** TR-181 ConnReqJabberID: stays when the connection is lost, goes when it is not wanted any more. */
  #tell(): void {
    const { state, log, changed } = this.#parts;
    const heard = this.#config?.xmpp.heard ?? '';
    const current = this.#connections.get(heard)?.link.jabberId ?? '';
    const jabberId = heard === '' ? '' : current || this.#jabberId;
    const another = jabberId !== this.#jabberId;
    if (another) {
      this.#jabberId = jabberId;
      state.change({ jabberId }).catch((error) => log.warn('the state can not be saved', { reason: explain(error) }));
    }
    changed(another ? [jabberIdPath] : []);
  }
}

/** Secrets do not become text by themselves. */
const keyOf = (config: XmppConnectionConfig): string => JSON.stringify([config, config.account.password.reveal()]);
