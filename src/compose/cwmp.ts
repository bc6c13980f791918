import { listenHttp, localAddressTowards, openHttp } from '#platform';
import { startOnDemand } from '#services';
import type { RoomParts } from './room.ts';

/** CWMP, started when it is first enabled. */
export function startCwmpRoom(parts: RoomParts): Promise<AsyncDisposable> {
  const { model, clock, state, runtime, settings, bus, factory, random, randomHex } = parts;
  const log = parts.log.child('cwmp');
  return startOnDemand({
    model,
    log,
    view: { protocol: 'cwmp' },
    enabledBy: 'Device.ManagementServer.EnableCWMP',
    watched: 'Device.ManagementServer.',
    start: async () => {
      const { startCwmp, cwmpStatus } = await import('#cwmp');
      const client = await startCwmp({
        model,
        clock,
        log,
        state,
        runtime,
        openHttp: () => openHttp({ tls: factory.tls }),
        listen: (answer) =>
          listenHttp({
            host: settings.connectionRequest.address,
            port: settings.connectionRequest.port,
            answer,
            log,
            clock,
          }),
        localAddressTowards,
        random,
        randomHex,
        allowPlain: settings.allowPlainHttp,
        reached: parts.reached,
      });
      parts.operators.push({
        managed: () => client.status().state !== 'off',
        probe: () => void client.tell('CONFIRM', []),
        undone: (paths) => void client.tell('ROLLBACK', paths),
      });
      parts.status.cwmp = () => cwmpStatus(client.status());
      bus.listen('network.interface', () => void client.networkChanged());
      parts.actions.inform = () => client.inform();
      return client;
    },
  });
}
