import type { Clock, Log } from '#base';
import type { UnixStream, UnixStreamEvents } from '#platform';
import type { Broker } from '../services/broker.ts';
import type { UdsSocketConfig } from './mtp-config.ts';
import { UdsConnection } from './uds-connection.ts';
import type { UdsPorts } from './uds-mtp.ts';

export interface UdsServicesParts {
  readonly config: UdsSocketConfig;
  readonly endpointId: string;
  readonly ports: UdsPorts;
  readonly broker: Broker;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly stands: () => void;
}

/**
 * The socket at which services of this device are waited for: the controller of the USP Broker (TR-369 Appendix "Software Modularization").
 * @returns when it is told to stop; @throws UnixSocketError
 */
export async function runUdsServices(parts: UdsServicesParts): Promise<void> {
  const { config, ports, endpointId, broker, clock, log, signal } = parts;
  const open = new Set<UdsConnection>();
  const take = (stream: UnixStream): UnixStreamEvents => {
    const connection = new UdsConnection({
      stream,
      role: 'server',
      endpointId,
      clock,
      greet: (peer, own) => {
        const service = broker.connected(peer, (record) => own.send(record));
        return {
          record: (bytes) => {
            const taken = service.receive(bytes);
            // R-UDS.23
            if (taken === 'unreadable') own.fail('the record can not be read');
            else if (taken === 'left') own.close('the service leaves');
          },
          closed: () => service.gone(),
        };
      },
      over: (reason) => {
        open.delete(connection);
        log.info('connection with a service closed', { path: config.socket, reason });
      },
    });
    open.add(connection);
    return connection.events;
  };
  const listener = await ports.listen(config.socket, take);
  parts.stands();
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const connection of [...open]) connection.close('the agent stops');
  await listener[Symbol.asyncDispose]();
}
