import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { Emitter, explain, Secret, silentLog, standardRetry, systemClock } from '#base';
import { type MqttLink, openMemoryTls, openMqtt } from '#platform';
import {
  type Body,
  type ErrorBody,
  type Notify,
  type RecordContent,
  RecordExchange,
  type Requests,
  type Responses,
  readMessage,
  readRecord,
  type SessionSettings,
  signerOf,
  type UspRecord,
  writeMessage,
  writeRecord,
} from '#usp';
import type { Uplink } from '../uplink.ts';
import type { ControllerEvent } from './events.ts';
import type { Route, RouteEvents } from './route.ts';
import { joinStomp, type StompControllerOptions } from './stomp.ts';
import { joinUds, type UdsControllerOptions } from './uds.ts';
import { joinWebSocket, type WebSocketClientOptions } from './websocket-client.ts';

export interface ControllerOptions {
  readonly endpointId: string;
  readonly webSocket?: {
    readonly host?: string;
    readonly port?: number;
    readonly path?: string;
    /** With `clientCa` a client certificate of that authority is required. */
    readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
    readonly uplink?: Uplink | undefined;
  };
  readonly mqtt?: { readonly host: string; readonly port: number; readonly topic: string };
  /** E2E session contexts: by default taken, not begun, in plain text. */
  readonly session?: Partial<SessionSettings>;
  /** Certificate and key (P-256) for payload security, and the authority of the agents'. */
  readonly secure?: { readonly cert: string; readonly key: string; readonly ca: string };
  readonly stomp?: StompControllerOptions;
}

/** What came back for a request: the response's content, or the Error. */
export type ControllerAnswer<Name extends keyof Responses> =
  | { readonly ok: true; readonly value: Responses[Name] }
  | { readonly ok: false; readonly fault: ErrorBody };

const plainSession: SessionSettings = {
  mode: 'Allow',
  expirationSeconds: 0,
  retry: standardRetry,
  maxRecordBytes: 0,
  maxRetransmitTries: 3,
  payloadSecurity: 'plaintext',
};

/** A USP controller for people and tests: waits for agents over WebSocket and MQTT, asks them, hears their notifications. */
export class Controller implements AsyncDisposable {
  readonly endpointId: string;
  readonly events = new Emitter<ControllerEvent>(() => {});
  readonly notifications: Notify[] = [];
  readonly records: UspRecord[] = [];
  readonly #options: ControllerOptions;
  readonly #routes = new Map<string, Route>();
  readonly #exchanges = new Map<string, RecordExchange<true>>();
  readonly #open = new Map<string, (body: Body) => void>();
  readonly #waiting = new Set<() => void>();
  #http: ReturnType<typeof createServer> | undefined;
  #sockets: WebSocketServer | undefined;
  #mqtt: MqttLink | undefined;
  readonly #joined: (Disposable | AsyncDisposable)[] = [];
  #ids = 0;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.endpointId = options.endpointId;
  }

  async start(): Promise<void> {
    const { webSocket, mqtt, stomp } = this.#options;
    if (webSocket) await this.#listen(webSocket);
    if (mqtt) await this.#join(mqtt);
    if (stomp) this.#joined.push(await joinStomp(stomp, this.#routeEvents));
  }

  /** Port of the WebSocket server. */
  get port(): number {
    return (this.#http!.address() as AddressInfo).port;
  }

  /** Connects to an agent that is a WebSocket server itself. @throws WebSocketError */
  async joinWebSocket(options: WebSocketClientOptions): Promise<Disposable> {
    const joined = await joinWebSocket(options, this.#routeEvents);
    this.#joined.push(joined);
    return joined;
  }

  /** Connects to an agent on this machine, or waits for one. */
  async joinUds(options: UdsControllerOptions): Promise<Disposable> {
    const joined = await joinUds(options, this.#routeEvents);
    this.#joined.push(joined);
    return joined;
  }

  agents(): string[] {
    return [...this.#routes.keys()];
  }

  /** Resolves when the agent is connected. */
  async connected(agent: string): Promise<void> {
    while (!this.#routes.has(agent)) await this.#next();
  }

  /** The first notification, of those to come or already here from `from` on, that fits. */
  async notification(fits: (notify: Notify) => boolean, from = 0): Promise<Notify> {
    for (;;) {
      const found = this.notifications.slice(from).find(fits);
      if (found) return found;
      await this.#next();
    }
  }

  /** The first record that fits. */
  async record(fits: (record: UspRecord) => boolean): Promise<UspRecord> {
    for (;;) {
      const found = this.records.find(fits);
      if (found) return found;
      await this.#next();
    }
  }

  /** @param request `{ get: {…} }` */
  async ask<Name extends keyof Responses>(
    agent: string,
    request: Partial<Requests>,
    response: Name,
  ): Promise<ControllerAnswer<Name>> {
    const body: Body = { kind: 'request', request };
    const id = `c${++this.#ids}`;
    this.events.emit({ kind: 'request', agent, body });
    const answer = await new Promise<Body>((resolve) => {
      this.#open.set(id, resolve);
      if (!this.exchange(agent).send(writeMessage(id, body))) throw new Error(`${agent} is not connected`);
    });
    this.events.emit({ kind: 'answer', agent, body: answer });
    if (answer.kind === 'error') return { ok: false, fault: answer.error };
    const value = answer.kind === 'response' ? answer.response[response] : undefined;
    if (!value) throw new Error(`${Object.keys(request)[0]} was not answered by ${response}`);
    return { ok: true, value };
  }

  /** What of a transport is proof of its other end: nothing, where sessions are to be secure by themselves. */
  get #trusts(): true | undefined {
    const { secure, session } = this.#options;
    return secure && session?.payloadSecurity === 'tls' ? undefined : true;
  }

  /** Records with and without a session context, to and from one agent. */
  exchange(agent: string): RecordExchange<true> {
    const { secure } = this.#options;
    let exchange = this.#exchanges.get(agent);
    if (!exchange) {
      exchange = new RecordExchange<true>({
        clock: systemClock,
        log: silentLog,
        random: Math.random,
        randomHex: (bytes) => randomBytes(bytes).toString('hex'),
        endpointId: this.endpointId,
        peerId: agent,
        settings: () => ({ ...plainSession, ...this.#options.session }),
        vouch: () => true,
        ...(secure && {
          signer: signerOf(secure.cert, secure.key)!,
          openTunnel: (role, events) => openMemoryTls(role, { ...secure, key: new Secret(secure.key) }, events),
        }),
        route: () => {
          const route = this.#routes.get(agent);
          return route && { send: route.send, voucher: this.#trusts };
        },
        deliver: (message, { reply }) => this.#take(agent, readMessage(message), reply),
      });
      this.#exchanges.set(agent, exchange);
    }
    return exchange;
  }

  /** A record as it is, past the exchange. */
  send(agent: string, content: RecordContent): void {
    this.sendRaw(agent, writeRecord({ version: '1.4', toId: agent, fromId: this.endpointId, ...content }));
  }

  sendRaw(agent: string, record: Uint8Array): void {
    const route = this.#routes.get(agent);
    if (!route) throw new Error(`${agent} is not connected`);
    route.send(record);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#joined) await (Symbol.dispose in one ? one[Symbol.dispose]() : one[Symbol.asyncDispose]());
    for (const exchange of this.#exchanges.values()) exchange[Symbol.dispose]();
    for (const client of this.#sockets?.clients ?? []) client.terminate();
    this.#sockets?.close();
    this.#http?.closeAllConnections();
    if (this.#http) await new Promise((resolve) => this.#http!.close(resolve));
    await this.#mqtt?.[Symbol.asyncDispose]();
  }

  async #listen(options: NonNullable<ControllerOptions['webSocket']>): Promise<void> {
    const { tls, host = '127.0.0.1', port = 0, path = '/usp' } = options;
    this.#http = tls
      ? createSecureServer({
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
        })
      : createServer();
    options.uplink?.carry(this.#http);
    this.#http.on('tlsClientError', (error) => this.#refuse(`TLS: ${explain(error)}`));
    this.#sockets = new WebSocketServer({
      server: this.#http,
      path,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has('v1.usp') ? 'v1.usp' : false),
    });
    this.#sockets.on('connection', (socket, request) => {
      const agent = new URL(request.url ?? '', 'ws://any').searchParams.get('eid') ?? '';
      if (agent === '' || socket.protocol !== 'v1.usp') {
        this.#refuse('a connection without eid or v1.usp');
        socket.close(1008, 'eid and v1.usp are needed');
        return;
      }
      this.#serve(socket, agent);
    });
    await new Promise<void>((resolve, reject) => {
      this.#http!.once('error', reject);
      this.#http!.listen(port, host, resolve);
    });
  }

  #serve(socket: WebSocket, agent: string): void {
    const route: Route = { over: 'websocket', send: (record) => socket.send(record) };
    this.#connect(agent, route);
    socket.on('message', (data: Buffer) => this.#receive(data, agent, route));
    socket.on('error', () => {});
    socket.on('close', (code, reason) => this.#disconnected(agent, route, `${code} ${reason.toString()}`.trim()));
  }

  async #join({ host, port, topic }: NonNullable<ControllerOptions['mqtt']>): Promise<void> {
    this.#mqtt = await openMqtt(
      {
        host,
        port,
        transport: 'tcp',
        version: 5,
        clientId: this.endpointId,
        keepAliveSeconds: 60,
        cleanStart: true,
      },
      {
        message: ({ topic: from, payload, responseTopic }) => {
          // An agent that speaks MQTT 3.1.1 has its own topic behind ours (R-MQTT.24).
          const behind = /\/reply-to=([^/]+)$/.exec(from)?.[1]?.replaceAll('%2F', '/');
          const publish = (record: Uint8Array): void => {
            void this.#mqtt!.publish({
              topic: responseTopic ?? behind ?? '',
              payload: record,
              qos: 1,
              responseTopic: topic,
              contentType: 'usp.msg',
            });
          };
          this.#receive(payload, undefined, { over: 'mqtt', send: publish });
        },
        closed: (error) => {
          if (error) this.#refuse(`MQTT: ${explain(error)}`);
        },
      },
    );
    await this.#mqtt.subscribe(`${topic}/#`, 1);
  }

  /** @param expected who is at the other end, where the transport says so */
  #receive(bytes: Uint8Array, expected: string | undefined, route: Route): void {
    try {
      const record = readRecord(bytes);
      if (record.toId !== this.endpointId) throw new Error(`a record for ${record.toId}`);
      if (expected !== undefined && record.fromId !== expected) throw new Error(`a record from ${record.fromId}`);
      this.records.push(record);
      if (record.mqttConnect) this.#connect(record.fromId, route);
      this.exchange(record.fromId).receive(record, { send: route.send, voucher: this.#trusts });
    } catch (error) {
      this.#refuse(explain(error));
    }
    this.#wake();
  }

  #take(agent: string, { msgId, body }: ReturnType<typeof readMessage>, reply: (message: Uint8Array) => void): void {
    const waiting = this.#open.get(msgId);
    if (body.kind !== 'request') {
      this.#open.delete(msgId);
      waiting?.(body);
      return;
    }
    const { notify } = body.request;
    if (!notify) return;
    this.notifications.push(notify);
    this.events.emit({ kind: 'notify', agent, notify });
    if (!notify.sendResp) return;
    const notifyResp = { subscriptionId: notify.subscriptionId };
    reply(writeMessage(msgId, { kind: 'response', response: { notifyResp } }));
  }

  #connect(agent: string, route: Route): void {
    this.#routes.set(agent, route);
    this.events.emit({ kind: 'connected', agent, over: route.over });
    this.#wake();
  }

  #disconnected(agent: string, route: Route, reason: string): void {
    if (this.#routes.get(agent) === route) this.#routes.delete(agent);
    this.events.emit({ kind: 'disconnected', agent, reason });
    this.#wake();
  }

  get #routeEvents(): RouteEvents {
    return {
      endpointId: this.endpointId,
      receive: (bytes, expected, route) => this.#receive(bytes, expected, route),
      connected: (agent, route) => this.#connect(agent, route),
      disconnected: (agent, route, reason) => this.#disconnected(agent, route, reason),
      refused: (reason) => this.#refuse(reason),
    };
  }

  #next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #refuse(reason: string): void {
    this.events.emit({ kind: 'refused', reason });
  }
}

export async function startController(options: ControllerOptions): Promise<Controller> {
  const controller = new Controller(options);
  await controller.start();
  return controller;
}
