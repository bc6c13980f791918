import { type RetryPolicy, Secret } from '#base';
import type { MqttUserProperties } from '#platform';
import { type Row, type Rows, retryOf } from './config-row.ts';
import { isTopic } from './mqtt-topics.ts';

export interface MqttPeer {
  readonly kind: 'mqtt';
  readonly path: string;
  /** Topic of the controller. */
  readonly topic: string;
  /** `Device.MQTT.Client.{i}.` that carries it. */
  readonly client: string;
  readonly retainResponse: boolean;
  readonly retainNotify: boolean;
}

export interface MqttClientConfig {
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss';
  /** Row of `Device.IP.Interface.`, without the last dot, whose address connections come from; '': as the routing has it. */
  readonly interface: string;
  /** Of that interface, found when it connects. */
  readonly localAddresses?: readonly string[];
  readonly alpn: readonly string[];
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly username: string;
  readonly password: Secret;
  readonly keepAliveSeconds: number;
  readonly cleanStart: boolean;
  /** How long the broker keeps the session of a client that is away (MQTT 5). */
  readonly sessionExpirySeconds: number;
  readonly requestResponseInfo: boolean;
  readonly requestProblemInfo: boolean;
  readonly receiveMaximum: number;
  /** Bytes; 0: what the agent takes at most. */
  readonly maximumPacketSize: number;
  readonly topicAliasMaximum: number;
  /** 0: what is published does not expire. */
  readonly publishExpirySeconds: number;
  /** The operator's own, by the packet that they go with, in lower case. */
  readonly userProperties: MqttUserProperties;
  readonly retry: RetryPolicy;
  /** What the broker publishes when the agent is lost. */
  readonly will: MqttWillConfig | undefined;
}

export interface MqttWillConfig {
  readonly topic: string;
  readonly value: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly contentType: string;
  readonly responseTopic: string;
  readonly delaySeconds: number;
  /** 0: it does not expire. */
  readonly expirySeconds: number;
}

/** What a client listens to; it can change while the connection stands. */
export interface MqttListening {
  /** `Device.MQTT.Client.{i}.Subscription.{i}.` */
  readonly subscriptions: readonly { readonly path: string; readonly topic: string; readonly qos: 0 | 1 | 2 }[];
  /** Of the agent's MTP that uses it, and the QoS of what it publishes. */
  readonly responseTopic: string;
  readonly qos: 0 | 1 | 2;
}

/** How a controller is reached over MQTT. */
export function mqttPeer(mtp: Row, rows: Rows): MqttPeer[] {
  const agentMtps = rows('Device.LocalAgent.MTP.').filter((one) => one.text('Protocol') === 'MQTT');
  const agent = agentMtps.find(({ path }) => path === `${mtp.text('MQTT.AgentMTPReference')}.`) ?? agentMtps[0];
  const client = agent?.text('MQTT.Reference') ?? '';
  if (client === '' || mtp.text('MQTT.Topic') === '') return [];
  return [
    {
      kind: 'mqtt',
      path: mtp.path,
      topic: mtp.text('MQTT.Topic'),
      client: `${client}.`,
      retainResponse: mtp.flag('MQTT.PublishRetainResponse'),
      retainNotify: mtp.flag('MQTT.PublishRetainNotify'),
    },
  ];
}

const transports: Readonly<Record<string, MqttClientConfig['transport']>> = {
  TLS: 'tls',
  WebSocket: 'ws',
  WebSocketTLS: 'wss',
};

export function mqttClient(row: Row, rows: Rows): MqttClientConfig {
  const version = row.text('ProtocolVersion') === '3.1.1' ? 4 : 5;
  return {
    path: row.path,
    host: row.text('BrokerAddress'),
    port: row.number('BrokerPort', 1883),
    transport: transports[row.text('TransportProtocol')] ?? 'tcp',
    interface: row.text('Interface'),
    alpn: row.references('ALPN'),
    version,
    clientId: row.text('ClientID'),
    username: row.text('Username'),
    password: new Secret(row.text('Password')),
    keepAliveSeconds: row.number('KeepAliveTime', 60),
    cleanStart: row.flag(version === 4 ? 'CleanSession' : 'CleanStart'),
    sessionExpirySeconds: row.number('SessionExpiryInterval', 0),
    requestResponseInfo: row.flag('RequestResponseInfo'),
    requestProblemInfo: row.flag('RequestProblemInfo'),
    receiveMaximum: row.number('ReceiveMaximum', 65_535),
    maximumPacketSize: row.number('MaximumPacketSize', 0),
    topicAliasMaximum: row.number('TopicAliasMaximum', 0),
    publishExpirySeconds: row.number('PublishMessageExpiryInterval', 0),
    userProperties: userPropertiesOf(rows(`${row.path}UserProperty.`)),
    retry: retryOf(row, 'ConnectRetryTime', 'ConnectRetryIntervalMultiplier', 'ConnectRetryMaxInterval'),
    will: willOf(row),
  };
}

function userPropertiesOf(rows: readonly Row[]): MqttUserProperties {
  const properties: Record<string, Record<string, string>> = {};
  for (const row of rows) {
    for (const packet of row.references('PacketType')) {
      const kind = packet.toLowerCase();
      properties[kind] = { ...properties[kind], [row.text('Name')]: row.text('Value') };
    }
  }
  return properties;
}

function willOf(row: Row): MqttWillConfig | undefined {
  const topic = row.text('WillTopic');
  if (!row.flag('WillEnable') || !isTopic(topic)) return undefined;
  return {
    topic,
    value: row.text('WillValue'),
    qos: qosOf(row, 'WillQoS'),
    retain: row.flag('WillRetain'),
    contentType: row.text('WillContentType'),
    responseTopic: row.text('WillResponseTopic'),
    delaySeconds: row.number('WillDelayInterval', 0),
    expirySeconds: row.number('WillMessageExpiryInterval', 0),
  };
}

export function mqttListening(client: Row, mtps: readonly Row[], rows: Rows): MqttListening {
  const agent = mtps.find((mtp) => mtp.text('Protocol') === 'MQTT' && `${mtp.text('MQTT.Reference')}.` === client.path);
  return {
    subscriptions: rows(`${client.path}Subscription.`)
      .filter((row) => row.text('Topic') !== '')
      .map((row) => ({ path: row.path, topic: row.text('Topic'), qos: qosOf(row, 'QoS') })),
    responseTopic: agent?.text('MQTT.ResponseTopicConfigured') ?? '',
    qos: agent ? qosOf(agent, 'MQTT.PublishQoS') : 1,
  };
}

function qosOf(row: Row, name: string): 0 | 1 | 2 {
  const qos = row.number(name, 1);
  return qos === 0 || qos === 2 ? qos : 1;
}
