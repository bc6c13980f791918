import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Issued } from './pki/index.ts';

export interface LabFactory {
  readonly serialNumber?: string;
  readonly acs?: { readonly url: string; readonly username?: string; readonly password?: string };
  /** As in `management.json` (docs/configuration.md). */
  readonly controllers?: readonly unknown[];
  readonly webSocketServer?: unknown;
  readonly caPem?: string;
  readonly client?: Issued;
  /** What controllers are known by (docs/usp-trust.md). Default: they are believed. */
  readonly identity?: 'certificate' | 'host' | 'none';
  /** Roles by the names of their sections, each with the options of its one permission; without them there is `full`. */
  readonly roles?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Further options of the section `cwmp`. */
  readonly cwmp?: Readonly<Record<string, string>>;
  /** Further options of the section `agent`. */
  readonly agent?: Readonly<Record<string, string>>;
}

/** Identity of the simulated device. */
export const labIdentity = {
  Manufacturer: 'Fenwick',
  ManufacturerOUI: '00D09E',
  ProductClass: 'FW-AX5G',
  SerialNumber: 'LAB0001',
  HardwareVersion: 'v1',
} as const;

/** Puts factory data on the simulated router, and a configuration that keeps the lab on the loopback interface. */
export function installFactory(root: string, factory: LabFactory): void {
  const directory = join(root, 'usr/share/tandem/factory');
  mkdirSync(directory, { recursive: true });
  const put = (name: string, text: string): void => writeFileSync(join(directory, name), text, { mode: 0o600 });
  const { serialNumber = labIdentity.SerialNumber, acs, controllers = [], caPem, client } = factory;
  put('device.json', `${JSON.stringify({ ...labIdentity, SerialNumber: serialNumber }, undefined, 2)}\n`);
  const management = { acs, controllers, websocket_server: factory.webSocketServer };
  put('management.json', `${JSON.stringify(management, undefined, 2)}\n`);
  if (caPem !== undefined) put('ca.pem', caPem);
  if (client) {
    put('client.pem', client.certPem);
    put('client-key.pem', client.keyPem);
  }
  mkdirSync(join(root, 'etc/config'), { recursive: true });
  writeFileSync(
    join(root, 'etc/config/tandem'),
    [
      "config cwmp 'cwmp'",
      "\toption connection_request_address '127.0.0.1'",
      "\toption connection_request_port '0'",
      ...(acs?.url.startsWith('http:') ? ["\toption allow_plain_http '1'"] : []),
      ...Object.entries(factory.cwmp ?? {}).map(([name, value]) => `\toption ${name} '${value}'`),
      '',
      // Without TLS, or with certificates that name no endpoint, there is nothing to know a controller by.
      "config usp 'usp'",
      `\toption identity '${factory.identity ?? 'none'}'`,
      '',
      "config agent 'agent'",
      ...Object.entries(factory.agent ?? {}).map(([name, value]) => `\toption ${name} '${value}'`),
      '',
      ...Object.entries(factory.roles ?? {}).flatMap(([role, permission]) => [
        `config role '${role}'`,
        `\toption name '${role}'`,
        "\toption enable '1'",
        '',
        `config permission '${role}_all'`,
        `\toption role '${role}'`,
        "\toption enable '1'",
        "\toption order '1'",
        ...Object.entries(permission).map(([name, value]) => `\toption ${name} '${value}'`),
        '',
      ]),
    ].join('\n'),
    { mode: 0o600 },
  );
}
