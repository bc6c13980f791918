import { clockIsSet } from '#base';
import {
  type HttpTls,
  listenUnixSocket,
  listenWebSocket,
  type MqttOptions,
  type MqttWill,
  openMemoryTls,
  openMqtt,
  openStomp,
  openUnixSocket,
  openWebSocket,
  publicRoots,
  revocationLists,
  trusting,
} from '#platform';
import { startOnDemand } from '#services';
import type { MqttClientConfig, MqttWillConfig } from '#usp';
import { startUsp } from '#usp';
import type { RoomParts } from './room.ts';

/** USP, started when a controller is first enabled. */
export function startUspRoom(parts: RoomParts): Promise<AsyncDisposable> {
  const { model, clock, factory, files, state, settings, random, randomHex, version } = parts;
  const log = parts.log.child('usp');
  return startOnDemand({
    model,
    log,
    view: { protocol: 'usp' },
    enabledBy: 'Device.LocalAgent.Controller.*.Enable',
    watched: 'Device.LocalAgent.Controller.',
    start: async () => {
      let trusted = '';
      const tls = (): HttpTls => ({
        ...trusting(factory.tls, trusted),
        pins: settings.uspPins,
        ...(settings.uspCrl !== undefined && { crl: revocationLists(files.readText(settings.uspCrl)) }),
        // Only among authorities of the factory.
        withoutDates: () => ca !== undefined && settings.uspWithoutClock && !clockIsSet(clock.now()),
      });
      const { ca, cert, key } = factory.tls;
      const agent = await startUsp({
        model,
        clock,
        log,
        random,
        randomHex,
        openWebSocket: (url, { known, shown, ...given }, events) =>
          openWebSocket({ url, ...given, tls: { ...tls(), shown, ...(known && { known }) }, clock }, events),
        listenWebSocket: ({ encryption, ...given }) =>
          listenWebSocket({ host: '::', ...given, ...(encryption && { tls: tls() }), clock, log }),
        uds: {
          connect: (path, take, signal) => openUnixSocket(parts.at(path), take, signal),
          listen: (path, take) => listenUnixSocket(parts.at(path), take, log),
        },
        openStomp: (config, headers, events, signal) =>
          openStomp(
            {
              host: config.host,
              port: config.port,
              ...(config.encryption && { tls: tls() }),
              ...(config.virtualHost !== '' && { virtualHost: config.virtualHost }),
              ...(config.username !== '' && { username: config.username, password: config.password }),
              ...(config.heartbeat && { heartbeat: config.heartbeat }),
              headers,
              clock,
              signal,
            },
            events,
          ),
        openMqtt: (config, endpointId, events, signal) =>
          openMqtt({ ...mqttOptions(config, endpointId), tls: tls(), signal }, events),
        // Payload security asks for a key on P-256, which the agent looks at.
        openTunnel: (role, events) => openMemoryTls(role, tls(), events),
        trust: {
          policy: settings.identity,
          anchors: () => ca ?? publicRoots(),
          ...(cert !== undefined && key !== undefined && { own: { cert, key } }),
          locks: {
            read: () => locksIn(state.read('challenges')),
            keep: (locks) => state.write('challenges', JSON.stringify(locks)),
          },
          trusted: (certificates) => {
            trusted = certificates;
          },
        },
        version,
        trace: parts.trace('usp'),
        reached: parts.reached,
        boot: await parts.boot(),
      });
      parts.operators.push({ managed: () => agent.managed, probe: () => agent.reconnect(), undone: () => {} });
      parts.status.usp = () => ({
        ...agent.status(),
        ...(tls().withoutDates?.() && { clock: "not set: certificates' dates are not judged" }),
      });
      return agent;
    },
  });
}

/** What is none is left out. */
function locksIn(text: string | undefined): Record<string, number> {
  try {
    const kept: unknown = JSON.parse(text ?? '{}');
    return Object.fromEntries(Object.entries(kept ?? {}).filter(([, seconds]) => seconds > 0));
  } catch {
    return {};
  }
}

function mqttOptions(client: MqttClientConfig, endpointId: string): MqttOptions {
  const { username, password, will, userProperties, maximumPacketSize, ...config } = client;
  return {
    ...config,
    ...(username !== '' && { username, password }),
    ...(maximumPacketSize > 0 && { packetLimitBytes: maximumPacketSize }),
    // R-MQTT.13
    userProperties: { ...userProperties, connect: { ...userProperties.connect, 'usp-endpoint-id': endpointId } },
    ...(will && { will: mqttWill(will) }),
  };
}

function mqttWill({ value, contentType, responseTopic, expirySeconds, ...will }: MqttWillConfig): MqttWill {
  return {
    ...will,
    payload: Buffer.from(value),
    ...(contentType !== '' && { contentType }),
    ...(responseTopic !== '' && { responseTopic }),
    ...(expirySeconds > 0 && { expirySeconds }),
  };
}
