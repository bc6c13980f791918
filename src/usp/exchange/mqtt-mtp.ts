import { errorCode, explain, type Log } from '#base';
import type { MqttEvents, MqttLink, MqttMessage } from '#platform';
import { readRecord, type UspRecord } from '../codec/record.ts';
import type { ControllerSession, Link } from './controller-session.ts';
import type { MqttClientConfig } from './mtp-config.ts';

export type OpenMqtt = (
  config: MqttClientConfig,
  endpointId: string,
  events: MqttEvents,
  signal: AbortSignal,
) => Promise<MqttLink>;

/** R-MQTT.27, R-MQTT.27a */
const contentType = 'usp.msg';
const contentTypes = new Set([contentType, 'application/vnd.bbf.usp.msg']);

export interface MqttMtpParts {
  readonly config: MqttClientConfig;
  readonly endpointId: string;
  readonly open: OpenMqtt;
  readonly log: Log;
  /** Controllers that are reached over this client, with their topics, as they are now. */
  readonly controllers: () => readonly { readonly session: ControllerSession; readonly topic: string }[];
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

/**
 * One MQTT client, for all controllers that are reached over it (TR-369 "MQTT Binding").
 * @returns when the connection is over; @throws MqttError
 */
export async function runMqtt(parts: MqttMtpParts): Promise<void> {
  const { config, endpointId, log, signal } = parts;
  let over: (error: unknown) => void = () => {};
  const closed = new Promise<unknown>((resolve) => {
    over = resolve;
  });
  const links: { readonly session: ControllerSession; readonly link: Link }[] = [];
  let mqtt: MqttLink | undefined;
  let replyTo = '';
  const publish = (topic: string, payload: Uint8Array): void => {
    const five = config.version === 5;
    mqtt!
      .publish({
        // R-MQTT.24
        topic: five ? topic : `${topic}/reply-to=${replyTo.replaceAll('/', '%2F')}`,
        payload,
        qos: config.qos,
        ...(five && { responseTopic: replyTo, contentType }),
      })
      .catch((error) => log.warn('could not publish', { topic, reason: explain(error) }));
  };
  const early: MqttMessage[] = [];
  mqtt = await parts.open(
    config,
    endpointId,
    {
      message: (message) => {
        // There is nowhere to answer to before the agent's own topic is known.
        if (replyTo === '') early.push(message);
        else receive(parts, message, publish);
      },
      closed: over,
    },
    signal,
  );
  const stop = (): void => over(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    replyTo = await subscribe(mqtt, config);
    parts.stands();
    for (const { session, topic } of parts.controllers()) {
      const connect = { mqttConnect: { version: config.version === 5 ? 1 : 0, subscribedTopic: replyTo } };
      const link: Link = { kind: 'mqtt', connect, send: (record) => publish(topic, record) };
      link.send(session.record(connect));
      session.connected(link);
      links.push({ session, link });
    }
    for (const message of early) receive(parts, message, publish);
    if (!signal.aborted) {
      const error = await closed;
      if (!signal.aborted) log.info('connection closed', { broker: config.host, reason: explain(error) });
    }
  } finally {
    signal.removeEventListener('abort', stop);
    for (const { session, link } of links) session.disconnected(link);
    await mqtt[Symbol.asyncDispose]();
  }
}

/** R-MQTT.15 to R-MQTT.17, R-MQTT.21. @returns the "reply to" topic */
async function subscribe(mqtt: MqttLink, config: MqttClientConfig): Promise<string> {
  const { responseInformation, userProperties } = mqtt.connack;
  const given = userProperties['subscribe-topic'] ?? [];
  const own = responseInformation || config.responseTopic;
  const topics = new Set([...(typeof given === 'string' ? [given] : given), ...(own === '' ? [] : [own])]);
  let first: string | undefined;
  for (const topic of topics) {
    await mqtt.subscribe(config.version === 5 ? topic : `${topic}/#`, config.qos);
    first ??= topic;
  }
  if (first === undefined) throw new Error('neither the configuration nor the broker names a topic to listen on');
  return own || first;
}

function receive(
  parts: MqttMtpParts,
  message: MqttMessage,
  publish: (topic: string, payload: Uint8Array) => void,
): void {
  const { endpointId, log, config } = parts;
  if (config.version === 5 && message.contentType !== undefined && !contentTypes.has(message.contentType)) {
    log.warn('a publication of another content type is ignored', { content_type: message.contentType });
    return;
  }
  let record: UspRecord;
  try {
    record = readRecord(message.payload);
  } catch (error) {
    log.warn('a record can not be read', { code: errorCode(error), reason: explain(error) });
    return;
  }
  const known = parts.controllers().find(({ session }) => session.config.endpointId === record.fromId);
  if (record.toId !== endpointId || !known) {
    log.warn('a record is not for us, or from nobody we know', { from: record.fromId, to: record.toId });
    return;
  }
  const replyTo = message.responseTopic ?? replyTopicOf(message.topic) ?? known.topic;
  known.session.receive(record, {
    reply: (answer) => publish(replyTo, answer),
    reject: (reason) => log.warn('a record was dropped', { from: record.fromId, reason }),
  });
}

/** R-MQTT.25 */
function replyTopicOf(topic: string): string | undefined {
  return /\/reply-to=([^/]+)$/.exec(topic)?.[1]?.replaceAll('%2F', '/');
}
