import { Secret, TandemError } from '#base';
import type { HttpTls } from './net/http-request.ts';
import type { Files } from './ports.ts';

/** FACTORY_INVALID with the file and the reason; never a value of it. */
export class FactoryError extends TandemError {}

export interface FactoryMqtt {
  readonly broker: string;
  readonly port: number;
  readonly encryption: boolean;
  readonly username: string;
  readonly password: string;
  /** Topic of the controller. */
  readonly topic: string;
  /** Topic of the agent; '' leaves it to the broker. */
  readonly responseTopic: string;
}

export interface FactoryWebSocket {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly encryption: boolean;
}

export interface FactoryController {
  readonly endpointId: string;
  /** Name of a section `role` of the configuration. */
  readonly role: string;
  readonly webSocket?: FactoryWebSocket;
  readonly mqtt?: FactoryMqtt;
}

/** What the maker put on the device: read only, never written by the agent. */
export interface Factory {
  readonly acs?: { readonly url: string; readonly username: string; readonly password: string };
  readonly controllers: readonly FactoryController[];
  /** Trust anchors and client certificate for every management connection. */
  readonly tls: HttpTls;
}

/**
 * Reads a factory directory: `management.json`, `ca.pem`, `client.pem`, `client-key.pem`, each optional.
 * @throws FactoryError when a file is there and can't be used
 */
export function readFactory(files: Files, directory: string): Factory {
  const text = (name: string): string | undefined => files.readText(`${directory}/${name}`);
  const ca = text('ca.pem');
  const cert = text('client.pem');
  const key = text('client-key.pem');
  for (const [name, pem] of [
    ['ca.pem', ca],
    ['client.pem', cert],
    ['client-key.pem', key],
  ] as const) {
    if (pem !== undefined && !pem.includes('-----BEGIN ')) throw invalid(name, 'is not PEM');
  }
  if ((cert === undefined) !== (key === undefined)) throw invalid('client.pem', 'certificate and key come together');
  const tls: HttpTls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: new Secret(key) }),
  };
  const management = text('management.json');
  if (management === undefined) return { controllers: [], tls };
  return { ...readManagement(management), tls };
}

const file = 'management.json';
const invalid = (name: string, reason: string, cause?: unknown): FactoryError =>
  new FactoryError('FACTORY_INVALID', `factory data: ${name} ${reason}`, { cause });

function readManagement(text: string): Omit<Factory, 'tls'> {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and the text holds passwords.
    throw invalid(file, 'is not JSON');
  }
  const top = table(root, '');
  const acs = top.acs === undefined ? undefined : table(top.acs, 'acs');
  const controllers = top.controllers === undefined ? [] : top.controllers;
  if (!Array.isArray(controllers)) throw invalid(file, 'controllers is no list');
  return {
    ...(acs && {
      acs: {
        url: string(acs, 'acs', 'url'),
        username: string(acs, 'acs', 'username', ''),
        password: string(acs, 'acs', 'password', ''),
      },
    }),
    controllers: controllers.map((entry, index) =>
      readController(table(entry, `controllers/${index}`), `controllers/${index}`),
    ),
  };
}

function readController(entry: Record<string, unknown>, at: string): FactoryController {
  const webSocket = entry.websocket === undefined ? undefined : table(entry.websocket, `${at}/websocket`);
  const mqtt = entry.mqtt === undefined ? undefined : table(entry.mqtt, `${at}/mqtt`);
  if (!webSocket && !mqtt) throw invalid(file, `${at} has neither websocket nor mqtt`);
  return {
    endpointId: string(entry, at, 'endpoint_id'),
    role: string(entry, at, 'role', 'full'),
    ...(webSocket && {
      webSocket: {
        host: string(webSocket, `${at}/websocket`, 'host'),
        port: port(webSocket, `${at}/websocket`, 443),
        path: string(webSocket, `${at}/websocket`, 'path', '/usp'),
        encryption: webSocket.encryption !== false,
      },
    }),
    ...(mqtt && {
      mqtt: {
        broker: string(mqtt, `${at}/mqtt`, 'broker'),
        port: port(mqtt, `${at}/mqtt`, 8883),
        encryption: mqtt.encryption !== false,
        username: string(mqtt, `${at}/mqtt`, 'username', ''),
        password: string(mqtt, `${at}/mqtt`, 'password', ''),
        topic: string(mqtt, `${at}/mqtt`, 'topic'),
        responseTopic: string(mqtt, `${at}/mqtt`, 'response_topic', ''),
      },
    }),
  };
}

function table(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(file, `${at || 'the whole'} is no table`);
}

function string(of: Record<string, unknown>, at: string, name: string, otherwise?: string): string {
  const value = of[name] ?? otherwise;
  // UCI values are one line.
  if (typeof value === 'string' && !/[\u0000-\u001f]/.test(value)) return value;
  throw invalid(file, `${at}/${name} is not a line of text`);
}

function port(of: Record<string, unknown>, at: string, otherwise: number): number {
  const value = of.port ?? otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536) return value;
  throw invalid(file, `${at}/port is no port`);
}
