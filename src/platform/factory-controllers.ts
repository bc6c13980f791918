import { file, invalid, port, string, table } from './factory-json.ts';

export interface FactoryMqtt {
  readonly broker: string;
  readonly port: number;
  readonly encryption: boolean;
  readonly username: string;
  readonly password: string;
  /** Topic of the controller. */
  readonly topic: string;
  /** Topic of the agent; '' leaves it to the broker. */
  readonly responseTopic: string;
}

export interface FactoryStomp {
  readonly broker: string;
  readonly port: number;
  readonly encryption: boolean;
  readonly username: string;
  readonly password: string;
  readonly virtualHost: string;
  /** Destination of the controller. */
  readonly destination: string;
  /** Destination of the agent; '' leaves it to the broker. */
  readonly agentDestination: string;
}

export interface FactoryWebSocket {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly encryption: boolean;
}

export interface FactoryUds {
  /** File of the socket. */
  readonly path: string;
  readonly mode: 'Listen' | 'Connect';
}

export interface FactoryWebSocketServer {
  readonly port: number;
  readonly path: string;
  readonly encryption: boolean;
  /** Sections `interface` of the network configuration; none: all. */
  readonly interfaces: readonly string[];
}

export interface FactoryController {
  readonly endpointId: string;
  /** Name of a section `role` of the configuration. */
  readonly role: string;
  readonly webSocket?: FactoryWebSocket;
  readonly mqtt?: FactoryMqtt;
  readonly stomp?: FactoryStomp;
  readonly uds?: FactoryUds;
}

type Table = Record<string, unknown>;

/** @param served controllers can connect to the agent: they need no way of their own */
export function readController(entry: Table, at: string, served: boolean): FactoryController {
  const part = <T>(name: string, read: (of: Table, at: string) => T): T | undefined =>
    entry[name] === undefined ? undefined : read(table(entry[name], `${at}/${name}`), `${at}/${name}`);
  const webSocket = part('websocket', (of, here) => ({
    host: string(of, here, 'host'),
    port: port(of, here, 443),
    path: string(of, here, 'path', '/usp'),
    encryption: of.encryption !== false,
  }));
  const mqtt = part('mqtt', (of, here) => ({
    ...broker(of, here, 8883),
    topic: string(of, here, 'topic'),
    responseTopic: string(of, here, 'response_topic', ''),
  }));
  const stomp = part('stomp', (of, here) => ({
    ...broker(of, here, 61_613),
    virtualHost: string(of, here, 'virtual_host', '/'),
    destination: string(of, here, 'destination'),
    agentDestination: string(of, here, 'agent_destination', ''),
  }));
  const uds = part('uds', readUds);
  if (!served && !webSocket && !mqtt && !stomp && !uds) {
    throw invalid(file, `${at} has none of websocket, mqtt, stomp and uds`);
  }
  return {
    endpointId: string(entry, at, 'endpoint_id'),
    role: string(entry, at, 'role', 'full'),
    ...(webSocket && { webSocket }),
    ...(mqtt && { mqtt }),
    ...(stomp && { stomp }),
    ...(uds && { uds }),
  };
}

export function readServer(top: Table): FactoryWebSocketServer | undefined {
  if (top.websocket_server === undefined) return undefined;
  const at = 'websocket_server';
  const of = table(top.websocket_server, at);
  const { interfaces = [] } = of;
  if (!Array.isArray(interfaces)) throw invalid(file, `${at}/interfaces is no list`);
  return {
    port: port(of, at, 8443),
    path: string(of, at, 'path', '/usp'),
    encryption: of.encryption !== false,
    interfaces: interfaces.map((_, index) => string(interfaces as unknown as Table, at, String(index))),
  };
}

const broker = (of: Table, at: string, otherwise: number) => ({
  broker: string(of, at, 'broker'),
  port: port(of, at, otherwise),
  encryption: of.encryption !== false,
  username: string(of, at, 'username', ''),
  password: string(of, at, 'password', ''),
});

function readUds(of: Table, at: string): FactoryUds {
  const [path, mode] = [string(of, at, 'path'), string(of, at, 'mode', 'Listen')];
  if (!path.startsWith('/')) throw invalid(file, `${at}/path is no path of a file`);
  if (mode !== 'Listen' && mode !== 'Connect') throw invalid(file, `${at}/mode is neither Listen nor Connect`);
  return { path, mode };
}
