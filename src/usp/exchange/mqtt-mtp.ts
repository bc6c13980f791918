import { type Emitter, explain, type Log, TandemError } from '#base';
import type { MqttEvents, MqttLink, MqttMessage } from '#platform';
import type { RecordContent } from '../codec/record.ts';
import { addressedRecord } from './addressed-record.ts';
import type { LateAnswers } from './late-answers.ts';
import { type Evidence, nothingKnown } from './link.ts';
import type { MqttClientConfig, MqttListening } from './mqtt-config.ts';
import type { MqttStats } from './mqtt-stats.ts';
import { covers, isTopic } from './mqtt-topics.ts';
import { SharedLinks, type SharedUser } from './shared-links.ts';

export type OpenMqtt = (
  config: MqttClientConfig,
  endpointId: string,
  events: MqttEvents,
  signal: AbortSignal,
) => Promise<MqttLink>;

/** R-MQTT.27, R-MQTT.27a */
const contentType = 'usp.msg';
const contentTypes = new Set([contentType, 'application/vnd.bbf.usp.msg']);

export interface MqttUser extends SharedUser {
  readonly retainResponse: boolean;
  readonly retainNotify: boolean;
}

/** What a connection has found out, for the data model. */
export interface MqttFound {
  readonly responseInformation: string;
  readonly replyTo: string;
  /** Filters that the broker has taken; of the others it refused those that are here as `false`. */
  readonly filters: ReadonlyMap<string, boolean>;
}

export interface MqttMtpParts {
  readonly config: MqttClientConfig;
  readonly endpointId: string;
  readonly open: OpenMqtt;
  readonly log: Log;
  /** What is to be listened to, as it is configured now. */
  readonly listening: () => MqttListening;
  /** Controllers that are reached over this client, as they are now. */
  readonly controllers: () => readonly MqttUser[];
  /** Says that one of the two has changed. */
  readonly changes: Emitter<void>;
  readonly stats: MqttStats;
  readonly late: LateAnswers;
  readonly found: (found: MqttFound | undefined) => void;
  /** The broker has given us an identifier: for all connections to come (R-MQTT.9). */
  readonly assigned: (clientId: string) => void;
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

/** USP_NO_TOPIC: nobody says where we are reached (R-MQTT.16); USP_NOT_SUBSCRIBED: the broker takes none of our subscriptions (R-MQTT.17). */
export class MqttMtpError extends TandemError {}

/**
 * One MQTT client, for all controllers that are reached over it (TR-369 "MQTT Binding").
 * @returns when the connection is over; @throws MqttError, MqttMtpError
 */
export async function runMqtt(parts: MqttMtpParts): Promise<void> {
  const { endpointId, log, signal, stats } = parts;
  // R-MQTT.8
  const clientId = parts.config.clientId || (parts.config.version === 4 ? endpointId : '');
  const config = { ...parts.config, clientId };
  const five = config.version === 5;
  let over: (error: unknown) => void = () => {};
  const closed = new Promise<unknown>((resolve) => {
    over = resolve;
  });
  let mqtt: MqttLink | undefined;
  let replyTo = '';
  const publish = (topic: string, payload: Uint8Array, retain: boolean): void => {
    const limit = mqtt!.connack.maximumPacketSize;
    if (limit !== undefined && payload.length + topic.length + replyTo.length + packetOverhead > limit) {
      log.warn('a record is larger than the broker takes', { topic, bytes: payload.length, limit });
      return;
    }
    stats.count('PublishSent', 'LastPublishMessageSent');
    mqtt!
      .publish({
        // R-MQTT.24
        topic: five ? topic : `${topic}/reply-to=${replyTo.replaceAll('/', '%2F')}`,
        payload,
        qos: parts.listening().qos,
        retain,
        ...(five && { responseTopic: replyTo, contentType }),
      })
      .then((heard) => {
        if (!heard) log.warn('nobody listens to a topic, as the broker says', { topic });
      })
      .catch((error) => {
        stats.count('PublishErrors');
        log.warn('could not publish', { topic, reason: explain(error) });
      });
  };
  const answer = (topic: string, payload: Uint8Array, retain: boolean): void => {
    if (signal.aborted) parts.late.add({ address: topic, record: payload, retain });
    else publish(topic, payload, retain);
  };
  const early: MqttMessage[] = [];
  let earlyBytes = 0;
  let evidence: Evidence = nothingKnown;
  mqtt = await parts.open(
    config,
    endpointId,
    {
      message: (message) => {
        stats.count('PublishReceived', 'LastPublishMessageReceived');
        // There is nowhere to answer to before the agent's own topic is known.
        if (replyTo === '') {
          if (early.length === earlyLimit.messages || earlyBytes + message.payload.length > earlyLimit.bytes) {
            log.warn('too much comes before the broker has taken the subscriptions; a publication is dropped', {});
            return;
          }
          early.push(message);
          earlyBytes += message.payload.length;
        } else receive(parts, message, answer, connectOf(config, replyTo), evidence);
      },
      packet: (direction) => stats.count(direction === 'sent' ? 'MQTTMessagesSent' : 'MQTTMessagesReceived'),
      closed: over,
    },
    signal,
  );
  stats.note('BrokerConnectionEstablished');
  const { assignedClientId, responseInformation = '' } = mqtt.connack;
  if (assignedClientId !== undefined && clientId === '') parts.assigned(assignedClientId);
  evidence = { ...mqtt.peer, end: 'broker' };
  const links = new SharedLinks<MqttUser>('mqtt', evidence, ({ address, retainNotify }, record) =>
    publish(address, record, retainNotify),
  );
  const stop = (): void => over(undefined);
  signal.addEventListener('abort', stop, { once: true });
  const filters = new Map<string, boolean>();
  const sync = async (): Promise<void> => {
    const { topics, wanted } = wantedOf(mqtt, config.version, parts.listening());
    await subscribe(mqtt, filters, wanted, parts);
    const topic = reachedAt(topics, filters, mqtt.connack.responseInformation);
    // Everybody is told where the agent is now.
    if (replyTo !== topic) links[Symbol.dispose]();
    replyTo = topic;
    parts.found({ responseInformation, replyTo, filters });
    links.sync(parts.controllers(), connectOf(config, replyTo));
  };
  let turn = sync();
  const changed = parts.changes.on(() => {
    turn = turn.then(sync);
    turn.catch(over);
  });
  try {
    await turn;
    parts.stands();
    for (const { address, record, retain } of parts.late.take()) publish(address, record, retain);
    for (const message of early) receive(parts, message, answer, connectOf(config, replyTo), evidence);
    const error = signal.aborted ? undefined : await closed;
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    changed[Symbol.dispose]();
    if (signal.aborted) links.leave();
    links[Symbol.dispose]();
    parts.found(undefined);
    // R-MQTT.35
    await mqtt[Symbol.asyncDispose]();
    log.info('connection closed', { broker: config.host });
  }
}

/** What a kept session has waiting, while there is no way to answer it. */
const earlyLimit = { messages: 64, bytes: 8 << 20 };
/** What a PUBLISH has beside payload and topics, generously. */
const packetOverhead = 64;

const connectOf = ({ version }: MqttClientConfig, subscribedTopic: string): RecordContent => ({
  mqttConnect: { version: version === 5 ? 1 : 0, subscribedTopic },
});

/** R-MQTT.15: what to subscribe to, with QoS, and the topics that the agent can be reached at, the best first. @throws MqttMtpError */
function wantedOf(
  mqtt: MqttLink,
  version: 4 | 5,
  { subscriptions, responseTopic, qos }: MqttListening,
): { topics: readonly string[]; wanted: ReadonlyMap<string, 0 | 1 | 2> } {
  const { responseInformation, userProperties } = mqtt.connack;
  const given = userProperties['subscribe-topic'] ?? [];
  const wanted = new Map<string, 0 | 1 | 2>(subscriptions.map((one) => [one.topic, one.qos]));
  for (const filter of typeof given === 'string' ? [given] : given) if (!wanted.has(filter)) wanted.set(filter, qos);
  const own = responseInformation || responseTopic;
  // A 3.1.1 client hears who it is answered to behind its own topic (R-MQTT.24).
  const filter = version === 5 ? own : `${own}/#`;
  if (isTopic(own) && ![...wanted.keys()].some((known) => covers(known, filter))) wanted.set(filter, qos);
  const topics = [own, ...wanted.keys()].filter(isTopic);
  if (topics.length === 0) {
    throw new MqttMtpError('USP_NO_TOPIC', 'neither the configuration nor the broker names a topic to listen on');
  }
  return { topics, wanted };
}

/** The response information (R-MQTT.21), else the first that the agent is subscribed to ("MQTTConnectRecord fields"), if it is to any. */
function reachedAt(
  topics: readonly string[],
  filters: ReadonlyMap<string, boolean>,
  responseInformation: string | undefined,
): string {
  const subscribed = (topic: string): boolean => [...filters].some(([filter, taken]) => taken && covers(filter, topic));
  return topics.find((topic) => topic === responseInformation || subscribed(topic)) ?? topics[0]!;
}

/** The new ones first, then those that nobody names any more are left (R-MQTT.34). @throws MqttMtpError when none is taken */
async function subscribe(
  mqtt: MqttLink,
  filters: Map<string, boolean>,
  wanted: ReadonlyMap<string, 0 | 1 | 2>,
  { log, stats }: Pick<MqttMtpParts, 'log' | 'stats'>,
): Promise<void> {
  for (const [filter, qos] of wanted) {
    if (filters.get(filter)) continue;
    try {
      stats.count('SubscribeSent');
      await mqtt.subscribe(filter, qos);
      filters.set(filter, true);
    } catch (error) {
      filters.set(filter, false);
      log.warn('a subscription was not taken', { topic: filter, reason: explain(error) });
    }
  }
  for (const [filter, taken] of [...filters]) {
    if (wanted.has(filter)) continue;
    filters.delete(filter);
    if (!taken) continue;
    stats.count('UnSubscribeSent');
    await mqtt.unsubscribe(filter);
  }
  if (![...filters.values()].includes(true)) {
    throw new MqttMtpError('USP_NOT_SUBSCRIBED', 'the broker takes none of the subscriptions');
  }
}

function receive(
  parts: MqttMtpParts,
  message: MqttMessage,
  publish: (topic: string, payload: Uint8Array, retain: boolean) => void,
  connect: RecordContent,
  evidence: Evidence,
): void {
  const { endpointId, log, config } = parts;
  if (config.version === 5 && message.contentType !== undefined && !contentTypes.has(message.contentType)) {
    log.warn('a publication of another content type is ignored', { content_type: message.contentType.slice(0, 100) });
    return;
  }
  const addressed = addressedRecord(message.payload, endpointId, parts.controllers(), log);
  if (!addressed) return;
  const { record, known } = addressed;
  // R-MQTT.25, R-MQTT.26; where there is none it goes to where the controller is configured to be.
  const given = message.responseTopic ?? replyTopicOf(message.topic) ?? '';
  const replyTo = isTopic(given) ? given : known.address;
  known.session.receive(record, {
    reply: (answer) => publish(replyTo, answer, known.retainResponse),
    reject: (reason) => log.warn('a record was dropped', { from: record.fromId, reason }),
    connect,
    evidence,
  });
}

/** R-MQTT.25 */
function replyTopicOf(topic: string): string | undefined {
  return /\/reply-to=([^/]+)$/.exec(topic)?.[1]?.replaceAll('%2F', '/');
}
