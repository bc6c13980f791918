import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { Scope } from '#base';
import { fullController, type Section } from './agent-config.ts';
import { startStompBroker } from './broker/index.ts';
import { type Controller, type ControllerOptions, startController } from './controller/index.ts';
import { labIdentity } from './factory.ts';
import type { Pki } from './pki/index.ts';
import type { Router } from './router/index.ts';
import type { Uplink } from './uplink.ts';

/** What carries USP in the lab. `websocket`: the agent connects, as its factory data say; `websocket-server`: the controller does. */
export const labOvers = ['websocket', 'websocket-server', 'stomp', 'uds'] as const;
export type LabOver = (typeof labOvers)[number];

export interface LabTransport {
  readonly controller: Controller;
  /** What the agent is configured with; none: its factory data say it. */
  readonly sections: readonly Section[];
  /** What is left to do when the agent runs. */
  join(): Promise<void>;
}

export interface LabTransportParts {
  readonly over: LabOver;
  readonly endpointId: string;
  readonly router: Router;
  readonly pki: Pki;
  readonly plain: boolean;
  readonly scope: Scope;
  readonly uplink: Uplink;
}

const host = '127.0.0.1';
const agent = `os::${labIdentity.ManufacturerOUI}-${labIdentity.SerialNumber}`;
const agentSocket = '/var/run/usp/broker_agent_path';

export async function labTransport(parts: LabTransportParts): Promise<LabTransport> {
  const { over, endpointId, router, pki, plain, scope, uplink } = parts;
  const uri = [`urn:bbf:usp:id:${endpointId}`];
  const server = pki.issue({ commonName: 'lab', ip: [host], uri, usage: 'server' });
  const serverTls = plain ? {} : { tls: { cert: server.certPem, key: server.keyPem, clientCa: pki.caPem } };
  const own = pki.issue({ commonName: 'lab', uri, usage: 'client' });
  const clientTls = plain ? {} : { tls: { ca: pki.caPem, cert: own.certPem, key: own.keyPem } };
  const start = async (options: Omit<ControllerOptions, 'endpointId'>): Promise<Controller> =>
    scope.add(await startController({ endpointId, ...options }));
  const configured = (mtp: Section[2], peer: Section[2], more: readonly Section[] = []): Section[] => [
    ...fullController(endpointId),
    ...more,
    ['mtp', 'lab_mtp', { enable: 1, ...mtp }],
    ['controller_mtp', 'lab_controller_mtp', { controller: 'first', enable: 1, ...peer }],
  ];
  const encryption = plain ? 0 : 1;
  switch (over) {
    case 'websocket':
      return { controller: await start({ webSocket: { ...serverTls, uplink } }), sections: [], join: async () => {} };
    case 'websocket-server': {
      const [controller, port] = [await start({}), await freePort()];
      const url = `${plain ? 'ws' : 'wss'}://${host}:${port}/usp`;
      return {
        controller,
        sections: configured({ protocol: 'WebSocket', port, path: '/usp', encryption }, { protocol: 'WebSocket' }),
        join: async () => void (await controller.joinWebSocket({ url, agent, ...clientTls })),
      };
    }
    case 'stomp': {
      const { port } = scope.add(await startStompBroker(serverTls));
      const destination = '/queue/controller';
      const connection = 'lab_stomp';
      return {
        controller: await start({ stomp: { host, port, destination, ...clientTls } }),
        sections: configured(
          { protocol: 'STOMP', connection, destination: '/queue/agent' },
          { protocol: 'STOMP', connection, destination },
          [['stomp', connection, { enable: 1, host, port, encryption }]],
        ),
        join: async () => {},
      };
    }
    case 'uds': {
      const controller = await start({});
      const socket = 'lab_socket';
      return {
        controller,
        sections: configured({ protocol: 'UDS', socket }, { protocol: 'UDS', socket }, [
          ['unix_socket', socket, { path: agentSocket }],
        ]),
        join: async () => void (await controller.joinUds({ path: join(router.root, agentSocket) })),
      };
    }
  }
}

/** For the agent to listen on: nobody has it now. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, host, resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
