import { createPrivateKey, X509Certificate } from 'node:crypto';
import { explain, Secret } from '#base';
import {
  type FactoryController,
  type FactoryWebSocketServer,
  readController,
  readServer,
} from './factory-controllers.ts';
import { file, invalid, string, table } from './factory-json.ts';
import type { HttpTls } from './net/http-request.ts';
import type { Files } from './ports.ts';

/** What the maker put on the device: read only, never written by the agent. */
export interface Factory {
  readonly acs?: { readonly url: string; readonly username: string; readonly password: string };
  readonly controllers: readonly FactoryController[];
  /** Where controllers connect to the agent. */
  readonly webSocketServer?: FactoryWebSocketServer;
  /** Trust anchors and client certificate for every management connection. */
  readonly tls: HttpTls;
}

/**
 * Reads a factory directory: `management.json`, `ca.pem`, `client.pem`, `client-key.pem`, each optional. What is in `device.json` is read by the mappings, which
 * would go on to the MAC address where it is broken: another device to its operator.
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
  // A connection that fails for it later would not say which file it is.
  if (ca !== undefined) usable('ca.pem', () => new X509Certificate(ca));
  if (cert !== undefined && key !== undefined) {
    const certificate = usable('client.pem', () => new X509Certificate(cert));
    const privateKey = usable('client-key.pem', () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(privateKey)) throw invalid('client-key.pem', 'is not the key of client.pem');
  }
  const tls: HttpTls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key: new Secret(key) }),
  };
  checkIdentity(text('device.json'));
  const management = text('management.json');
  if (management === undefined) return { controllers: [], tls };
  return { ...readManagement(management), tls };
}

function usable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw invalid(name, `can not be used: ${explain(error)}`);
  }
}

function checkIdentity(text: string | undefined): void {
  if (text === undefined) return;
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw invalid('device.json', `is not JSON: ${explain(error)}`);
  }
  if (typeof root !== 'object' || root === null) throw invalid('device.json', 'is no table');
  const known = root as Record<string, unknown>;
  if (!/^[0-9A-F]{6}$/.test(String(known.ManufacturerOUI)))
    throw invalid('device.json', 'ManufacturerOUI is not six upper-case hexadecimal digits');
  // TR-069 table 39
  if (typeof known.SerialNumber !== 'string' || !/^[^\u0000-\u001f]{1,64}$/.test(known.SerialNumber))
    throw invalid('device.json', 'SerialNumber is not a text of 1 to 64 characters');
}

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
  const webSocketServer = readServer(top);
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
      readController(table(entry, `controllers/${index}`), `controllers/${index}`, webSocketServer !== undefined),
    ),
    ...(webSocketServer && { webSocketServer }),
  };
}
