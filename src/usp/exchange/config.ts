import { type RetryPolicy, Secret } from '#base';
import type { Model, ObjectReading } from '#model';
import type { Permission, Role } from '../trust/access.ts';

export interface WebSocketPeer {
  readonly kind: 'websocket';
  readonly url: URL;
  readonly keepAliveSeconds: number;
  readonly retry: RetryPolicy;
}
export interface MqttPeer {
  readonly kind: 'mqtt';
  /** Topic of the controller. */
  readonly topic: string;
  /** `Device.MQTT.Client.{i}.` that carries it. */
  readonly client: string;
}

export interface ControllerConfig {
  /** Instance path of its row. */
  readonly path: string;
  readonly endpointId: string;
  readonly roles: readonly Role[];
  /** Enabled ones, in their order. */
  readonly peers: readonly (WebSocketPeer | MqttPeer)[];
  readonly notifyRetry: RetryPolicy;
  /** Paths whose values go with every Boot! to this controller. */
  readonly bootParameters: readonly string[];
  readonly periodic: {
    readonly intervalSeconds: number;
    /** Milliseconds since 1970; `undefined`: counted from now. */
    readonly phase: number | undefined;
  };
}

export interface MqttClientConfig {
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'tls';
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly username: string;
  readonly password: Secret;
  readonly keepAliveSeconds: number;
  readonly cleanStart: boolean;
  /** How long the broker keeps the session of a client that is away (MQTT 5). */
  readonly sessionExpirySeconds: number;
  readonly requestResponseInfo: boolean;
  readonly retry: RetryPolicy;
  /** Of the agent's MTP that uses it. */
  readonly responseTopic: string;
  readonly qos: 0 | 1 | 2;
}

export interface UspConfig {
  readonly controllers: readonly ControllerConfig[];
  readonly mqttClients: readonly MqttClientConfig[];
}

/** Where the configuration lives: a change of one of these is taken over at once. */
export const configPaths = [
  'Device.LocalAgent.Controller.',
  'Device.LocalAgent.MTP.',
  'Device.LocalAgent.ControllerTrust.',
  'Device.MQTT.Client.',
];

/** The agent's controllers, transports and roles as they stand in the model, secrets included. What is not enabled is left out. */
export async function readConfig(model: Model): Promise<UspConfig> {
  const objects = new Map<string, ReadonlyMap<string, string>>();
  for (const { result } of await model.get({ protocol: 'usp', reveal: true }, configPaths)) {
    if (!result.ok) continue;
    for (const object of result.value) objects.set(object.path, valuesOf(object));
  }
  const rows = (table: string): Row[] =>
    [...objects]
      .filter(([path]) => path.startsWith(table) && /^[0-9]+\.$/.test(path.slice(table.length)))
      .map(([path]) => new Row(path, objects))
      .filter((row) => row.flag('Enable'));
  const trust = 'Device.LocalAgent.ControllerTrust.Role.';
  const roles = new Map(rows(trust).map((row) => [row.path, rows(`${row.path}Permission.`).map(permission)]));
  const agentMtps = rows('Device.LocalAgent.MTP.').filter((row) => row.text('Protocol') === 'MQTT');
  return {
    controllers: rows('Device.LocalAgent.Controller.')
      .filter((row) => row.text('EndpointID') !== '')
      .map((row) => ({
        path: row.path,
        endpointId: row.text('EndpointID'),
        roles: row.references('AssignedRole').flatMap((path) => {
          const role = roles.get(`${path}.`);
          return role ? [role] : [];
        }),
        peers: rows(`${row.path}MTP.`)
          .sort((a, b) => a.number('Order', 0) - b.number('Order', 0))
          .flatMap((mtp) => peerOf(mtp, agentMtps)),
        bootParameters: rows(`${row.path}BootParameter.`).map((parameter) => parameter.text('ParameterName')),
        periodic: {
          intervalSeconds: row.number('PeriodicNotifInterval', 86_400),
          phase: phaseOf(row.text('PeriodicNotifTime')),
        },
        notifyRetry: retryOf(row, 'USPNotifRetryMinimumWaitInterval', 'USPNotifRetryIntervalMultiplier'),
      })),
    mqttClients: rows('Device.MQTT.Client.').map((row) => mqttClient(row, agentMtps)),
  };
}

/** One row and the single objects below it. */
class Row {
  readonly path: string;
  readonly #objects: ReadonlyMap<string, ReadonlyMap<string, string>>;
  constructor(path: string, objects: ReadonlyMap<string, ReadonlyMap<string, string>>) {
    this.path = path;
    this.#objects = objects;
  }
  /** @param name `Port` or `WebSocket.Port` */
  text(name: string): string {
    const dot = name.lastIndexOf('.') + 1;
    return this.#objects.get(this.path + name.slice(0, dot))?.get(name.slice(dot)) ?? '';
  }
  flag(name: string): boolean {
    return this.text(name) === 'true';
  }
  number(name: string, otherwise: number): number {
    const value = Number(this.text(name));
    return this.text(name) !== '' && Number.isFinite(value) ? value : otherwise;
  }
  references(name: string): string[] {
    return this.text(name).split(',').filter(Boolean);
  }
}

function valuesOf(object: ObjectReading): ReadonlyMap<string, string> {
  return new Map(object.parameters.map(({ info, value }) => [info.name, value]));
}

function permission(row: Row): Permission {
  return {
    order: row.number('Order', 0),
    targets: row.references('Targets'),
    rights: {
      Param: row.text('Param'),
      Obj: row.text('Obj'),
      InstantiatedObj: row.text('InstantiatedObj'),
      CommandEvent: row.text('CommandEvent'),
    },
  };
}

function peerOf(mtp: Row, agentMtps: readonly Row[]): (WebSocketPeer | MqttPeer)[] {
  if (mtp.text('Protocol') === 'WebSocket') {
    const host = mtp.text('WebSocket.Host');
    const scheme = mtp.flag('WebSocket.EnableEncryption') ? 'wss' : 'ws';
    const path = mtp.text('WebSocket.Path');
    const text = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${mtp.number('WebSocket.Port', 443)}/${path.replace(/^\//, '')}`;
    if (host === '' || !URL.canParse(text)) return [];
    return [
      {
        kind: 'websocket',
        url: new URL(text),
        keepAliveSeconds: mtp.number('WebSocket.KeepAliveInterval', 60),
        retry: retryOf(mtp, 'WebSocket.SessionRetryMinimumWaitInterval', 'WebSocket.SessionRetryIntervalMultiplier'),
      },
    ];
  }
  if (mtp.text('Protocol') === 'MQTT') {
    const agent = agentMtps.find(({ path }) => path === `${mtp.text('MQTT.AgentMTPReference')}.`) ?? agentMtps[0];
    const client = agent?.text('MQTT.Reference') ?? '';
    if (client === '' || mtp.text('MQTT.Topic') === '') return [];
    return [{ kind: 'mqtt', topic: mtp.text('MQTT.Topic'), client: `${client}.` }];
  }
  return [];
}

function mqttClient(row: Row, agentMtps: readonly Row[]): MqttClientConfig {
  const agent = agentMtps.find((mtp) => `${mtp.text('MQTT.Reference')}.` === row.path);
  const qos = agent?.number('MQTT.PublishQoS', 1);
  return {
    path: row.path,
    host: row.text('BrokerAddress'),
    port: row.number('BrokerPort', 1883),
    transport: row.text('TransportProtocol') === 'TLS' ? 'tls' : 'tcp',
    version: row.text('ProtocolVersion') === '3.1.1' ? 4 : 5,
    clientId: row.text('ClientID'),
    username: row.text('Username'),
    password: new Secret(row.text('Password')),
    keepAliveSeconds: row.number('KeepAliveTime', 60),
    cleanStart: row.flag('CleanStart'),
    sessionExpirySeconds: row.number('SessionExpiryInterval', 0),
    requestResponseInfo: row.flag('RequestResponseInfo'),
    retry: retryOf(row, 'ConnectRetryTime', 'ConnectRetryIntervalMultiplier'),
    responseTopic: agent?.text('MQTT.ResponseTopicConfigured') ?? '',
    qos: qos === 0 || qos === 2 ? qos : 1,
  };
}

/** The unknown time leaves the phase open. */
function phaseOf(text: string): number | undefined {
  const phase = Date.parse(text);
  return Number.isNaN(phase) || phase < 0 ? undefined : phase;
}

function retryOf(row: Row, minimum: string, multiplier: string): RetryPolicy {
  return {
    minimumWaitSeconds: row.number(minimum, 5) || 5,
    intervalMultiplier: row.number(multiplier, 2000) || 2000,
  };
}
