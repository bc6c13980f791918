import type { IClientOptions } from 'mqtt';
import type { MqttOptions, MqttWill, PublishedMessage } from './mqtt.ts';

/** What the client library is to be told. */
export function settingsOf(options: MqttOptions, packetLimitBytes: number, connectTimeout: number): IClientOptions {
  const { version, username, password, sessionExpirySeconds, will, receiveMaximum, topicAliasMaximum } = options;
  const userProperties = options.userProperties?.connect;
  return {
    protocolVersion: version,
    clientId: options.clientId,
    // Without an id there is no session to come back to (MQTT 3.1.1 3.1.3.1).
    clean: options.cleanStart || options.clientId === '',
    keepalive: options.keepAliveSeconds,
    connectTimeout,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.reveal() }),
    ...(will && { will: willOf(will, options) }),
    ...(version === 5 && {
      properties: {
        requestResponseInformation: options.requestResponseInfo ?? false,
        maximumPacketSize: packetLimitBytes,
        ...(sessionExpirySeconds !== undefined && { sessionExpiryInterval: sessionExpirySeconds }),
        ...(receiveMaximum !== undefined && { receiveMaximum }),
        ...(topicAliasMaximum !== undefined && { topicAliasMaximum }),
        ...(options.requestProblemInfo === false && { requestProblemInformation: false }),
        ...(userProperties && { userProperties: { ...userProperties } }),
      },
    }),
  };
}

function willOf(will: MqttWill, options: MqttOptions) {
  const { properties, ...rest } = publicationOf(will, { version: options.version });
  const userProperties = options.userProperties?.will;
  const { delaySeconds, expirySeconds } = will;
  return {
    ...rest,
    ...(properties && {
      properties: {
        ...properties,
        ...(userProperties && { userProperties: { ...userProperties } }),
        ...(delaySeconds !== undefined && { willDelayInterval: delaySeconds }),
        ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
      },
    }),
  };
}

/** A publication as the library takes it. */
export function publicationOf(
  message: PublishedMessage,
  { version, publishExpirySeconds = 0 }: Pick<MqttOptions, 'version' | 'publishExpirySeconds'>,
) {
  const { topic, payload, qos, retain = false, responseTopic, contentType } = message;
  return {
    topic,
    payload: Buffer.from(payload),
    qos,
    retain,
    ...(version === 5 && {
      properties: {
        ...(responseTopic !== undefined && { responseTopic }),
        ...(contentType !== undefined && { contentType }),
        ...(publishExpirySeconds > 0 && { messageExpiryInterval: publishExpirySeconds }),
      },
    }),
  };
}
