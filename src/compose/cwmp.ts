import { clockIsSet } from '#base';
import { cwmpStatus, hasContacted, startCwmp } from '#cwmp';
import {
  allowsAddress,
  type HttpTls,
  isOnOtherNetwork,
  listenHttp,
  localAddressTowards,
  openHttp,
  openStream,
  openUdp,
  resolveHost,
  resolveService,
  revocationLists,
} from '#platform';
import { type Discovery, discoverAcs, isIdle, publishTransferApi, startOnDemand } from '#services';
import type { RoomParts } from './room.ts';
import { composeTransfers } from './transfers.ts';

/** CWMP, started when it is first enabled. */
export function startCwmpRoom(parts: RoomParts): Promise<AsyncDisposable> {
  const { model, clock, state, runtime, settings, bus, factory, files, random, randomHex } = parts;
  const log = parts.log.child('cwmp');
  return startOnDemand({
    model,
    log,
    view: { protocol: 'cwmp' },
    enabledBy: 'Device.ManagementServer.EnableCWMP',
    watched: 'Device.ManagementServer.',
    start: async () => {
      const { connectionRequest } = settings;
      const { address } = connectionRequest;
      const listed = allowsAddress(connectionRequest.allow, (entry) =>
        log.error('connection_request_allow: neither an address nor a prefix', { entry }),
      );
      let toldUrl = (): string => '';
      const tls = (pins: readonly string[]): HttpTls => ({
        ...factory.tls,
        pins,
        ...(settings.cwmpCrl !== undefined && { crl: revocationLists(files.readText(settings.cwmpCrl)) }),
        withoutDates: () => settings.tlsWithoutClock && !clockIsSet(clock.now()),
      });
      const allows = (source: string): boolean =>
        listed(source) && (connectionRequest.fromLan || !isOnOtherNetwork(source, hostOf(toldUrl())));
      const discovery = composeDiscovery(parts, () => hasContacted(state, log));
      // Before the first session: it may be with the ACS that DHCP names.
      await discovery?.look();
      const client = await startCwmp({
        model,
        clock,
        log,
        state,
        runtime,
        openHttp: () =>
          openHttp({
            tls: tls(settings.cwmpPins),
            connectTimeoutMs: settings.cwmpTimeouts.connect * 1000,
            idleTimeoutMs: settings.cwmpTimeouts.idle * 1000,
          }),
        timeouts: {
          exchangeMs: settings.cwmpTimeouts.exchange * 1000,
          sessionMs: settings.cwmpTimeouts.session * 1000,
        },
        listen: (answer) =>
          listenHttp({
            host: address,
            port: connectionRequest.port,
            answer,
            allows,
            log,
            clock,
          }),
        localAddressTowards,
        reach: {
          openUdp: ({ listening, ...options }) =>
            openUdp({ ...options, log, ...(listening && !isAnyAddress(address) && { host: address }) }),
          openStream: (to, events) => openStream({ ...to, tls: tls(settings.xmppPins), clock }, events),
          resolveHost,
          resolveService,
          allowPlain: settings.allowPlainHttp,
          localAddressTowards,
          udpPort: connectionRequest.udpPort,
          allows,
        },
        random,
        randomHex,
        trace: parts.trace('cwmp'),
        root: settings.cwmpRoot,
        allowPlain: settings.allowPlainHttp,
        redirectHosts: settings.redirectHosts,
        reached: (url) => {
          parts.reached();
          void discovery?.active?.reached(url);
        },
        failed: (code) => void discovery?.active?.failed(code),
        files: composeTransfers(parts),
        idle: () => isIdle(bus, clock),
      });
      toldUrl = () => client.status().connectionRequestUrl;
      parts.operators.push({
        managed: () => client.status().state !== 'off',
        probe: () => void client.tell('CONFIRM', []),
        undone: (paths) => void client.tell('ROLLBACK', paths),
      });
      parts.diagnostics({
        betweenSessions: () => client.betweenSessions(),
        complete: () => client.diagnosticsComplete(),
      });
      parts.status.cwmp = () => ({
        ...cwmpStatus(client.status()),
        ...discovery?.active?.status(),
        ...(!clockIsSet(clock.now()) && {
          clock: settings.tlsWithoutClock ? "not set: certificates' dates are not judged" : 'not set',
        }),
      });
      publishTransferApi(bus, client.transfers);
      bus.listen('network.interface', () => void client.networkChanged());
      parts.actions.inform = () => client.inform();
      return client;
    },
  });
}

function composeDiscovery(parts: RoomParts, contacted: () => boolean): Discovery | undefined {
  const { model, bus, files, state, clock, settings, factory } = parts;
  if (settings.discovery === 'off') return undefined;
  const discovery = discoverAcs({
    ...{ model, bus, files, state, clock, contacted, allowPlain: settings.allowPlainHttp },
    log: parts.log.child('discovery'),
    trusted: settings.discovery === 'any' || factory.tls.ca !== undefined || settings.cwmpPins.length > 0,
    factoryUrl: factory.acs?.url ?? '',
  });
  parts.leases.push(() => discovery.look());
  return discovery;
}

/** Everywhere, of IPv6 or IPv4: no address to bind a socket of one family to. */
const isAnyAddress = (address: string): boolean => address === '::' || address === '0.0.0.0';

/** '' where there is no URL. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '');
