import type { ControllerNames, Descriptor } from '../descriptor.ts';
import type { Mtp } from '../side/link.ts';

type Options = Readonly<Record<string, string>>;

/** `/etc/config/tandem` of a device that the judge's controllers may do everything on. */
export function configuration({ controllers, transports }: Descriptor, mtp: Mtp, port: number): string {
  const out: string[] = [];
  const section = (type: string, name: string, options: Options): void => {
    out.push(
      `config ${type} '${name}'`,
      ...Object.entries(options).map(([key, value]) => `\toption ${key} '${value}'`),
      '',
    );
  };
  section('agent', 'agent', { bootstrapped: '1' });
  section('cwmp', 'cwmp', { connection_request_address: '127.0.0.1', connection_request_port: '0' });
  section('usp', 'usp', { untrusted_role: 'untrusted', identity: 'none' });
  section('role', 'untrusted', { name: 'Untrusted', enable: '1' });
  section('role', 'full', { name: 'Full Access', enable: '1' });
  section('permission', 'full_all', {
    role: 'full',
    enable: '1',
    order: '1',
    targets: 'Device.',
    param: 'rw-n',
    obj: 'rw-n',
    instantiated_obj: 'rw-n',
    command_event: 'r-xn',
  });
  if (mtp === 'mqtt5' || mtp === 'mqtt311') {
    section('mqtt', 'broker', {
      name: 'broker',
      enable: '1',
      version: mtp === 'mqtt5' ? '5.0' : '3.1.1',
      address: '127.0.0.1',
      port: String(port),
      transport: 'TLS',
      username: 'agent',
      password: 'agent-password',
      client_id: 'agent-under-test',
      request_response_info: '1',
    });
    section('mtp', 'agent_mqtt', {
      enable: '1',
      protocol: 'MQTT',
      client: 'broker',
      response_topic: transports[mtp]!.agentTopic,
      qos: '1',
    });
  } else if (mtp === 'stomp') {
    section('stomp', 'server', {
      enable: '1',
      host: '127.0.0.1',
      port: String(port),
      encryption: '1',
      username: 'agent',
      password: 'agent-password',
      retry_initial: '5',
    });
    section('mtp', 'agent_stomp', {
      enable: '1',
      protocol: 'STOMP',
      connection: 'server',
      destination: transports.stomp!.agentDestination,
    });
  } else if (mtp === 'ws-server') {
    section('mtp', 'agent_websocket', {
      enable: '1',
      protocol: 'WebSocket',
      port: String(port),
      path: '/usp',
      encryption: '1',
    });
  }
  // The plan wants a row of the agent's own MTPs to be there (1.68).
  else section('mtp', 'agent_websocket', { enable: '0', protocol: 'WebSocket' });
  for (const [name, one] of Object.entries(controllers)) {
    section('controller', name, {
      enable: '1',
      endpoint_id: one.endpointId,
      role: 'full',
      onboarding_complete: '1',
      payload_security: 'Plaintext',
    });
    section('controller_mtp', `${name}_mtp`, { controller: name, enable: '1', order: '1', ...way(one, mtp, port) });
  }
  return out.join('\n');
}

function way(controller: ControllerNames, mtp: Mtp, port: number): Options {
  switch (mtp) {
    case 'ws':
      return {
        protocol: 'WebSocket',
        host: '127.0.0.1',
        port: String(port),
        path: controller.path ?? '',
        encryption: '1',
      };
    case 'mqtt5':
    case 'mqtt311':
      return { protocol: 'MQTT', topic: controller.topic ?? '', agent_mtp: 'agent_mqtt' };
    case 'stomp':
      return { protocol: 'STOMP', connection: 'server', destination: controller.destination ?? '' };
    case 'ws-server':
      // The controller comes to the agent.
      return { enable: '0', protocol: 'WebSocket' };
  }
}
