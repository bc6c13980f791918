import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TLSSocket } from 'node:tls';
import type { ControllerNames } from '../descriptor.ts';
import { Disconnected } from '../verdict.ts';
import type { At, Link, ServerTls, Side } from './link.ts';
import type { ClientPacket, MqttVersion, Properties } from './mqtt-packet.ts';
import * as packets from './mqtt-packet.ts';
import type { Time } from './time.ts';
import { show, tlsOptions } from './tls.ts';

export interface MqttBrokerOptions {
  readonly version: MqttVersion;
  readonly host: string;
  readonly port: number;
  readonly tls?: ServerTls;
  readonly controllers: Readonly<Partial<Record<Side, ControllerNames>>>;
  /** Where the agent listens. */
  readonly agentTopic: string;
  readonly time: Time;
}

/** What of a CONNACK and a SUBACK is as a test wants it. */
export interface Manners {
  connack: Properties;
  /** Every SUBSCRIBE fails. */
  failSubscriptions: boolean;
  /** Connections end before their CONNACK. */
  refusing: boolean;
  /** `undefined`: the ones of the protocol, by version. */
  contentType: string | undefined;
}

/** A broker with the controllers inside of it: it has one client, the agent, and keeps every packet that it sends. */
export class MqttBroker implements Link {
  readonly mtp: 'mqtt5' | 'mqtt311';
  heard: Link['heard'] = () => {};
  tls: string | undefined;
  readonly packets: At<ClientPacket>[] = [];
  /** CONNECT packets, taken or not: a client may look first whether there is anybody. */
  readonly attempts: number[] = [];
  /** When connections ended. */
  readonly ends: number[] = [];
  readonly manners: Manners = { connack: {}, failSubscriptions: false, refusing: false, contentType: undefined };
  readonly #options: MqttBrokerOptions;
  readonly #server: Server;
  readonly #filters = new Set<string>();
  readonly #count: Record<Side, number> = { primary: 0, secondary: 0 };
  readonly #fresh: Record<Side, boolean> = { primary: false, secondary: false };
  /** It has subscribed since it connected: there is a way to it. */
  #subscribed = false;
  #client: Socket | undefined;
  #ids = 0;

  constructor(options: MqttBrokerOptions) {
    this.#options = options;
    this.mtp = options.version === 5 ? 'mqtt5' : 'mqtt311';
    const { tls } = options;
    this.#server = tls
      ? createSecureServer(tlsOptions(tls, tls), (socket) => this.#serve(socket))
      : createServer((socket) => this.#serve(socket));
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get version(): MqttVersion {
    return this.#options.version;
  }
  connections = (side: Side): number => this.#count[side];
  /** The agent's Connect record has come: it is there for this controller, whenever it subscribed. */
  arrived = (side: Side): void => {
    if (!this.#fresh[side]) this.#count[side]++;
    this.#fresh[side] = false;
  };

  topicOf(side: Side): string {
    return this.#options.controllers[side]?.topic ?? '';
  }

  send(side: Side, record: Uint8Array): void {
    this.sendTo(this.agentTopic, this.topicOf(side), record);
  }
  /** Where the agent is spoken to: its own topic, or that which the broker gave it. */
  get agentTopic(): string {
    return this.manners.connack.responseInformation ?? this.#options.agentTopic;
  }
  /** @throws Error when the agent does not listen there */
  sendTo(topic: string, replyTo: string, record: Uint8Array, qos: 0 | 1 = 0): void {
    const { version } = this.#options;
    const full = version === 5 ? topic : `${topic}/reply-to=${replyTo.replaceAll('/', '%2F')}`;
    if (!this.#client) throw new Disconnected('the agent is not connected');
    if (![...this.#filters].some((filter) => matches(filter, full)))
      throw new Disconnected(`nobody listens to ${full}`);
    const contentType = this.manners.contentType ?? 'usp.msg';
    const given = version === 5 ? { responseTopic: replyTo, contentType } : {};
    this.#client.write(packets.publish(version, full, record, given, qos, ++this.#ids % 0xffff || 1));
  }

  /** Packets of one type that came from a position on. */
  of<Type extends ClientPacket['type']>(type: Type, from = 0): At<Extract<ClientPacket, { type: Type }>>[] {
    return this.packets.slice(from).filter(({ what }) => what.type === type) as At<
      Extract<ClientPacket, { type: Type }>
    >[];
  }

  /** The agent is told to go, as far as its version knows how. */
  dismiss(): void {
    if (this.version === 5) this.#client?.end(packets.disconnect(0x98));
    else this.#client?.end();
  }
  show(which: 'expired' | 'foreign'): () => void {
    return show(this.#server, this.#options.tls, which);
  }
  cut(): void {
    this.#client?.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const { time } = this.#options;
    socket.on('error', () => {});
    this.tls = (socket as TLSSocket).getProtocol?.() ?? undefined;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      try {
        const read = packets.readPackets(Buffer.concat([rest, piece]), () => this.#options.version);
        rest = read.rest;
        for (const packet of read.packets) this.#take(socket, packet);
      } catch {
        socket.destroy();
      }
    });
    socket.on('close', () => {
      if (this.#client !== socket) return;
      this.#client = undefined;
      this.#filters.clear();
      this.ends.push(time.now());
    });
  }

  #take(socket: Socket, packet: ClientPacket): void {
    const { version, time } = this.#options;
    this.packets.push({ at: time.now(), what: packet });
    switch (packet.type) {
      case 'connect':
        this.attempts.push(time.now());
        if (packet.version !== version || this.manners.refusing) {
          socket.destroy();
          return;
        }
        this.#client?.destroy();
        this.#filters.clear();
        this.#client = socket;
        this.#subscribed = false;
        socket.write(packets.connack(version, this.manners.connack));
        break;
      case 'subscribe': {
        const { failSubscriptions } = this.manners;
        const codes = packet.topics.map(({ qos }) =>
          failSubscriptions ? (version === 5 ? 0x87 : 0x80) : Math.min(qos, 1),
        );
        if (!failSubscriptions) for (const { filter } of packet.topics) this.#filters.add(filter);
        socket.write(packets.suback(version, packet.id, codes));
        if (failSubscriptions || this.#subscribed) break;
        this.#subscribed = true;
        for (const side of ['primary', 'secondary'] as const) {
          this.#fresh[side] = true;
          this.#count[side]++;
        }
        break;
      }
      case 'unsubscribe':
        for (const topic of packet.topics) this.#filters.delete(topic);
        socket.write(packets.unsuback(version, packet.id, packet.topics.length));
        break;
      case 'publish':
        if (packet.qos === 1) socket.write(packets.puback(packet.id));
        if (packet.qos === 2) socket.write(packets.pubrec(packet.id));
        this.#deliver(packet.topic, packet.payload);
        break;
      case 'pubrec':
        socket.write(packets.pubrel(packet.id));
        break;
      case 'pubrel':
        socket.write(packets.pubcomp(packet.id));
        break;
      case 'pingreq':
        socket.write(packets.pingresp());
        break;
      case 'disconnect':
        socket.end();
        break;
      case 'puback':
      case 'pubcomp':
        break;
    }
  }

  #deliver(topic: string, payload: Buffer): void {
    for (const side of ['primary', 'secondary'] as const) {
      const own = this.topicOf(side);
      if (own !== '' && (topic === own || topic.startsWith(`${own}/`))) this.heard(side, payload);
    }
  }
}

/** MQTT 4.7 */
function matches(filter: string, topic: string): boolean {
  const [wanted, given] = [filter.split('/'), topic.split('/')];
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (given[index] === undefined || (level !== '+' && level !== given[index])) return false;
  }
  return wanted.length === given.length;
}
