import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Emitter, explain } from '#base';
import type { Uplink } from '../uplink.ts';
import { type AcsAuthentication, type AcsCredentials, Gatekeeper } from './authentication.ts';
import { CallQueue } from './call-queue.ts';
import { sendConnectionRequest } from './connection-request.ts';
import {
  type AcsCpeRequest,
  aboutCpeRequest,
  answerCpeRequest,
  checkAnnounced,
  fault,
  readCpeRequest,
} from './cpe-request.ts';
import { type AcsEnvelope, readBody, readEnvelope, writeEnvelope } from './envelope.ts';
import { AcsError, AcsViolation } from './errors.ts';
import type { AcsEvent } from './events.ts';
import { FileShelf } from './file-shelf.ts';
import { type AcsInform, readInform } from './inform.ts';
import { type AcsDevice, InformLog } from './inform-log.ts';
import { type AcsQuirk, send } from './quirks.ts';
import { type AcsAnswer, type AcsRpc, aboutAnswer, aboutCall } from './rpc.ts';
import { Session } from './session.ts';

export interface AcsOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** Default `/acs`. */
  readonly path?: string;
  /** With `clientCa` a client certificate of that authority is required. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  readonly authentication?: AcsAuthentication;
  /** Of the files beside it; default: anybody is served. */
  readonly fileAuthentication?: AcsAuthentication;
  /** For connection requests that are not given others. */
  readonly connectionRequest?: AcsCredentials;
  /** Habits of servers in the field. */
  readonly quirks?: readonly AcsQuirk[];
  readonly uplink?: Uplink | undefined;
}

/**
 * A strict TR-069 ACS for people and tests: every deviation of a CPE is refused with 400, ends its session and is remembered in `violations`.
 * Calls wait in a queue for the device's next session.
 */
export class Acs implements AsyncDisposable {
  readonly events = new Emitter<AcsEvent>(() => {});
  readonly violations: string[] = [];
  readonly files: FileShelf;
  /** TransferComplete and what else the CPE has said by itself, oldest first. */
  readonly requests: AcsCpeRequest[] = [];
  readonly #options: AcsOptions;
  readonly #path: string;
  /** By cookie; one for each device at most. */
  readonly #sessions = new Map<string, Session>();
  readonly #calls = new CallQueue();
  readonly #log = new InformLog();
  readonly #closing = new AbortController();
  readonly #gatekeeper: Gatekeeper | undefined;
  #server: Server | undefined;
  #ids = 0;
  readonly #quirks: ReadonlySet<AcsQuirk>;
  /** Habits that show once. */
  readonly #shown = new Set<AcsQuirk>();

  constructor(options: AcsOptions) {
    this.#options = options;
    this.#path = options.path ?? '/acs';
    this.files = new FileShelf(options.fileAuthentication);
    this.#quirks = new Set(options.quirks);
    this.#gatekeeper = options.authentication && new Gatekeeper(options.authentication);
  }

  async start(): Promise<void> {
    const { tls, host = '127.0.0.1', port = 0 } = this.#options;
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(request, response);
    };
    this.#server = tls
      ? createSecureServer(
          {
            cert: tls.cert,
            key: tls.key,
            ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true }),
          },
          serve,
        )
      : createServer(serve);
    this.#options.uplink?.carry(this.#server);
    this.#server.on('tlsClientError', (error) => this.#refuse(`TLS: ${explain(error)}`));
    await new Promise<void>((resolve, reject) => {
      this.#server!.once('error', reject);
      this.#server!.listen(port, host, resolve);
    });
  }

  get url(): string {
    const { port } = this.#server!.address() as AddressInfo;
    return `${this.#options.tls ? 'https' : 'http'}://${this.#options.host ?? '127.0.0.1'}:${port}${this.#path}`;
  }

  /** Where a file of the shelf is to be had. */
  fileUrl(name: string): string {
    return new URL(`/files/${encodeURIComponent(name)}`, this.url).href;
  }

  /** All, oldest first. */
  get informs(): readonly AcsInform[] {
    return this.#log.all;
  }

  /** The device that informed last; `OUI-ProductClass-SerialNumber`. */
  get device(): string | undefined {
    return this.informs.at(-1)?.device;
  }

  devices(): readonly AcsDevice[] {
    return this.#log.devices();
  }

  /**
   * Served in the session that is running, or in the next one.
   * @throws AcsError ACS_TEXT, ACS_SESSION_LOST when it was sent and the session ended before its answer, ACS_CLOSED
   */
  call(device: string, rpc: AcsRpc): Promise<AcsAnswer> {
    return this.#calls.add(device, rpc);
  }

  /**
   * The first Inform, of those to come or already here from `from` on, that fits.
   * @throws the signal's reason, or AcsError ACS_CLOSED
   */
  inform(fits: (inform: AcsInform) => boolean, from = 0, signal?: AbortSignal): Promise<AcsInform> {
    const closing = this.#closing.signal;
    return this.#log.find(fits, from, signal ? AbortSignal.any([closing, signal]) : closing);
  }

  /**
   * Asks the device for a session, at the URL that it has told.
   * @returns the HTTP status of the device's final answer
   * @throws AcsError ACS_UNKNOWN_DEVICE, ACS_CONNECTION_REQUEST
   */
  async connectionRequest(device: string, credentials = this.#options.connectionRequest): Promise<number> {
    const url = this.devices().find(({ id }) => id === device)?.connectionRequestUrl;
    if (url === undefined || !URL.canParse(url)) {
      throw new AcsError('ACS_UNKNOWN_DEVICE', `${device} has told no ConnectionRequestURL`);
    }
    const status = await sendConnectionRequest(new URL(url), credentials);
    this.events.emit({ kind: 'connection-request', device, status });
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new AcsError('ACS_CLOSED', 'the ACS is closed'));
    for (const session of this.#sessions.values()) session.lose('the ACS is closed');
    this.#sessions.clear();
    this.#calls.close();
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cookie = /(?:^|; ?)session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? '';
    try {
      if (await this.files.serve(request, response)) return;
      const body = await readBody(request);
      const { method = '', url = '', headers, socket } = request;
      const verdict = this.#gatekeeper?.judge(socket, headers.authorization, method, url);
      if (verdict && !verdict.accepted) {
        if (verdict.reason !== undefined) this.#refuse(verdict.reason);
        response.writeHead(401, { 'www-authenticate': verdict.challenge }).end();
        return;
      }
      if (this.#turnAway(url, headers, response)) return;
      if (method !== 'POST' || url.replace(/\?moved$/, '') !== this.#path)
        throw new AcsViolation(`${method} ${url} instead of POST ${this.#path}`);
      const envelope = body === '' ? undefined : readMessage(request, body, this.#quirks.has('no-id'));
      const session = this.#sessions.get(cookie);
      if (session) this.#continue(session, cookie, envelope, response);
      else if (envelope) this.#begin(envelope, request, response);
      else throw new AcsViolation('an empty POST outside of a session (is the cookie missing?)');
    } catch (error) {
      const reason = explain(error);
      this.#refuse(reason);
      const atFault = error instanceof AcsViolation;
      if (atFault) this.violations.push(reason);
      this.#lose(cookie, reason);
      response.writeHead(atFault ? 400 : 500).end();
    }
  }

  #begin({ id, namespace, message }: AcsEnvelope, request: IncomingMessage, response: ServerResponse): void {
    if (message.local !== 'Inform') throw new AcsViolation(`a session begins with Inform, not with ${message.local}`);
    const mutual = this.#options.tls?.clientCa !== undefined;
    const certificate = mutual
      ? String((request.socket as TLSSocket).getPeerCertificate().subject.CN ?? '')
      : undefined;
    const inform = readInform(message, certificate);
    const { device, retryCount, parameters } = inform;
    const open = [...this.#sessions.values()].some((session) => session.device === device);
    if (open && this.#quirks.has('already-in-session')) {
      this.#refuse('CPE already in session');
      send(response, 400, 'CPE already in session', this.#quirks);
      return;
    }
    if (this.#once('retry-request')) {
      writeEnvelope(response, namespace, id, fault(8005), this.#quirks);
      return;
    }
    for (const [old, session] of this.#sessions) if (session.device === device) this.#lose(old, 'a new one began');
    const cookie = randomBytes(12).toString('hex');
    this.#sessions.set(cookie, new Session(device, namespace));
    this.events.emit({ kind: 'session-begin', device, certificate });
    this.events.emit({ kind: 'inform', device, events: inform.events.map(({ code }) => code), retryCount, parameters });
    this.#log.add(inform);
    response.setHeader('set-cookie', `session=${cookie}${this.#quirks.has('cookie-without-path') ? '' : '; Path=/'}`);
    writeEnvelope(
      response,
      namespace,
      id,
      '<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>',
      this.#quirks,
    );
  }

  #continue(session: Session, cookie: string, envelope: AcsEnvelope | undefined, response: ServerResponse): void {
    const { device, namespace } = session;
    const received = session.receive(envelope);
    if (received.kind === 'request') {
      const method = received.message.local;
      const asked = readCpeRequest(device, received.message);
      checkAnnounced(asked, this.informs.findLast((inform) => inform.device === device)!.events);
      this.requests.push(asked);
      this.events.emit({ kind: 'request', device, method, about: aboutCpeRequest(received.message) });
      writeEnvelope(response, namespace, received.id, answerCpeRequest(method), this.#quirks);
      return;
    }
    if (received.kind === 'answer') {
      const { call, answer } = received;
      const { rpc } = call.rpc;
      if (answer.fault) this.events.emit({ kind: 'fault', device, rpc, fault: answer.fault });
      else this.events.emit({ kind: 'answer', device, rpc, about: aboutAnswer(answer) });
      call.answered(answer);
    }
    const call = this.#calls.take(device);
    if (!call) {
      this.#sessions.delete(cookie);
      this.events.emit({ kind: 'session-end', device, calls: session.calls, lost: undefined });
      send(response, this.#quirks.has('empty-200') ? 200 : 204, '', this.#quirks);
      return;
    }
    const id = `lab${++this.#ids}`;
    session.send(this.#quirks.has('no-id') ? '' : id, call);
    const { rpc } = call.rpc;
    this.events.emit({ kind: 'call', device, rpc, about: aboutCall(call.rpc) });
    writeEnvelope(response, namespace, id, `<cwmp:${rpc}>${call.text}</cwmp:${rpc}>`, this.#quirks);
  }

  /** Whether a habit is to be shown now, which it is once. */
  #once(quirk: AcsQuirk): boolean {
    if (!this.#quirks.has(quirk) || this.#shown.has(quirk)) return false;
    this.#shown.add(quirk);
    return true;
  }

  /** @returns true: the request was answered before anybody looked at what it says */
  #turnAway(url: string, headers: IncomingMessage['headers'], response: ServerResponse): boolean {
    if (this.#once('busy')) {
      response.writeHead(503, { 'retry-after': '60' }).end();
      return true;
    }
    if (this.#quirks.has('redirects') && !url.endsWith('?moved')) {
      response.writeHead(307, { location: `${this.#path}?moved` }).end();
      return true;
    }
    if (this.#quirks.has('no-compression') && headers['content-encoding'] !== undefined) {
      response.writeHead(415).end();
      return true;
    }
    return false;
  }

  #lose(cookie: string, reason: string): void {
    const session = this.#sessions.get(cookie);
    if (!session) return;
    this.#sessions.delete(cookie);
    session.lose(reason);
    this.events.emit({ kind: 'session-end', device: session.device, calls: session.calls, lost: reason });
  }

  #refuse(reason: string): void {
    this.events.emit({ kind: 'refused', reason });
  }
}

/** @throws AcsViolation */
function readMessage({ headers }: IncomingMessage, body: string, withoutId: boolean): AcsEnvelope {
  if (headers.soapaction === undefined) throw new AcsViolation('there is no SOAPAction header');
  if (!/^text\/xml\b/i.test(headers['content-type'] ?? '')) throw new AcsViolation('the content type is not text/xml');
  return readEnvelope(body, withoutId);
}

export async function startAcs(options: AcsOptions = {}): Promise<Acs> {
  const acs = new Acs(options);
  await acs.start();
  return acs;
}
