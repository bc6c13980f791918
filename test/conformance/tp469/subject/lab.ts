import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createLog, formatRecord, silentLog } from '#base';
import { type Agent, startAgent } from '#compose';
import { createPki, installFactory, labIdentity, type Pki, type Router, startRouter } from '#lab';
import type { ControllerNames, Descriptor } from '../descriptor.ts';
import type { Mtp, PayloadTls, ServerTls } from '../side/link.ts';
import type { DialerTls } from '../side/web-socket-dialer.ts';
import type { Subject } from './subject.ts';
import { configuration } from './tandem-config.ts';

/** All Feature IDs of the plan but CoAP's: what Tandem does not have yet fails, it is not left out. */
const features = [
  ...Array.from({ length: 42 }, (_, index) => index + 1).filter((id) => ![11, 14, 16, 20, 29].includes(id)),
];

export const labDescriptor: Descriptor = {
  name: 'Tandem on the simulated router',
  agent: { endpointId: `os::${labIdentity.ManufacturerOUI}-${labIdentity.SerialNumber}` },
  controllers: {
    primary: {
      endpointId: 'proto::judge-primary',
      path: '/primary',
      topic: 'judge/primary',
      destination: '/queue/primary',
    },
    secondary: {
      endpointId: 'proto::judge-secondary',
      path: '/secondary',
      topic: 'judge/secondary',
      destination: '/queue/secondary',
    },
  },
  transports: {
    ws: { port: 0 },
    'ws-server': { url: '' },
    mqtt5: { port: 0, agentTopic: 'judge/agent' },
    mqtt311: { port: 0, agentTopic: 'judge/agent' },
    stomp: { port: 0, agentDestination: '/queue/agent' },
  },
  features,
  use: {
    securedParameter: { path: 'Device.WiFi.AccessPoint.1.Security.KeyPassphrase' },
    silentHost: '192.0.2.1',
  },
};

export interface LabSubjectOptions {
  readonly mtp: Mtp;
  /** Of the judge's server. */
  readonly port: number;
  readonly clock: Clock;
  readonly pki: Pki;
  /** What the agent says goes to standard error. */
  readonly loud: boolean;
}

/** Tandem itself, from its sources, in this process: on the lab's router, with the judge's clock. */
export class LabSubject implements Subject {
  readonly #options: LabSubjectOptions;
  readonly #directory = mkdtempSync(join(tmpdir(), 'tandem-tp469-'));
  #router: Router | undefined;
  #agent: Agent | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: LabSubjectOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { pki } = this.#options;
    this.#router = await startRouter({ directory: this.#directory, reloadDelayMs: 5, rebootMs: 5 });
    this.#router.onReboot.on(() => {
      this.#turn = this.#turn.then(() => this.#restart());
    });
    installFactory(this.#router.root, {
      caPem: pki.caPem,
      client: pki.issue({
        commonName: labIdentity.SerialNumber,
        uri: [urn(labDescriptor.agent.endpointId)],
        // It is a server as well, over ws-server.
        ip: ['127.0.0.1'],
        usage: 'both',
      }),
    });
    this.#configure();
    await this.#startAgent();
  }

  reset(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      await this.#stopAgent();
      rmSync(join(this.#router!.root, 'etc/tandem'), { recursive: true, force: true });
      this.#configure();
      await this.#startAgent();
    });
    return this.#turn;
  }

  reboot(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#restart());
    return this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#stopAgent();
    await this.#router?.[Symbol.asyncDispose]();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A reboot, as the agent sees it: its processes end, what is in memory is lost, and they are started again. */
  async #restart(): Promise<void> {
    await this.#stopAgent();
    await this.#router!.up();
    rmSync(join(this.#router!.root, 'var/run/tandem'), { recursive: true, force: true });
    await this.#startAgent();
  }

  #configure(): void {
    const { mtp, port } = this.#options;
    const text = configuration(labDescriptor, mtp, port);
    writeFileSync(join(this.#router!.root, 'etc/config/tandem'), text, { mode: 0o600 });
  }

  async #stopAgent(): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    this.#agent = undefined;
  }

  async #startAgent(): Promise<void> {
    const { root, socketPath } = this.#router!;
    this.#agent = await startAgent({
      root,
      ubusSocket: socketPath,
      share: 'datamodel',
      clock: this.#options.clock,
      log: this.#options.loud
        ? createLog(
            (record) => process.stderr.write(`${formatRecord(record)}\n`),
            () => 'debug',
          )
        : silentLog,
    });
  }
}

/** How an Endpoint ID stands in a certificate (TR-369 R-SEC.4). */
const urn = (endpointId: string): string => `urn:bbf:usp:id:${endpointId}`;

/** The judge's controllers as clients, each with its own certificate. */
export function labDialerTls(pki: Pki): DialerTls {
  const { primary, secondary } = labDescriptor.controllers;
  const issue = ({ endpointId }: ControllerNames) => {
    const { certPem, keyPem } = pki.issue({ commonName: 'judge', uri: [urn(endpointId)], usage: 'client' });
    return { cert: certPem, key: keyPem };
  };
  return { ca: pki.caPem, own: { primary: issue(primary), secondary: issue(secondary!) } };
}

/** The judge's controllers within records. */
export function labPayloadTls(pki: Pki): PayloadTls {
  const issue = (from: Pki, name: string) => {
    const { certPem, keyPem } = from.issue({ commonName: 'judge', uri: [urn(name)], usage: 'client' });
    return { cert: certPem, key: keyPem };
  };
  const { endpointId } = labDescriptor.controllers.primary;
  return {
    ca: pki.caPem,
    own: issue(pki, endpointId),
    other: issue(pki, 'proto::somebody-else'),
    untrusted: issue(createPki('Another operator'), endpointId),
  };
}

/** The judge's servers in the lab ask for mutual TLS. */
export function labServerTls(pki: Pki): ServerTls {
  const request = {
    commonName: 'judge',
    ip: ['127.0.0.1'],
    uri: Object.values(labDescriptor.controllers).map(({ endpointId }: ControllerNames) => urn(endpointId)),
    usage: 'both',
  } as const;
  const { certPem: cert, keyPem: key } = pki.issue(request);
  const old = pki.issue({ ...request, notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') });
  const other = createPki('Another operator');
  const foreign = other.issue(request);
  return {
    cert,
    key,
    clientCa: pki.caPem,
    expired: { cert: old.certPem, key: old.keyPem },
    foreign: { cert: foreign.certPem, key: foreign.keyPem, ca: other.caPem },
  };
}
