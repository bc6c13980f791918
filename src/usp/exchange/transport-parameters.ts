import { formatDateTime, ok, type Result, refused, unknownTime } from '#base';
import type { DeclaredRow, Model, ModelFault } from '#model';
import { mqttStatNames } from './mqtt-stats.ts';
import type { RetryingState } from './retrying.ts';
import type { Transports } from './transports.ts';

/** What the data model tells of the transports beyond their configuration. */
export function declareTransports(model: Model, transports: Transports): Disposable[] {
  return [
    model.declare({
      path: 'Device.LocalAgent.MTP.{i}.',
      parameters: { Status: { get: ({ path }) => mtpStatus(transports.stateOfMtp(path)) } },
    }),
    model.declare({
      path: 'Device.LocalAgent.Controller.{i}.MTP.{i}.WebSocket.',
      parameters: {
        CurrentRetryCount: { get: ({ path }) => String(transports.state(parentOf(path))?.attempts ?? 0) },
      },
      commands: { 'Reset()': async (_, { row }) => restart(transports, parentOf(row.path)) },
    }),
    model.declare({
      path: 'Device.LocalAgent.MTP.{i}.STOMP.',
      parameters: { DestinationFromServer: { get: ({ path }) => transports.learnedByMtp(parentOf(path)) } },
    }),
    model.declare({
      path: 'Device.STOMP.Connection.{i}.',
      parameters: {
        Status: { get: ({ path }) => stompStatus(transports.state(path)) },
        LastChangeDate: {
          get: ({ path }) => {
            const since = transports.state(path)?.since;
            return since === undefined ? unknownTime : formatDateTime(since);
          },
        },
      },
    }),
    model.declare({
      path: 'Device.LocalAgent.MTP.{i}.MQTT.',
      parameters: {
        // R-MQTT.21: where it is not the configured one.
        ResponseTopicDiscovered: { get: ({ path }) => transports.mqttFoundByMtp(parentOf(path))?.replyTo ?? '' },
      },
    }),
    model.declare({
      path: 'Device.MQTT.Client.{i}.',
      parameters: {
        Status: { get: ({ path }) => mqttStatus(transports.state(path)) },
        ResponseInformation: { get: ({ path }) => transports.mqttFound(path)?.responseInformation ?? '' },
      },
      commands: { 'ForceReconnect()': async (_, { row }) => restart(transports, row.path) },
    }),
    model.declare({
      path: 'Device.MQTT.Client.{i}.Stats.',
      parameters: Object.fromEntries(
        mqttStatNames.map((name) => [
          name,
          { get: ({ path }: DeclaredRow) => transports.mqttStats(parentOf(path)).text(name) },
        ]),
      ),
    }),
    model.declare({
      path: 'Device.MQTT.Client.{i}.Subscription.{i}.',
      parameters: { Status: { get: ({ path }) => subscriptionStatus(transports, path) } },
    }),
  ];
}

async function restart(
  transports: Transports,
  path: string,
): Promise<Result<Readonly<Record<string, string>>, ModelFault>> {
  if (transports.restart(path)) return ok({});
  return refused({ kind: 'command-failed', message: 'it is not enabled, or nobody uses it', path });
}

function subscriptionStatus(transports: Transports, path: string): string {
  const client = path.replace(/Subscription\.[0-9]+\.$/, '');
  const taken = transports.mqttFound(client)?.filters.get(transports.mqttTopic(client, path) ?? '');
  if (taken === undefined) return 'Unsubscribed';
  return taken ? 'Subscribed' : 'Error';
}

/** `Device.A.1.B.` → `Device.A.1.` */
const parentOf = (path: string): string => path.replace(/[^.]+\.$/, '');

function mtpStatus(state: RetryingState | undefined): string {
  if (state?.phase === 'up') return 'Up';
  return state?.phase === 'waiting' ? 'Error' : 'Down';
}

function mqttStatus(state: RetryingState | undefined): string {
  if (!state || state.phase === 'stopped') return 'Disabled';
  if (state.phase === 'up') return 'Connected';
  if (state.phase === 'connecting') return 'Connecting';
  if (state.code === 'USP_NO_TOPIC') return 'Error_Misconfigured';
  return state.code === 'MQTT_CONNECT' || state.code === 'MQTT_TIMEOUT' ? 'Error_BrokerUnreachable' : 'Error';
}

function stompStatus(state: RetryingState | undefined): string {
  if (!state || state.phase === 'stopped') return 'Disabled';
  if (state.phase === 'up') return 'Enabled';
  if (state.phase === 'connecting') return 'Connecting';
  if (state.code === 'STOMP_REFUSED') return 'Error_AuthenticationFailure';
  return state.code === 'USP_NO_DESTINATION' ? 'Error_Misconfigured' : 'ServerNotPresent';
}
