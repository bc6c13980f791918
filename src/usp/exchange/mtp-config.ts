import { type RetryPolicy, Secret } from '#base';
import { type Row, type Rows, retryOf } from './config-row.ts';
import {
  type MqttClientConfig,
  type MqttListening,
  type MqttPeer,
  mqttClient,
  mqttListening,
  mqttPeer,
} from './mqtt-config.ts';

/** The controller's own WebSocket server, which the agent connects to. */
export interface WebSocketPeer {
  readonly kind: 'websocket';
  /** Instance path of the row `Device.LocalAgent.Controller.{i}.MTP.{i}.`; in the others too. */
  readonly path: string;
  readonly url: URL;
  readonly keepAliveSeconds: number;
  readonly retry: RetryPolicy;
}
export interface StompPeer {
  readonly kind: 'stomp';
  readonly path: string;
  /** Destination of the controller. */
  readonly destination: string;
  /** `Device.STOMP.Connection.{i}.` that carries it. */
  readonly connection: string;
}
/** A controller on this device. */
export interface UdsPeer {
  readonly kind: 'uds';
  readonly path: string;
  /** `Device.UnixDomainSockets.UnixDomainSocket.{i}.` that it names. */
  readonly socket: string;
}
export type Peer = WebSocketPeer | MqttPeer | StompPeer | UdsPeer;

/** The agent's own WebSocket server, which controllers connect to (R-WS.6). */
export interface WebSocketServerConfig {
  /** Instance path of the row `Device.LocalAgent.MTP.{i}.`. */
  readonly path: string;
  readonly port: number;
  /** Of the URL, with the slash. */
  readonly resource: string;
  readonly encryption: boolean;
  readonly keepAliveSeconds: number;
  /** Rows of `Device.IP.Interface.`, without the last dot, by whose addresses it can be reached; none: by all. */
  readonly interfaces: readonly string[];
}

export interface StompConnectionConfig {
  /** Instance path of the row `Device.STOMP.Connection.{i}.`. */
  readonly path: string;
  readonly host: string;
  readonly port: number;
  readonly encryption: boolean;
  readonly virtualHost: string;
  readonly username: string;
  readonly password: Secret;
  readonly heartbeat: { readonly outgoingMs: number; readonly incomingMs: number } | undefined;
  readonly retry: RetryPolicy;
}

export interface UdsSocketConfig {
  /** Instance path of the row `Device.UnixDomainSockets.UnixDomainSocket.{i}.`. */
  readonly path: string;
  /** File. */
  readonly socket: string;
  readonly mode: 'Listen' | 'Connect';
}

/** What carries records, whoever they are from. */
export interface MtpConfig {
  readonly udsSockets: readonly UdsSocketConfig[];
  /** Where services of this device are waited for: those that listen and are no MTP of the agent's. */
  readonly serviceSockets: readonly UdsSocketConfig[];
  /** What the service with an Endpoint ID may register (`Device.USPServices.Trust.`). */
  readonly serviceTrust: ReadonlyMap<string, readonly string[]>;
  readonly stompConnections: readonly StompConnectionConfig[];
  /** The agent's own destinations, by the connection's row. */
  readonly stompDestinations: ReadonlyMap<string, readonly string[]>;
  readonly webSocketServers: readonly WebSocketServerConfig[];
  readonly mqttClients: readonly MqttClientConfig[];
  /** By the client's row. */
  readonly mqttListening: ReadonlyMap<string, MqttListening>;
  /** For a row of `Device.LocalAgent.MTP.` the row of what carries it, if that is another one. */
  readonly carriers: ReadonlyMap<string, string>;
}

export const noMtps: MtpConfig = {
  webSocketServers: [],
  mqttClients: [],
  mqttListening: new Map(),
  udsSockets: [],
  serviceSockets: [],
  serviceTrust: new Map(),
  stompConnections: [],
  stompDestinations: new Map(),
  carriers: new Map(),
};

export const mtpPaths = [
  'Device.LocalAgent.MTP.',
  'Device.MQTT.Client.',
  'Device.STOMP.Connection.',
  'Device.UnixDomainSockets.UnixDomainSocket.',
  'Device.USPServices.Trust.',
];

export function readMtps(rows: Rows): MtpConfig {
  const mtps = rows('Device.LocalAgent.MTP.');
  return {
    webSocketServers: mtps.filter((mtp) => mtp.text('Protocol') === 'WebSocket').map(webSocketServer),
    mqttClients: rows('Device.MQTT.Client.').map((row) => mqttClient(row, rows)),
    mqttListening: new Map(rows('Device.MQTT.Client.').map((row) => [row.path, mqttListening(row, mtps, rows)])),
    udsSockets: udsSockets(mtps, rows).used,
    serviceSockets: udsSockets(rows('Device.LocalAgent.MTP.', 'all'), rows).others.filter(
      ({ mode }) => mode === 'Listen',
    ),
    serviceTrust: new Map(
      rows('Device.USPServices.Trust.').map((row) => [row.text('EndpointID'), row.references('TargetPaths')]),
    ),
    stompConnections: rows('Device.STOMP.Connection.').map(stompConnection),
    stompDestinations: stompDestinations(mtps),
    carriers: new Map(mtps.flatMap((mtp) => carrierOf(mtp))),
  };
}

function carrierOf(mtp: Row): [string, string][] {
  const protocol = mtp.text('Protocol');
  const references: Readonly<Record<string, string>> = {
    MQTT: 'MQTT.Reference',
    STOMP: 'STOMP.Reference',
    UDS: 'UDS.UnixDomainSocketRef',
  };
  const reference = references[protocol];
  const carrier = reference === undefined ? '' : mtp.text(reference);
  return carrier === '' ? [] : [[mtp.path, `${carrier}.`]];
}

/** How a controller is reached. @param mtp row of its table */
export function peersOf(mtp: Row, rows: Rows): Peer[] {
  switch (mtp.text('Protocol')) {
    case 'WebSocket':
      return webSocketPeer(mtp);
    case 'MQTT':
      return mqttPeer(mtp, rows);
    case 'STOMP':
      return stompPeer(mtp);
    case 'UDS':
      return [{ kind: 'uds', path: mtp.path, socket: `${mtp.text('UDS.UnixDomainSocketRef')}.` }];
    default:
      return [];
  }
}

function webSocketPeer(mtp: Row): Peer[] {
  const host = mtp.text('WebSocket.Host');
  const scheme = mtp.flag('WebSocket.EnableEncryption') ? 'wss' : 'ws';
  const path = mtp.text('WebSocket.Path');
  const text = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${mtp.number('WebSocket.Port', 443)}/${path.replace(/^\//, '')}`;
  if (host === '' || !URL.canParse(text)) return [];
  return [
    {
      kind: 'websocket',
      path: mtp.path,
      url: new URL(text),
      keepAliveSeconds: mtp.number('WebSocket.KeepAliveInterval', 60),
      retry: retryOf(mtp, 'WebSocket.SessionRetryMinimumWaitInterval', 'WebSocket.SessionRetryIntervalMultiplier'),
    },
  ];
}

function webSocketServer(mtp: Row): WebSocketServerConfig {
  return {
    path: mtp.path,
    port: mtp.number('WebSocket.Port', 8443),
    resource: `/${mtp.text('WebSocket.Path').replace(/^\//, '')}`,
    encryption: mtp.flag('WebSocket.EnableEncryption'),
    keepAliveSeconds: mtp.number('WebSocket.KeepAliveInterval', 60),
    interfaces: mtp.references('WebSocket.Interfaces'),
  };
}

function stompPeer(mtp: Row): Peer[] {
  const [connection, destination] = [mtp.text('STOMP.Reference'), mtp.text('STOMP.Destination')];
  if (connection === '' || destination === '') return [];
  return [{ kind: 'stomp', path: mtp.path, destination, connection: `${connection}.` }];
}

function stompConnection(row: Row): StompConnectionConfig {
  return {
    path: row.path,
    host: row.text('Host'),
    port: row.number('Port', 61_613),
    encryption: row.flag('EnableEncryption'),
    virtualHost: row.text('VirtualHost'),
    username: row.text('Username'),
    password: new Secret(row.text('Password')),
    // R-STOMP.8, R-STOMP.9
    heartbeat: row.flag('EnableHeartbeats')
      ? { outgoingMs: row.number('OutgoingHeartbeat', 0), incomingMs: row.number('IncomingHeartbeat', 0) }
      : undefined,
    retry: retryOf(row, 'ServerRetryInitialInterval', 'ServerRetryIntervalMultiplier', 'ServerRetryMaxInterval'),
  };
}

function stompDestinations(mtps: readonly Row[]): Map<string, string[]> {
  const destinations = new Map<string, string[]>();
  for (const mtp of mtps) {
    const [connection, destination] = [mtp.text('STOMP.Reference'), mtp.text('STOMP.Destination')];
    if (mtp.text('Protocol') !== 'STOMP' || connection === '') continue;
    const known = destinations.get(`${connection}.`) ?? [];
    destinations.set(
      `${connection}.`,
      destination === '' || known.includes(destination) ? known : [...known, destination],
    );
  }
  return destinations;
}

/** Of all sockets those that these MTPs use, and the others. */
function udsSockets(
  mtps: readonly Row[],
  rows: Rows,
): { readonly used: UdsSocketConfig[]; readonly others: UdsSocketConfig[] } {
  const named = mtps.filter((mtp) => mtp.text('Protocol') === 'UDS').map((mtp) => mtp.text('UDS.UnixDomainSocketRef'));
  const sockets = rows('Device.UnixDomainSockets.UnixDomainSocket.').flatMap((row): UdsSocketConfig[] => {
    const [socket, mode] = [row.text('Path'), row.text('Mode')];
    return socket.startsWith('/') ? [{ path: row.path, socket, mode: mode === 'Connect' ? 'Connect' : 'Listen' }] : [];
  });
  const isUsed = ({ path }: UdsSocketConfig): boolean => named.some((one) => `${one}.` === path);
  return { used: sockets.filter(isUsed), others: sockets.filter((socket) => !isUsed(socket)) };
}
