import { type Clock, Emitter, explain, type Log, standardRetry } from '#base';
import type { Model } from '#model';
import type { Broker } from '../services/broker.ts';
import type { ControllerConfig, UspConfig } from './config.ts';
import type { ControllerSession } from './controller-session.ts';
import { addressesOf } from './interface-addresses.ts';
import { LateAnswers } from './late-answers.ts';
import type { MqttClientConfig, MqttListening } from './mqtt-config.ts';
import type { MqttFound, MqttUser, OpenMqtt } from './mqtt-mtp.ts';
import { runMqtt } from './mqtt-mtp.ts';
import { MqttStats } from './mqtt-stats.ts';
import { noMtps, type StompConnectionConfig, type UdsSocketConfig } from './mtp-config.ts';
import { Retrying, type RetryingParts, type RetryingState } from './retrying.ts';
import type { SharedUser } from './shared-links.ts';
import type { OpenStomp } from './stomp-mtp.ts';
import { runStomp } from './stomp-mtp.ts';
import { stompWaitMs } from './stomp-retry.ts';
import type { UdsPorts } from './uds-mtp.ts';
import { runUds } from './uds-mtp.ts';
import { runUdsServices } from './uds-services.ts';
import type { OpenWebSocket } from './websocket-mtp.ts';
import { runWebSocket } from './websocket-mtp.ts';
import type { ListenWebSocket } from './websocket-server-mtp.ts';
import { runWebSocketServer } from './websocket-server-mtp.ts';
import { WebSocketSlot } from './websocket-slot.ts';

/** What reaches the network; each binding is loaded when the configuration first asks for it. */
export interface TransportPorts {
  readonly openWebSocket: OpenWebSocket;
  readonly listenWebSocket: ListenWebSocket;
  readonly openMqtt: OpenMqtt;
  readonly openStomp: OpenStomp;
  readonly uds: UdsPorts;
}

export interface TransportParts {
  readonly ports: TransportPorts;
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly endpointId: string;
  /** Of the controller with this row. */
  readonly session: (path: string) => ControllerSession | undefined;
  /** Resolves when the requests that have come so far are answered. */
  readonly quiet: () => Promise<unknown>;
  readonly broker: Broker;
}

/** For the answers to requests that came before a transport is to end. */
const lastAnswersMs = 2000;

interface Transport {
  /** What, if it changes, makes another connection of it. */
  readonly key: string;
  readonly retrying: Retrying;
}
type Wanted = Pick<RetryingParts, 'retry' | 'waitMs' | 'towards' | 'connect'> & { readonly key: string };

/**
 * The connections and listeners that the configuration asks for, each by itself: none waits for another, neither to connect nor to end.
 */
export class Transports implements AsyncDisposable {
  readonly #parts: TransportParts;
  readonly #transports = new Map<string, Transport>();
  readonly #slots = new Map<string, WebSocketSlot>();
  /** What is on its way to its end, by name. */
  readonly #ending = new Map<string, Promise<void>>();
  /** By the row of the client: what its connection has found out, and the identifier that the broker gave. */
  readonly #mqttFound = new Map<string, MqttFound | undefined>();
  readonly #late = new Map<string, LateAnswers>();
  readonly #mqttStats = new Map<string, MqttStats>();
  readonly #mqttAssigned = new Map<string, string>();
  /** What the STOMP servers have told us of ourselves, by the row of the connection. */
  readonly #learned = new Map<string, string>();
  /** The configuration has changed, and nothing in it that makes another connection. */
  readonly #changes: Emitter<void>;
  #config: UspConfig | undefined;

  constructor(parts: TransportParts) {
    this.#parts = parts;
    this.#changes = new Emitter((error) => parts.log.error('a change was not taken over', { reason: explain(error) }));
  }

  get size(): number {
    return this.#transports.size;
  }

  /** By what each is for: the row of the controller's or the agent's MTP, or of the client that several share. */
  state(path: string): RetryingState | undefined {
    return this.#transports.get(path)?.retrying.state;
  }

  /** Of the transport behind a row of `Device.LocalAgent.MTP.`. */
  stateOfMtp(path: string): RetryingState | undefined {
    return this.state(this.#config?.carriers.get(path) ?? path);
  }

  /** Of the client with this row; `undefined`: not connected. */
  mqttFound(path: string): MqttFound | undefined {
    return this.#mqttFound.get(path);
  }

  mqttStats(client: string): MqttStats {
    const stats = this.#mqttStats.get(client) ?? new MqttStats(this.#parts.clock);
    this.#mqttStats.set(client, stats);
    return stats;
  }

  /** Of a row of the table of subscriptions that is enabled. */
  mqttTopic(client: string, subscription: string): string | undefined {
    const listening = this.#config?.mqttListening.get(client);
    return listening?.subscriptions.find(({ path }) => path === subscription)?.topic;
  }

  /** Of the client behind a row of `Device.LocalAgent.MTP.`. */
  mqttFoundByMtp(path: string): MqttFound | undefined {
    return this.mqttFound(this.#config?.carriers.get(path) ?? '');
  }

  /** Ends the connection and makes it anew, at once. @returns whether there is one, or an attempt */
  restart(path: string): boolean {
    const config = this.#config;
    const transport = this.#transports.get(path);
    if (!config || !transport) return false;
    this.#transports.delete(path);
    this.#retire(path, transport.retrying);
    this.sync(config);
    return true;
  }

  /** Where the broker behind a row of `Device.LocalAgent.MTP.` says that the agent is reached; '': it does not. */
  learnedByMtp(path: string): string {
    return this.#learned.get(this.#config?.carriers.get(path) ?? '') ?? '';
  }

  /** Brings them in line; does not wait until they are. */
  sync(config: UspConfig): void {
    this.#config = config;
    const wanted = this.#wanted(config);
    for (const [name, { key, retrying }] of [...this.#transports]) {
      if (wanted.get(name)?.key === key) continue;
      this.#transports.delete(name);
      this.#retire(name, retrying);
    }
    for (const [name, { key, ...rest }] of wanted) {
      if (this.#transports.has(name)) continue;
      const { clock, log, random } = this.#parts;
      const after = this.#ending.get(name);
      const retrying = new Retrying({ clock, log, random, ...rest, ...(after && { after }) });
      this.#transports.set(name, { key, retrying });
    }
    for (const name of [...this.#late.keys()]) if (!wanted.has(name)) this.#late.delete(name);
    this.#changes.emit();
  }

  /** Ends every connection and makes it anew. */
  reconnect(): void {
    const config = this.#config;
    if (!config) return;
    this.sync({ ...config, ...noMtps, controllers: [] });
    this.sync(config);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#transports.values()];
    this.#transports.clear();
    await Promise.all([...all.map(({ retrying }) => retrying[Symbol.asyncDispose]()), ...this.#ending.values()]);
  }

  /** What is asked to end is often the way that the answer to the asking takes: it goes first. */
  #retire(name: string, retrying: Retrying): void {
    const { clock, quiet } = this.#parts;
    const answered = new Promise<void>((resolve) => {
      const limit = clock.timer(lastAnswersMs, resolve);
      void quiet().finally(() => {
        limit[Symbol.dispose]();
        resolve();
      });
    });
    const end = answered
      .then(() => retrying[Symbol.asyncDispose]())
      .then(() => {
        if (this.#ending.get(name) === end) this.#ending.delete(name);
      });
    this.#ending.set(name, end);
  }

  #wanted(config: UspConfig): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    for (const controller of config.controllers) this.#addWebSocket(wanted, controller);
    for (const server of config.webSocketServers) this.#addWebSocketServer(wanted, server);
    for (const client of config.mqttClients) this.#addMqtt(wanted, client);
    for (const connection of config.stompConnections) this.#addStomp(wanted, connection);
    for (const socket of config.udsSockets) this.#addUds(wanted, socket);
    for (const socket of config.serviceSockets) this.#addServices(wanted, socket);
    return wanted;
  }

  #addWebSocket(wanted: Map<string, Wanted>, { path, endpointId, peers }: ControllerConfig): void {
    // At most one WebSocket between two endpoints (R-WS.4): the first in order.
    const peer = peers.find(({ kind }) => kind === 'websocket');
    if (peer?.kind !== 'websocket') return;
    const { log, ports, endpointId: own } = this.#parts;
    wanted.set(peer.path, {
      key: JSON.stringify([path, endpointId, peer]),
      retry: peer.retry,
      towards: `${endpointId} at ${peer.url.origin}`,
      connect: (signal, stands) => {
        const session = this.#parts.session(path)!;
        const slot = this.#slot(path);
        return runWebSocket({ session, peer, endpointId: own, open: ports.openWebSocket, slot, log, signal, stands });
      },
    });
  }

  #addWebSocketServer(wanted: Map<string, Wanted>, server: UspConfig['webSocketServers'][number]): void {
    const { log, ports, endpointId } = this.#parts;
    wanted.set(server.path, {
      key: JSON.stringify(server),
      retry: standardRetry,
      towards: `port ${server.port}`,
      connect: async (signal, stands) => {
        await runWebSocketServer({
          config: server,
          endpointId,
          listen: ports.listenWebSocket,
          controller: (id) => this.#known(id),
          addressesOf: (interfaces) => this.#addressesOf(interfaces),
          log,
          signal,
          stands,
        });
      },
    });
  }

  #addMqtt(wanted: Map<string, Wanted>, client: MqttClientConfig): void {
    const { path } = client;
    const controllers = (): MqttUser[] =>
      (this.#config?.controllers ?? []).flatMap((controller) => {
        const session = this.#parts.session(controller.path);
        const peer = controller.peers.find((one) => one.kind === 'mqtt' && one.client === path);
        return session && peer?.kind === 'mqtt' ? [{ session, address: peer.topic, ...peer }] : [];
      });
    const listening = (): MqttListening | undefined => this.#config?.mqttListening.get(path);
    const now = listening();
    if (controllers().length === 0 || !now) return;
    const { log, ports, endpointId } = this.#parts;
    // The identifier that the broker gave is written to the configuration; it is no reason to connect again.
    const configured = client.clientId === this.#mqttAssigned.get(path) ? '' : client.clientId;
    wanted.set(path, {
      key: JSON.stringify([{ ...client, clientId: configured }, client.password.reveal()]),
      retry: client.retry,
      towards: `MQTT at ${client.host}:${client.port}`,
      connect: async (signal, stands) => {
        const stats = this.mqttStats(path);
        await runMqtt({
          stats,
          late: this.#lateOf(path),
          config: {
            ...client,
            clientId: client.clientId || (this.#mqttAssigned.get(path) ?? ''),
            ...(client.interface !== '' && { localAddresses: await this.#addressesOf([client.interface]) }),
          },
          endpointId,
          open: ports.openMqtt,
          log,
          listening: () => listening() ?? now,
          controllers,
          changes: this.#changes,
          found: (found) => void this.#mqttFound.set(path, found),
          assigned: (clientId) => this.#keepClientId(path, clientId),
          signal,
          stands,
        }).catch((error) => {
          if (!signal.aborted) stats.count('ConnectionErrors');
          throw error;
        });
      },
    });
  }

  async #addressesOf(interfaces: readonly string[]): Promise<readonly string[]> {
    return addressesOf(this.#parts.model, interfaces);
  }

  /** R-MQTT.9, R-MQTT.11 */
  #keepClientId(path: string, clientId: string): void {
    this.#mqttAssigned.set(path, clientId);
    const { model, log } = this.#parts;
    const parameters = [{ name: 'ClientID', value: clientId, required: true }];
    const origin = { by: 'device' } as const;
    model
      .write({ protocol: 'usp' }, [{ op: 'set', path, parameters }], { origin, partial: false })
      .then(({ committed }) => {
        if (!committed) log.warn('the identifier that the broker gave could not be kept', { client: path });
      })
      .catch((error) => log.error('the identifier that the broker gave was not kept', { reason: explain(error) }));
  }

  #lateOf(path: string): LateAnswers {
    const late = this.#late.get(path) ?? new LateAnswers();
    this.#late.set(path, late);
    return late;
  }

  #slot(path: string): WebSocketSlot {
    const slot = this.#slots.get(path) ?? new WebSocketSlot();
    this.#slots.set(path, slot);
    return slot;
  }

  #known(endpointId: string): { session: ControllerSession; slot: WebSocketSlot } | undefined {
    const row = this.#config?.controllers.find((one) => one.endpointId === endpointId);
    const session = row && this.#parts.session(row.path);
    return session && { session, slot: this.#slot(row.path) };
  }

  #addStomp(wanted: Map<string, Wanted>, connection: StompConnectionConfig): void {
    const { path } = connection;
    const controllers = (): SharedUser[] =>
      this.#users((peer) => (peer.kind === 'stomp' && peer.connection === path ? peer.destination : undefined));
    const destinations = (): readonly string[] | undefined => this.#config?.stompDestinations.get(path);
    if (controllers().length === 0 || !destinations()) return;
    const { log, ports, endpointId } = this.#parts;
    wanted.set(path, {
      key: JSON.stringify([connection, connection.password.reveal()]),
      retry: connection.retry,
      waitMs: (random, attempt) => stompWaitMs(connection.retry, random, attempt),
      towards: `STOMP at ${connection.host}:${connection.port}`,
      connect: async (signal, stands) => {
        await runStomp({
          config: connection,
          late: this.#lateOf(path),
          destinations: () => destinations() ?? [],
          controllers,
          changes: this.#changes,
          learned: (destination) => void this.#learned.set(path, destination),
          endpointId,
          open: ports.openStomp,
          log,
          signal,
          stands,
        });
      },
    });
  }

  #addUds(wanted: Map<string, Wanted>, config: UdsSocketConfig): void {
    const { log, ports, endpointId, clock } = this.#parts;
    const controller = (id: string): ControllerSession | undefined => {
      const known = this.#config?.controllers.find((one) => one.endpointId === id);
      return known?.peers.some(({ kind }) => kind === 'uds') ? this.#parts.session(known.path) : undefined;
    };
    wanted.set(config.path, {
      key: JSON.stringify(config),
      retry: standardRetry,
      // R-UDS.5
      waitMs: (random) => 1000 + Math.round(random() * 4000),
      towards: config.socket,
      connect: async (signal, stands) => {
        await runUds({ config, endpointId, ports: ports.uds, controller, clock, log, signal, stands });
      },
    });
  }

  #addServices(wanted: Map<string, Wanted>, config: UdsSocketConfig): void {
    const { log, ports, endpointId, clock, broker } = this.#parts;
    wanted.set(config.path, {
      key: JSON.stringify([config, 'services']),
      retry: standardRetry,
      towards: config.socket,
      connect: async (signal, stands) => {
        await runUdsServices({ config, endpointId, ports: ports.uds, broker, clock, log, signal, stands });
      },
    });
  }

  /** @param addressOf where it is reached, if it is by this one */
  #users(addressOf: (peer: ControllerConfig['peers'][number]) => string | undefined): SharedUser[] {
    return (this.#config?.controllers ?? []).flatMap(({ path, peers }) => {
      const session = this.#parts.session(path);
      const [address] = peers.flatMap((peer) => addressOf(peer) ?? []);
      return session && address !== undefined ? [{ session, address }] : [];
    });
  }
}
