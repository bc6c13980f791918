import type { Log } from '#base';
import type { Factory, FactoryController, Uci, UciChange } from '#platform';

const package_ = 'tandem';
/** Sections that the mappings write to; a configuration without them could not be changed through the model. */
const fixedSections: readonly (readonly [name: string, type: string])[] = [
  ['agent', 'agent'],
  ['device', 'device'],
  ['cwmp', 'cwmp'],
  ['usp', 'usp'],
];

export interface BootstrapParts {
  readonly uci: Uci;
  readonly factory: Factory;
  readonly log: Log;
  readonly randomHex: (bytes: number) => string;
}

/**
 * Zero touch: the first start after the factory, or after a factory reset, takes the ACS and the controllers from the factory data and makes the credentials
 * of the connection request. All of it is one replacement of `/etc/config/tandem`, marked in the same file, so that a power cut
 * leaves either nothing or everything, and nothing that an operator sets later is ever overwritten.
 * @returns whether this was the first start
 * @throws UciError
 */
export async function bootstrap({ uci, factory, log, randomHex }: BootstrapParts): Promise<boolean> {
  const known = uci.load(package_);
  const changes: UciChange[] = [];
  const add = (section: string, type: string, options: Readonly<Record<string, string>> = {}): void => {
    changes.push({ op: 'add', section, type });
    for (const [option, value] of Object.entries(options)) {
      if (value !== '') changes.push({ op: 'set', section, option, value });
    }
  };
  for (const [name, type] of fixedSections) if (!known?.section(name)) add(name, type);
  const option = (section: string, name: string): string => {
    const value = known?.section(section)?.options.get(name);
    return typeof value === 'string' ? value : '';
  };
  const first = option('agent', 'bootstrapped') !== '1';
  if (first) {
    const set = (section: string, name: string, value: string): void => {
      // What the image or the operator has set already stands.
      if (value !== '' && option(section, name) === '') changes.push({ op: 'set', section, option: name, value });
    };
    if (factory.acs && option('cwmp', 'url') === '') {
      set('cwmp', 'url', factory.acs.url);
      set('cwmp', 'username', factory.acs.username);
      set('cwmp', 'password', factory.acs.password);
    }
    set('cwmp', 'connection_request_username', randomHex(8));
    set('cwmp', 'connection_request_password', randomHex(16));
    if (!known?.sections.some(({ type }) => type === 'controller')) {
      if (!known?.sections.some(({ type }) => type === 'role')) addFullRole(add);
      for (const [index, controller] of factory.controllers.entries()) addController(add, controller, index + 1);
    }
    set('agent', 'bootstrapped', '1');
  }
  if (changes.length === 0) return false;
  await uci.replace(package_, uci.preview(package_, changes));
  if (first) {
    log.info('first start: factory data taken over', {
      acs: factory.acs ? hostOf(factory.acs.url) : 'none',
      controllers: factory.controllers.map(({ endpointId }) => endpointId).join(',') || 'none',
    });
  }
  return first;
}

type AddSection = (section: string, type: string, options?: Readonly<Record<string, string>>) => void;

function addFullRole(add: AddSection): void {
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

function addController(add: AddSection, controller: FactoryController, number: number): void {
  const name = `controller_${number}`;
  const { webSocket, mqtt } = controller;
  add(name, 'controller', {
    enable: '1',
    endpoint_id: controller.endpointId,
    role: controller.role,
    // A session context that such a controller begins is taken as it comes: the defaults of TR-181 would ask for TLS and repeat nothing.
    payload_security: 'Plaintext',
    max_retransmit_tries: '3',
  });
  const flag = (value: boolean): string => (value ? '1' : '0');
  if (webSocket) {
    add(`${name}_websocket`, 'controller_mtp', {
      controller: name,
      enable: '1',
      order: '1',
      protocol: 'WebSocket',
      host: webSocket.host,
      port: String(webSocket.port),
      path: webSocket.path,
      encryption: flag(webSocket.encryption),
    });
  }
  if (mqtt) {
    const { broker, port, encryption, username, password, topic, responseTopic } = mqtt;
    add(`${name}_broker`, 'mqtt', {
      name: `${controller.endpointId} broker`,
      enable: '1',
      version: '5.0',
      address: broker,
      port: String(port),
      transport: encryption ? 'TLS' : 'TCP/IP',
      username,
      password,
    });
    add(`${name}_agent_mqtt`, 'mtp', {
      enable: '1',
      protocol: 'MQTT',
      client: `${name}_broker`,
      response_topic: responseTopic,
      qos: '1',
    });
    add(`${name}_mqtt`, 'controller_mtp', {
      controller: name,
      enable: '1',
      order: webSocket ? '2' : '1',
      protocol: 'MQTT',
      topic,
      agent_mtp: `${name}_agent_mqtt`,
    });
  }
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'invalid URL');
