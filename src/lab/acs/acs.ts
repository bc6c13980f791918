import { randomBytes } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Emitter, explain } from '#base';
import { type AcsAuthentication, answerDigest, Gatekeeper } from './authentication.ts';
import { readBody, readEnvelope, writeEnvelope } from './envelope.ts';
import type { AcsEvent } from './events.ts';
import { type AcsAnswer, type AcsRpc, readAnswer, readFault, writeArguments } from './rpc.ts';
import { find, textOf } from './xml.ts';

export interface AcsOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: any free one. */
  readonly port?: number;
  /** With `clientCa` a client certificate of that authority is required. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  readonly authentication?: AcsAuthentication;
}

export interface AcsInform {
  readonly device: string;
  readonly events: readonly { readonly code: string; readonly commandKey: string }[];
  readonly retryCount: number;
  readonly parameters: ReadonlyMap<string, string>;
  /** Common name of the client certificate, under mutual TLS. */
  readonly certificate: string | undefined;
}

interface Session {
  readonly device: string;
  readonly namespace: string;
  calls: number;
  /** What was called and has not been answered. */
  open: { readonly id: string; readonly call: Queued } | undefined;
}

interface Queued {
  readonly rpc: AcsRpc;
  readonly answered: (answer: AcsAnswer) => void;
}

/**
 * A strict TR-069 ACS for people and tests: every deviation of a CPE is refused with 400 and remembered in `violations`. Calls wait in a
 * queue for the device's next session.
 */
export class Acs implements AsyncDisposable {
  readonly events = new Emitter<AcsEvent>(() => {});
  readonly informs: AcsInform[] = [];
  readonly violations: string[] = [];
  readonly #options: AcsOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #queues = new Map<string, Queued[]>();
  readonly #waiting = new Set<() => void>();
  readonly #gatekeeper: Gatekeeper | undefined;
  #server: ReturnType<typeof createServer> | undefined;
  #ids = 0;

  constructor(options: AcsOptions) {
    this.#options = options;
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
    this.#server.on('tlsClientError', (error) => this.#refuse(`TLS: ${explain(error)}`));
    await new Promise<void>((resolve, reject) => {
      this.#server!.once('error', reject);
      this.#server!.listen(port, host, resolve);
    });
  }

  get url(): string {
    const { port } = this.#server!.address() as AddressInfo;
    return `${this.#options.tls ? 'https' : 'http'}://${this.#options.host ?? '127.0.0.1'}:${port}/acs`;
  }

  /** The device that informed last; `OUI-ProductClass-SerialNumber`. */
  get device(): string | undefined {
    return this.informs.at(-1)?.device;
  }

  /** Served in the session that is running, or in the next one. */
  call(device: string, rpc: AcsRpc): Promise<AcsAnswer> {
    return new Promise((answered) => {
      const queue = this.#queues.get(device) ?? [];
      queue.push({ rpc, answered });
      this.#queues.set(device, queue);
    });
  }

  /** The first Inform, of those to come or already here from `from` on, that fits. */
  async inform(fits: (inform: AcsInform) => boolean, from = 0): Promise<AcsInform> {
    for (;;) {
      const found = this.informs.slice(from).find(fits);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /**
   * Asks the device for a session (TR-069 3.2.2).
   * @returns the HTTP status of the device's final answer
   */
  async connectionRequest(
    device: string,
    credentials: { readonly username: string; readonly password: string },
  ): Promise<number> {
    const known = this.informs.findLast((inform) => inform.device === device);
    const url = new URL(known?.parameters.get('Device.ManagementServer.ConnectionRequestURL') ?? '');
    const target = url.pathname + url.search;
    const ask = (headers: Record<string, string>): Promise<IncomingMessage> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(url, { headers, agent: false }, (response) => resolve(response.resume()));
        request.once('error', reject);
        request.end();
      });
    let response = await ask({});
    const offered = response.headers['www-authenticate'];
    if (response.statusCode === 401 && offered !== undefined) {
      response = await ask({ authorization: answerDigest(offered, target, credentials) });
    }
    const status = response.statusCode ?? 0;
    this.events.emit({ kind: 'connection-request', device, status });
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await readBody(request);
      const { clientCa } = this.#options.tls ?? {};
      const socket = request.socket as TLSSocket;
      if (clientCa !== undefined && !socket.authorized) {
        this.#refuse('no client certificate that is trusted here');
        response.writeHead(403).end();
        return;
      }
      if (this.#gatekeeper && !this.#gatekeeper.accepts(request.headers.authorization, 'POST', request.url ?? '')) {
        if (request.headers.authorization !== undefined) this.#refuse('wrong credentials');
        response.writeHead(401, { 'www-authenticate': this.#gatekeeper.challenge() }).end();
        return;
      }
      if (request.method !== 'POST') throw new Error(`${request.method} instead of POST`);
      const cookie = /(?:^|; ?)session=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
      const session = cookie === undefined ? undefined : this.#sessions.get(cookie);
      if (body !== '') {
        if (request.headers.soapaction === undefined) throw new Error('there is no SOAPAction header');
        if (!/^text\/xml\b/.test(request.headers['content-type'] ?? ''))
          throw new Error('the content type is not text/xml');
      }
      if (session && cookie !== undefined) {
        this.#continue(session, cookie, body, response);
        return;
      }
      if (body === '') throw new Error('an empty POST outside of a session (is the cookie missing?)');
      const certificate = clientCa === undefined ? undefined : String(socket.getPeerCertificate().subject.CN);
      this.#begin(body, certificate, response);
    } catch (error) {
      const reason = explain(error);
      this.violations.push(reason);
      this.#refuse(reason);
      response.writeHead(400).end();
    }
  }

  #begin(body: string, certificate: string | undefined, response: ServerResponse): void {
    const { id, namespace, message } = readEnvelope(body);
    if (message.local !== 'Inform') throw new Error(`a session begins with Inform, not with ${message.local}`);
    const deviceId = find(message, 'DeviceId');
    const device = ['OUI', 'ProductClass', 'SerialNumber'].map((name) => textOf(deviceId, name)).join('-');
    const inform: AcsInform = {
      device,
      events: find(message, 'Event')!.children.map((event) => ({
        code: textOf(event, 'EventCode'),
        commandKey: textOf(event, 'CommandKey'),
      })),
      retryCount: Number(textOf(message, 'RetryCount')),
      parameters: new Map(
        find(message, 'ParameterList')!.children.map((entry) => [textOf(entry, 'Name'), textOf(entry, 'Value')]),
      ),
      certificate,
    };
    const cookie = randomBytes(12).toString('hex');
    this.#sessions.set(cookie, { device, namespace, calls: 0, open: undefined });
    this.informs.push(inform);
    const { retryCount, parameters } = inform;
    this.events.emit({ kind: 'inform', device, events: inform.events.map(({ code }) => code), retryCount, parameters });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    response.setHeader('set-cookie', `session=${cookie}; Path=/`);
    writeEnvelope(response, namespace, id, '<cwmp:InformResponse><MaxEnvelopes>1</MaxEnvelopes></cwmp:InformResponse>');
  }

  #continue(session: Session, cookie: string, body: string, response: ServerResponse): void {
    if (body !== '') {
      const { id, message } = readEnvelope(body);
      const { open } = session;
      if (!open) throw new Error(`${message.local} although nothing was asked`);
      if (id !== open.id) throw new Error(`the answer carries the ID ${id} instead of ${open.id}`);
      const { rpc } = open.call.rpc;
      if (message.local !== 'Fault' && message.local !== `${rpc}Response`) {
        throw new Error(`${rpc} was answered by ${message.local}`);
      }
      session.open = undefined;
      const result: AcsAnswer = message.local === 'Fault' ? { fault: readFault(message) } : readAnswer(message);
      this.events.emit({ kind: 'answer', device: session.device, rpc, about: about(result) });
      open.call.answered(result);
    } else if (session.open) throw new Error('an empty POST instead of an answer');
    const call = this.#queues.get(session.device)?.shift();
    if (!call) {
      this.#sessions.delete(cookie);
      this.events.emit({ kind: 'session-end', device: session.device, calls: session.calls });
      response.writeHead(204).end();
      return;
    }
    const id = `lab${++this.#ids}`;
    session.open = { id, call };
    session.calls++;
    const { rpc } = call.rpc;
    this.events.emit({ kind: 'call', device: session.device, rpc, about: aboutCall(call.rpc) });
    writeEnvelope(response, session.namespace, id, `<cwmp:${rpc}>${writeArguments(call.rpc)}</cwmp:${rpc}>`);
  }

  #refuse(reason: string): void {
    this.events.emit({ kind: 'refused', reason });
  }
}

export async function startAcs(options: AcsOptions = {}): Promise<Acs> {
  const acs = new Acs(options);
  await acs.start();
  return acs;
}

function aboutCall(call: AcsRpc): string {
  if (call.rpc === 'SetParameterValues')
    return ` ${call.values.map(({ name, value }) => `${name}=${value}`).join(' ')}`;
  if ('names' in call) return ` ${call.names.join(' ')}`;
  return 'path' in call ? ` ${call.path}` : '';
}

function about(result: AcsAnswer): string {
  if (result.fault) return `: fault ${result.fault.code} ${result.fault.text}`;
  const { values } = result;
  if (values && values.size <= 3) return `: ${[...values].map(([name, value]) => `${name}=${value}`).join(' ')}`;
  const count = (values ?? result.names ?? result.attributes)?.size;
  return count === undefined ? '' : `: ${count} parameters`;
}
