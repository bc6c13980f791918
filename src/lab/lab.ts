import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scope } from '#base';
import { type Acs, type AcsCredentials, startAcs } from './acs/index.ts';
import { configureAgent } from './agent-config.ts';
import { type Controller, startController } from './controller/index.ts';
import { writeLease } from './dhcp.ts';
import { installFactory, labIdentity } from './factory.ts';
import { type LabOver, type LabTransport, labTransport } from './lab-over.ts';
import { createPki, type Pki } from './pki/index.ts';
import { LabReach } from './reach/reach.ts';
import { type Router, startRouter } from './router/index.ts';
import { Uplink } from './uplink.ts';

export interface LabOptions {
  /** Where the bundles are. */
  readonly dist: string;
  /** Of the router's files; must be empty or an earlier lab's. */
  readonly directory: string;
  /** Without TLS: for measuring what is not TLS. */
  readonly plain?: boolean;
  /** 2: besides the first USP controller, which may do everything, one that may look at a part, over WebSocket. Default 1. */
  readonly controllers?: 1 | 2;
  /** What carries USP for the first controller; the other is there with `websocket` only. Default: WebSocket, the agent as client. */
  readonly over?: LabOver;
  /** Nothing on the device names the ACS: DHCP does. */
  readonly acsByDhcp?: boolean;
  /** How the daemon's node is started, as its script does on a device. Default: as it comes. */
  readonly node?: { readonly flags: readonly string[]; readonly environment: Readonly<Record<string, string>> };
  /** What the daemon says, line by line. */
  readonly onAgentLine?: (line: string) => void;
}

const acsPassword = 'lab-cpe-password';

/** Router, ACS, USP controller and agent together: the ACS and the controller over mutual TLS with certificates of the lab's own authority. */
export class Lab implements AsyncDisposable {
  readonly router: Router;
  readonly acs: Acs;
  readonly controller: Controller;
  /** The second one, whose role lets it see identity and Wi-Fi, hear of the latter's changes, and do nothing. */
  readonly viewer: Controller | undefined;
  /** As the ACS and the controller know it. */
  readonly device = `${labIdentity.ManufacturerOUI}-${labIdentity.ProductClass}-${labIdentity.SerialNumber}`;
  readonly endpoint = `os::${labIdentity.ManufacturerOUI}-${labIdentity.SerialNumber}`;
  readonly #options: LabOptions;
  readonly #scope: Scope;
  readonly #transport: LabTransport;
  #daemon: ChildProcess | undefined;

  /** The device's for the ACS. */
  readonly acsPassword = acsPassword;
  /** Connection requests through a NAT. */
  readonly reach: LabReach;

  constructor(
    options: LabOptions,
    parts: {
      router: Router;
      acs: Acs;
      transport: LabTransport;
      viewer: Controller | undefined;
      pki: Pki;
      scope: Scope;
    },
  ) {
    this.#options = options;
    this.router = parts.router;
    this.acs = parts.acs;
    this.controller = parts.transport.controller;
    this.#transport = parts.transport;
    this.viewer = parts.viewer;
    this.#scope = parts.scope;
    this.reach = this.#scope.add(new LabReach(this, parts.pki));
  }

  /** Environment with which the CLI finds this lab's agent. */
  get environment(): Readonly<Record<string, string>> {
    return {
      TANDEM_ROOT: this.router.root,
      TANDEM_UBUS_SOCKET: this.router.socketPath,
      TANDEM_SHARE: join(this.#options.dist, 'datamodel'),
    };
  }

  get agentPid(): number | undefined {
    return this.#daemon?.pid;
  }

  /** @returns when the agent says that it is ready */
  async startAgent(): Promise<void> {
    const bundle = join(this.#options.dist, 'tandemd.cjs');
    const { flags = [], environment } = this.#options.node ?? {};
    const daemon = spawn(process.execPath, [...flags, bundle], {
      env: { ...inherited(), ...environment, ...this.environment },
      stdio: ['ignore', 'inherit', 'pipe'],
    });
    this.#daemon = daemon;
    await new Promise<void>((resolve, reject) => {
      let rest = '';
      daemon.stderr!.on('data', (chunk: Buffer) => {
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          this.#options.onAgentLine?.(line);
          if (line.includes(': ready')) resolve();
        }
      });
      daemon.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)));
    });
    daemon.removeAllListeners('exit');
    await this.#transport.join();
  }

  async stopAgent(): Promise<void> {
    const daemon = this.#daemon;
    this.#daemon = undefined;
    if (!daemon || daemon.exitCode !== null) return;
    const gone = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    await gone;
  }

  /** Has the ACS ask for a session, as an operator's portal would. @returns HTTP status of the device's answer */
  requestConnection(): Promise<number> {
    return this.acs.connectionRequest(this.device, this.connectionRequestCredentials());
  }

  /** As an ACS would have set them; these were made by the device at its first start. */
  connectionRequestCredentials(): AcsCredentials {
    const config = readFileSync(join(this.router.root, 'etc/config/tandem'), 'utf8');
    const option = (name: string): string => new RegExp(`option ${name} '([^']*)'`).exec(config)?.[1] ?? '';
    return { username: option('connection_request_username'), password: option('connection_request_password') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await this.#scope[Symbol.asyncDispose]();
  }
}

/** Everything but the agent, which `startAgent` starts. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const scope = new Scope();
  const pki = createPki('Tandem lab');
  const tlsOf = (uri: readonly string[]) => {
    if (options.plain) return {};
    const { certPem: cert, keyPem: key } = pki.issue({ commonName: 'lab', ip: ['127.0.0.1'], uri, usage: 'server' });
    return { tls: { cert, key, clientCa: pki.caPem } };
  };
  const router = scope.add(await startRouter({ directory: options.directory }));
  // The operator's side is behind the router's wan: who takes that down is cut off.
  const uplink = new Uplink();
  scope.add(router.onSettled.on(() => (uplink.up = router.interfaceUp('wan'))));
  const authentication = { scheme: 'digest', username: 'cpe', password: acsPassword } as const;
  const acs = scope.add(await startAcs({ ...tlsOf([]), authentication, uplink }));
  const { over = 'websocket', plain = false } = options;
  const endpointId = 'proto::lab-controller';
  const transport = await labTransport({ over, endpointId, router, pki, plain, scope, uplink });
  const byFactory = over === 'websocket';
  const viewerId = 'proto::lab-viewer';
  const viewer =
    options.controllers === 2 && byFactory
      ? scope.add(
          await startController({
            endpointId: viewerId,
            webSocket: { ...tlsOf([`urn:bbf:usp:id:${viewerId}`]), uplink },
          }),
        )
      : undefined;
  const entry = (one: Controller, role: string) => ({
    endpoint_id: one.endpointId,
    role,
    websocket: { host: '127.0.0.1', port: one.port, path: '/usp', encryption: !plain },
  });
  const credentials = { username: 'cpe', password: acsPassword };
  if (options.acsByDhcp) writeLease(router, { acs: { url: acs.url, provisioningCode: 'lab' } });
  installFactory(router.root, {
    ...(options.acsByDhcp
      ? { cwmp: { ...credentials, ...(plain && { allow_plain_http: '1' }) } }
      : { acs: { url: acs.url, ...credentials } }),
    controllers: byFactory ? [entry(transport.controller, 'full'), ...(viewer ? [entry(viewer, 'viewer')] : [])] : [],
    ...(viewer && { roles: { full: everything, viewer: looking } }),
    // Behind a broker, and without a network, there is no certificate of the controller's to be seen.
    ...(!plain && over.startsWith('websocket') && { identity: 'certificate' }),
    // Nobody at a lab waits for the three minutes of a device in the field.
    agent: { confirm_settle: '1', confirm_timeout: '10' },
    caPem: pki.caPem,
    client: pki.issue({
      commonName: labIdentity.SerialNumber,
      uri: [`urn:bbf:usp:id:os::${labIdentity.ManufacturerOUI}-${labIdentity.SerialNumber}`],
      ip: ['127.0.0.1'],
      usage: 'both',
    }),
  });
  configureAgent(router, transport.sections);
  return new Lab(options, { router, acs, transport, viewer, pki, scope });
}

const everything = {
  targets: 'Device.',
  param: 'rw-n',
  obj: 'rw-n',
  instantiated_obj: 'rw-n',
  command_event: 'r-xn',
};
const looking = {
  targets: 'Device.DeviceInfo.,Device.WiFi.',
  param: 'r--n',
  obj: 'r---',
  instantiated_obj: 'r---',
};

/** procd hands a daemon little of the environment; what a workstation's says to node, such as authorities to read at each start, is not the device's. */
function inherited(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => /^(PATH|LD_LIBRARY_PATH|TMPDIR|TANDEM_\w+)$/.test(name));
  return Object.fromEntries(kept);
}
