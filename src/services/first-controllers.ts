import type { Factory, FactoryController } from '#platform';

/** Options without a value are left out. */
export type AddSection = (
  section: string,
  type: string,
  options?: Readonly<Record<string, string | readonly string[]>>,
) => void;

/** What controllers of the factory may, where the image has no roles of its own. */
export function addFullRole(add: AddSection): void {
  add('full', 'role', { name: 'Full Access', enable: '1' });
  add('full_all', 'permission', {
    role: 'full',
    enable: '1',
    order: '1',
    targets: 'Device.',
    param: 'rw-n',
    obj: 'rw-n',
    instantiated_obj: 'rw-n',
    command_event: 'r-xn',
  });
}

/** The controllers of the factory, and what they are reached by. */
export function addControllers(add: AddSection, { controllers, webSocketServer }: Factory): void {
  if (webSocketServer) {
    add('websocket_server', 'mtp', {
      enable: '1',
      protocol: 'WebSocket',
      interface: webSocketServer.interfaces,
      port: String(webSocketServer.port),
      path: webSocketServer.path,
      encryption: flag(webSocketServer.encryption),
    });
  }
  const sockets = new Map<string, string>();
  for (const [index, controller] of controllers.entries())
    addController(add, controller, `controller_${index + 1}`, sockets);
}

/** @param sockets sections by the file of the socket: controllers can share one */
function addController(
  add: AddSection,
  { endpointId, role, webSocket, mqtt, stomp, uds }: FactoryController,
  name: string,
  sockets: Map<string, string>,
): void {
  add(name, 'controller', {
    enable: '1',
    endpoint_id: endpointId,
    role,
    // A session context that such a controller begins is taken as it comes: the defaults of TR-181 would ask for TLS and repeat nothing.
    payload_security: 'Plaintext',
    max_retransmit_tries: '3',
  });
  let order = 0;
  const addMtp = (kind: string, protocol: string, options: Readonly<Record<string, string>>): void =>
    add(`${name}_${kind}`, 'controller_mtp', {
      controller: name,
      enable: '1',
      order: String(++order),
      protocol,
      ...options,
    });
  if (webSocket) {
    addMtp('websocket', 'WebSocket', {
      host: webSocket.host,
      port: String(webSocket.port),
      path: webSocket.path,
      encryption: flag(webSocket.encryption),
    });
  }
  if (mqtt) {
    add(`${name}_broker`, 'mqtt', {
      name: `${endpointId} broker`,
      enable: '1',
      version: '5.0',
      address: mqtt.broker,
      port: String(mqtt.port),
      transport: mqtt.encryption ? 'TLS' : 'TCP/IP',
      username: mqtt.username,
      password: mqtt.password,
    });
    add(`${name}_agent_mqtt`, 'mtp', {
      enable: '1',
      protocol: 'MQTT',
      client: `${name}_broker`,
      response_topic: mqtt.responseTopic,
      qos: '1',
    });
    addMtp('mqtt', 'MQTT', { topic: mqtt.topic, agent_mtp: `${name}_agent_mqtt` });
  }
  if (stomp) {
    const connection = `${name}_stomp_broker`;
    add(connection, 'stomp', {
      enable: '1',
      host: stomp.broker,
      port: String(stomp.port),
      encryption: flag(stomp.encryption),
      username: stomp.username,
      password: stomp.password,
      virtual_host: stomp.virtualHost,
      heartbeats: '1',
    });
    add(`${name}_agent_stomp`, 'mtp', {
      enable: '1',
      protocol: 'STOMP',
      connection,
      destination: stomp.agentDestination,
    });
    addMtp('stomp', 'STOMP', { connection, destination: stomp.destination });
  }
  if (uds) {
    const socket = sockets.get(uds.path) ?? `${name}_socket`;
    if (!sockets.has(uds.path)) {
      sockets.set(uds.path, socket);
      add(socket, 'unix_socket', { path: uds.path, mode: uds.mode });
      add(`${name}_agent_uds`, 'mtp', { enable: '1', protocol: 'UDS', socket });
    }
    addMtp('uds', 'UDS', { socket });
  }
}

const flag = (value: boolean): string => (value ? '1' : '0');
