import type { Socket } from 'node:net';
import { Disconnected } from '../verdict.ts';
import { Brokered, type BrokeredOptions } from './brokered.ts';
import type { At, Link, Side } from './link.ts';
import type { ClientPacket, MqttVersion, Properties } from './mqtt-packet.ts';
import * as packets from './mqtt-packet.ts';

export interface MqttBrokerOptions extends BrokeredOptions {
  readonly version: MqttVersion;
  /** Where the agent listens. */
  readonly agentTopic: string;
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

/** A broker with the controllers inside of it: it keeps every packet that the agent sends. */
export class MqttBroker extends Brokered<MqttBrokerOptions> implements Link {
  readonly mtp: 'mqtt5' | 'mqtt311';
  readonly packets: At<ClientPacket>[] = [];
  readonly manners: Manners = { connack: {}, failSubscriptions: false, refusing: false, contentType: undefined };
  readonly #filters = new Set<string>();
  #ids = 0;

  constructor(options: MqttBrokerOptions) {
    super(options);
    this.mtp = options.version === 5 ? 'mqtt5' : 'mqtt311';
  }

  get version(): MqttVersion {
    return this.options.version;
  }

  topicOf(side: Side): string {
    return this.options.controllers[side]?.topic ?? '';
  }

  send(side: Side, record: Uint8Array): void {
    this.sendTo(this.agentTopic, this.topicOf(side), record);
  }
  /** Where the agent is spoken to: its own topic, or that which the broker gave it. */
  get agentTopic(): string {
    return this.manners.connack.responseInformation ?? this.options.agentTopic;
  }
  /** @throws Error when the agent does not listen there */
  sendTo(topic: string, replyTo: string, record: Uint8Array, qos: 0 | 1 = 0): void {
    const { version } = this.options;
    const full = version === 5 ? topic : `${topic}/reply-to=${replyTo.replaceAll('/', '%2F')}`;
    if (!this.client) throw new Disconnected('the agent is not connected');
    if (![...this.#filters].some((filter) => matches(filter, full)))
      throw new Disconnected(`nobody listens to ${full}`);
    const contentType = this.manners.contentType ?? 'usp.msg';
    const given = version === 5 ? { responseTopic: replyTo, contentType } : {};
    this.client.write(packets.publish(version, full, record, given, qos, ++this.#ids % 0xffff || 1));
  }

  /** Packets of one type that came from a position on. */
  of<Type extends ClientPacket['type']>(type: Type, from = 0): At<Extract<ClientPacket, { type: Type }>>[] {
    return this.packets.slice(from).filter(({ what }) => what.type === type) as At<
      Extract<ClientPacket, { type: Type }>
    >[];
  }

  /** The agent is told to go, as far as its version knows how. */
  dismiss(): void {
    if (this.version === 5) this.client?.end(packets.disconnect(0x98));
    else this.client?.end();
  }
  protected read(socket: Socket, bytes: Buffer): Buffer {
    const read = packets.readPackets(bytes, () => this.options.version);
    for (const packet of read.packets) this.#take(socket, packet);
    return read.rest;
  }
  protected forget(): void {
    this.#filters.clear();
  }

  #take(socket: Socket, packet: ClientPacket): void {
    const { version, time } = this.options;
    this.packets.push({ at: time.now(), what: packet });
    switch (packet.type) {
      case 'connect':
        this.attempts.push(time.now());
        if (packet.version !== version || this.manners.refusing) {
          socket.destroy();
          return;
        }
        this.admit(socket);
        socket.write(packets.connack(version, this.manners.connack));
        break;
      case 'subscribe': {
        const { failSubscriptions } = this.manners;
        const codes = packet.topics.map(({ qos }) =>
          failSubscriptions ? (version === 5 ? 0x87 : 0x80) : Math.min(qos, 1),
        );
        if (!failSubscriptions) for (const { filter } of packet.topics) this.#filters.add(filter);
        socket.write(packets.suback(version, packet.id, codes));
        if (!failSubscriptions) this.subscribed();
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
    this.tell(payload, ({ topic: own = '' }) => own !== '' && (topic === own || topic.startsWith(`${own}/`)));
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
