import type { Duplex } from 'node:stream';
import type { MqttClient } from 'mqtt';
import { type Clock, type Secret, systemClock, TandemError } from '#base';
import { inWords } from './in-words.ts';
import { OutgoingPublications } from './mqtt-outgoing.ts';
import { packetsWithin } from './mqtt-packet-limit.ts';
import { publicationOf, settingsOf } from './mqtt-settings.ts';
import { type MqttStream, type MqttTransport, mqttStream } from './mqtt-stream.ts';
import type { Peer } from './peer.ts';
import { isTlsProblem } from './tls-problem.ts';

/** MQTT_CONNECT, MQTT_TLS, MQTT_REFUSED (reason code in the text), MQTT_TIMEOUT, MQTT_BROKEN, MQTT_ABORTED */
export class MqttError extends TandemError {}

type UserProperties = Readonly<Record<string, string | readonly string[]>>;
export type MqttUserProperties = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly responseTopic?: string;
  readonly contentType?: string;
  readonly userProperties: UserProperties;
}

export interface MqttOptions extends MqttTransport {
  /** 5: MQTT 5.0; 4: MQTT 3.1.1. */
  readonly version: 4 | 5;
  /** '': the broker assigns one (MQTT 5), or none is remembered. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly keepAliveSeconds: number;
  readonly cleanStart: boolean;
  /** How long the broker keeps the session, MQTT 5; without it no longer than the connection. */
  readonly sessionExpirySeconds?: number;
  readonly requestResponseInfo?: boolean;
  /** Without it the broker sends no reasons and user properties with failures; this and what follows: MQTT 5. Default true. */
  readonly requestProblemInfo?: boolean;
  /** Publications of QoS 1 and 2 that we take at a time, 1 to 65535. Default 65535. */
  readonly receiveMaximum?: number;
  /** Names for topics that the broker may make up, at most 65535. Default none. */
  readonly topicAliasMaximum?: number;
  /** After which the broker hands on nothing that we have published; 0: no limit. */
  readonly publishExpirySeconds?: number;
  /** By the packet that they go with: `connect`, `publish`, `will`, ... */
  readonly userProperties?: MqttUserProperties;
  /** What the broker publishes when we are lost. */
  readonly will?: MqttWill;
  /** Until the broker has taken us, in all. Default 90 s. */
  readonly connectTimeoutMs?: number;
  /** Of a packet from the broker. Default 5 MiB. */
  readonly packetLimitBytes?: number;
  /** Ends the attempt to connect; a connection that stands is closed by its link. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface MqttEvents {
  /** Can be called before `openMqtt` has resolved. */
  readonly message: (message: MqttMessage) => void;
  /** A packet, of whatever kind. */
  readonly packet?: (direction: 'sent' | 'received') => void;
  /** Once, after a connection that stood, with the reason; not when the link was disposed of. */
  readonly closed: (error: MqttError | undefined) => void;
}

/** Whatever waits for the broker's word when the connection ends fails with MQTT_BROKEN or the reason of the end. */
export interface MqttLink extends AsyncDisposable {
  /** The broker. */
  readonly peer: Peer;
  readonly connack: {
    readonly sessionPresent: boolean;
    readonly assignedClientId?: string;
    readonly responseInformation?: string;
    readonly userProperties: UserProperties;
    /** What the broker takes, in bytes; none: anything. */
    readonly maximumPacketSize?: number;
  };
  /** @returns the QoS that the broker granted. @throws MqttError MQTT_REFUSED, MQTT_TIMEOUT */
  subscribe(topic: string, qos: 0 | 1 | 2): Promise<number>;
  /** @throws MqttError */
  unsubscribe(topic: string): Promise<void>;
  /**
   * Resolves when the broker has taken it as its QoS asks; where the broker takes no such QoS, or nothing retained, it goes without. A broker that
   * leaves 16 MiB of them untaken is let go.
   * @returns whether somebody may have heard it: with MQTT 5 and a QoS above 0 brokers say when nobody is subscribed to the topic. @throws MqttError
   */
  publish(message: PublishedMessage): Promise<boolean>;
}

export interface MqttWill extends PublishedMessage {
  /** After which it is published, unless we are back; MQTT 5, like the next. */
  readonly delaySeconds?: number;
  /** Until which somebody may still get it; absent: for ever. */
  readonly expirySeconds?: number;
}

export interface PublishedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain?: boolean;
  /** This and what follows: MQTT 5; left out in 3.1.1. */
  readonly responseTopic?: string;
  readonly contentType?: string;
}

const defaults = { connectTimeoutMs: 90_000, packetLimitBytes: 5 << 20 };
/** Reason code of PUBACK and PUBREC (MQTT 5.0 3.4.2.1). */
const noSubscribers = 16;
/** For the broker's word on a subscription. */
const answerMs = 30_000;
/** For what is still on its way when the link is disposed of. */
const partingMs = 5000;

/**
 * A connection to an MQTT broker. One attempt, no reconnecting and no queue: when to try again is the caller's to say.
 * @throws MqttError when the connection does not come to stand
 */
export async function openMqtt(options: MqttOptions, events: MqttEvents): Promise<MqttLink> {
  const limits = { ...defaults, ...options };
  const { MqttClient, ReasonCodes } = await import('mqtt');
  const { signal, clock = systemClock } = options;
  if (signal?.aborted) throw stopped(signal);
  const { stream: socket, peer } = await connectTo(options);
  // Before the client listens: it keeps what comes until a packet is complete, however large.
  const within = packetsWithin(limits.packetLimitBytes);
  socket.on('data', (piece: Buffer) => {
    if (!within(piece)) socket.destroy(new MqttError('MQTT_BROKEN', 'the broker sent a packet that is too large'));
  });
  const client = new MqttClient(() => socket, settingsOf(options, limits.packetLimitBytes, limits.connectTimeoutMs));
  const waiting = new Set<(error: MqttError) => void>();
  /** Publications that nobody was subscribed to, by their identifier, until that is said. */
  const unheard = new Set<number>();
  let stood = false;
  let cause: MqttError | undefined;
  let over: MqttError | undefined;
  const end = (error: MqttError): void => {
    over = error;
    client.end(true);
    for (const reject of waiting) reject(error);
  };
  // Called before the packet is written. CONNECT has gone by then.
  client.on('packetsend', (packet) => {
    const given = options.version === 5 ? options.userProperties?.[packet.cmd] : undefined;
    if (given) Object.assign(packet, { properties: { ...propertiesOf(packet), userProperties: given } });
    events.packet?.('sent');
  });
  client.on('packetreceive', (packet) => {
    // The broker's word counts, also where no keep alive is configured (MQTT 5.0 3.2.2.3.14); the client would leave it out then.
    if ((packet.cmd === 'puback' || packet.cmd === 'pubrec') && packet.reasonCode === noSubscribers)
      unheard.add(packet.messageId ?? 0);
    if (packet.cmd === 'connack') client.options.keepalive ||= packet.properties?.serverKeepAlive ?? 0;
    events.packet?.('received');
  });
  client.once('connect', () => {
    stood = true;
  });
  const failed = (error: unknown): void => {
    cause ??= wrap(error, 'MQTT_BROKEN');
    // After a packet that it could not read the client reads no other.
    socket.destroy();
  };
  client.on('error', failed);
  // Of the socket's own errors the client passes on but a part.
  socket.on('error', failed);
  client.on('disconnect', ({ reasonCode = 0 }) => {
    const words = (ReasonCodes as Record<number, string>)[reasonCode];
    cause ??= new MqttError(
      'MQTT_REFUSED',
      `the broker disconnected with reason ${reasonCode}${words ? ` (${words})` : ''}`,
    );
    socket.destroy();
  });
  client.on('close', () => {
    if (over || !stood) return;
    end(cause ?? new MqttError('MQTT_BROKEN', 'the connection broke'));
    events.closed(over);
  });
  // Before the connection stands: what a kept session has waiting comes right behind the CONNACK.
  client.on('message', (topic, payload, { properties }) =>
    events.message({
      topic,
      payload,
      userProperties: properties?.userProperties ?? {},
      ...(properties?.responseTopic !== undefined && { responseTopic: properties.responseTopic }),
      ...(properties?.contentType !== undefined && { contentType: properties.contentType }),
    }),
  );
  const connack = await connected(client, socket, signal);
  const outgoing = new OutgoingPublications(client.serverProperties ?? {});
  /** The client forgets some of what it was asked when the connection ends. */
  const ask = <T>(work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (over) {
        reject(over);
        return;
      }
      waiting.add(reject);
      work()
        .then(resolve, (error) => reject(over ?? wrap(error, 'MQTT_BROKEN')))
        .finally(() => waiting.delete(reject));
    });
  const soon = <T>(work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const deadline = clock.timer(answerMs, () => reject(new MqttError('MQTT_TIMEOUT', 'no answer in time')));
      ask(work)
        .then(resolve, reject)
        .finally(() => deadline[Symbol.dispose]());
    });
  return {
    connack,
    peer: peer(),
    async subscribe(topic, qos) {
      const [granted] = await soon(() => client.subscribeAsync(topic, { qos }));
      if (!granted || granted.qos > 2) throw new MqttError('MQTT_REFUSED', 'the broker refused the subscription');
      return granted.qos;
    },
    unsubscribe: (topic) => soon(async () => void (await client.unsubscribeAsync(topic))),
    async publish(message) {
      const { topic, payload, ...rest } = publicationOf({ ...message, ...outgoing.allowed(message) }, options);
      if (!outgoing.takes(payload.length)) {
        const error = new MqttError('MQTT_BROKEN', 'the broker does not take what it is sent');
        failed(error);
        throw error;
      }
      let id = 0;
      const publish = (): Promise<unknown> => {
        const done = client.publishAsync(topic, payload, rest);
        id = client.getLastMessageId();
        return done;
      };
      await ask(() => outgoing.send(rest.qos, payload.length, publish));
      return !unheard.delete(id) || rest.qos === 0;
    },
    async [Symbol.asyncDispose]() {
      if (over) return;
      over = new MqttError('MQTT_BROKEN', 'the link was closed');
      await new Promise<void>((resolve) => {
        const deadline = clock.timer(partingMs, () => socket.destroy());
        socket.once('close', () => {
          deadline[Symbol.dispose]();
          resolve();
        });
        client.end();
      });
      end(over);
    },
  };
}

async function connectTo(options: MqttOptions): Promise<MqttStream> {
  try {
    return await mqttStream(options);
  } catch (error) {
    throw wrap(error, 'MQTT_CONNECT');
  }
}

const propertiesOf = (packet: object): object | undefined =>
  'properties' in packet ? Object(packet.properties) : undefined;

function connected(client: MqttClient, socket: Duplex, signal: AbortSignal | undefined): Promise<MqttLink['connack']> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      client.off('error', failed);
      socket.off('error', failed);
      client.off('close', broke);
      signal?.removeEventListener('abort', abort);
    };
    const failed = (error: unknown): void => {
      settle();
      client.end(true);
      reject(wrap(error, 'MQTT_CONNECT'));
    };
    const broke = (): void => failed(new MqttError('MQTT_CONNECT', 'the broker closed the connection'));
    const abort = (): void => failed(stopped(signal));
    client.once('error', failed);
    socket.once('error', failed);
    client.once('close', broke);
    signal?.addEventListener('abort', abort, { once: true });
    client.once('connect', ({ sessionPresent, properties = {} }) => {
      settle();
      const { assignedClientIdentifier, responseInformation, maximumPacketSize } = properties;
      resolve({
        sessionPresent,
        userProperties: properties.userProperties ?? {},
        ...(assignedClientIdentifier !== undefined && { assignedClientId: assignedClientIdentifier }),
        ...(responseInformation !== undefined && { responseInformation }),
        ...(maximumPacketSize !== undefined && { maximumPacketSize }),
      });
    });
  });
}

function stopped(signal: AbortSignal | undefined): MqttError {
  return new MqttError('MQTT_ABORTED', 'stopped', { cause: signal?.reason });
}

function wrap(error: unknown, otherwise: string): MqttError {
  if (error instanceof MqttError) return error;
  // A refused subscription has its reason in the packet.
  const { message, packet, ...rest } = error as Error & { code?: unknown; packet?: { granted?: number[] } };
  const reason = packet?.granted?.find((granted) => granted >= 0x80) ?? rest.code;
  if (isTlsProblem(error)) return new MqttError('MQTT_TLS', `TLS: ${inWords(error)}`);
  if (typeof reason === 'number')
    return new MqttError('MQTT_REFUSED', `the broker refused with reason ${reason}`, { cause: error });
  if (/(connack|keepalive) timeout/i.test(message))
    return new MqttError('MQTT_TIMEOUT', 'no answer in time', { cause: error });
  return new MqttError(otherwise, otherwise === 'MQTT_CONNECT' ? `no connection: ${inWords(error)}` : inWords(error));
}
