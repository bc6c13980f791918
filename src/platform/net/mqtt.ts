import type { IClientOptions, MqttClient } from 'mqtt';
import { errorCode, type Secret, TandemError } from '#base';
import type { HttpTls } from './http-connection.ts';
import { isTlsProblem } from './tls-problem.ts';

/** MQTT_CONNECT, MQTT_TLS, MQTT_REFUSED (reason code in the text), MQTT_TIMEOUT, MQTT_BROKEN */
export class MqttError extends TandemError {}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly responseTopic?: string;
  readonly contentType?: string;
  readonly userProperties: Readonly<Record<string, string | readonly string[]>>;
}

export interface MqttOptions {
  readonly host: string;
  readonly port: number;
  readonly transport: 'tcp' | 'tls';
  /** 5: MQTT 5.0; 4: MQTT 3.1.1. */
  readonly version: 4 | 5;
  /** '': the broker assigns one (MQTT 5), or none is remembered. */
  readonly clientId: string;
  readonly username?: string;
  readonly password?: Secret;
  readonly keepAliveSeconds: number;
  readonly cleanStart: boolean;
  readonly requestResponseInfo?: boolean;
  /** Of CONNECT, MQTT 5. */
  readonly userProperties?: Readonly<Record<string, string>>;
  readonly tls?: HttpTls;
  /** Default 90 s. */
  readonly connectTimeoutMs?: number;
}

export interface MqttEvents {
  /** Can be called before `openMqtt` has resolved. */
  readonly message: (message: MqttMessage) => void;
  /** Once, after a connection that stood; with the reason if it was not asked for. */
  readonly closed: (error: MqttError | undefined) => void;
}

export interface MqttLink extends AsyncDisposable {
  readonly connack: {
    readonly sessionPresent: boolean;
    readonly assignedClientId?: string;
    readonly responseInformation?: string;
    readonly userProperties: Readonly<Record<string, string | readonly string[]>>;
  };
  /** @returns the QoS that the broker granted. @throws MqttError MQTT_REFUSED */
  subscribe(topic: string, qos: 0 | 1 | 2): Promise<number>;
  /** Resolves when the broker has taken it as its QoS asks. @throws MqttError */
  publish(message: PublishedMessage): Promise<void>;
}

export interface PublishedMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain?: boolean;
  readonly responseTopic?: string;
  readonly contentType?: string;
}

const connectTimeoutMs = 90_000;

/**
 * A connection to an MQTT broker. One attempt, no reconnecting and no queue: when to try again is the caller's to say.
 * @throws MqttError when the connection does not come to stand
 */
export async function openMqtt(options: MqttOptions, events: MqttEvents): Promise<MqttLink> {
  const { connect } = await import('mqtt');
  const { ca, cert, key } = options.tls ?? {};
  const five = options.version === 5;
  const settings: IClientOptions = {
    protocol: options.transport === 'tls' ? 'mqtts' : 'mqtt',
    host: options.host,
    port: options.port,
    protocolVersion: options.version,
    clientId: options.clientId,
    clean: options.cleanStart,
    keepalive: options.keepAliveSeconds,
    connectTimeout: options.connectTimeoutMs ?? connectTimeoutMs,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    ...(options.username !== undefined && { username: options.username }),
    ...(options.password !== undefined && { password: options.password.reveal() }),
    ...(five && {
      properties: {
        requestResponseInformation: options.requestResponseInfo ?? false,
        ...(options.userProperties && { userProperties: { ...options.userProperties } }),
      },
    }),
    ...(options.transport === 'tls' && {
      minVersion: 'TLSv1.2',
      servername: options.host,
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key: key.reveal() }),
    }),
  };
  const client = connect(settings);
  // Before the connection stands: what a kept session has waiting comes right behind the CONNACK.
  let stood = false;
  let closed = false;
  let cause: MqttError | undefined;
  client.once('connect', () => {
    stood = true;
  });
  client.on('error', (error) => {
    cause = wrap(error, 'MQTT_BROKEN');
  });
  client.on('disconnect', (packet) => {
    cause = new MqttError('MQTT_REFUSED', `the broker disconnected with reason ${packet.reasonCode ?? 0}`);
  });
  client.on('close', () => {
    if (closed || !stood) return;
    closed = true;
    // Whoever still waits for the broker's word is told that it will not come.
    client.end(true);
    events.closed(cause ?? new MqttError('MQTT_BROKEN', 'the connection broke'));
  });
  client.on('message', (topic, payload, { properties }) =>
    events.message({
      topic,
      payload,
      userProperties: properties?.userProperties ?? {},
      ...(properties?.responseTopic !== undefined && { responseTopic: properties.responseTopic }),
      ...(properties?.contentType !== undefined && { contentType: properties.contentType }),
    }),
  );
  const connack = await connected(client);
  return {
    connack,
    async subscribe(topic, qos) {
      try {
        const [granted] = await client.subscribeAsync(topic, { qos });
        if (!granted || granted.qos > 2) throw new MqttError('MQTT_REFUSED', 'the broker refused the subscription');
        return granted.qos;
      } catch (error) {
        throw wrap(error, 'MQTT_REFUSED');
      }
    },
    async publish({ topic, payload, qos, retain, responseTopic, contentType }) {
      if (closed) throw cause ?? new MqttError('MQTT_BROKEN', 'the connection broke');
      try {
        await client.publishAsync(topic, Buffer.from(payload), {
          qos,
          retain: retain ?? false,
          ...(five && {
            properties: {
              ...(responseTopic !== undefined && { responseTopic }),
              ...(contentType !== undefined && { contentType }),
            },
          }),
        });
      } catch (error) {
        throw wrap(error, 'MQTT_BROKEN');
      }
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await client.endAsync(!client.connected);
    },
  };
}

function connected(client: MqttClient): Promise<MqttLink['connack']> {
  return new Promise((resolve, reject) => {
    const failed = (error: unknown): void => {
      client.end(true);
      reject(error instanceof MqttError ? error : wrap(error, 'MQTT_CONNECT'));
    };
    const broke = (): void => failed(new MqttError('MQTT_CONNECT', 'the broker closed the connection'));
    client.once('error', failed);
    client.once('close', broke);
    client.once('connect', ({ sessionPresent, properties }) => {
      client.off('error', failed);
      client.off('close', broke);
      resolve({
        sessionPresent,
        userProperties: properties?.userProperties ?? {},
        ...(properties?.assignedClientIdentifier !== undefined && {
          assignedClientId: properties.assignedClientIdentifier,
        }),
        ...(properties?.responseInformation !== undefined && { responseInformation: properties.responseInformation }),
      });
    });
  });
}

function wrap(error: unknown, otherwise: string): MqttError {
  if (error instanceof MqttError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown }).code;
  if (isTlsProblem(error)) return new MqttError('MQTT_TLS', `TLS: ${message}`, { cause: error });
  if (typeof code === 'number')
    return new MqttError('MQTT_REFUSED', `the broker refused with reason ${code}`, { cause: error });
  if (/connack timeout/i.test(message)) return new MqttError('MQTT_TIMEOUT', 'no answer in time', { cause: error });
  return new MqttError(otherwise, `${errorCode(error) ?? message}`, { cause: error });
}
