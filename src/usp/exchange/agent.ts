import { type Clock, explain, type Log } from '#base';
import type { Model } from '#model';
import type { BlobTable } from '#platform';
import { BootEvent, type BootPort } from '../notify/boot-event.ts';
import type { ControllerRows } from '../notify/controller-rows.ts';
import { monitors } from '../notify/monitors.ts';
import { OnBoarding } from '../notify/on-boarding.ts';
import { PeriodicEvent } from '../notify/periodic-event.ts';
import { Subscriptions } from '../notify/subscriptions.ts';
import { thresholdOperators, thresholds } from '../notify/thresholds.ts';
import { watchdogs } from '../notify/watchdogs.ts';
import { Broker } from '../services/broker.ts';
import { withServices } from '../services/service-model.ts';
import { declareSession, type OpenTunnel, type Signer, signerOf } from '../session/index.ts';
import { MessageTrace, secretsOf, type TracePort } from '../trace/index.ts';
import { noTrust, Trust, type TrustPort } from '../trust/index.ts';
import { configPaths, readConfig, type UspConfig } from './config.ts';
import { ControllerSession } from './controller-session.ts';
import { noMtps } from './mtp-config.ts';
import { controllerStatus, serverStatus } from './status.ts';
import { declareTransports } from './transport-parameters.ts';
import { type TransportPorts, Transports } from './transports.ts';

export interface UspPorts extends TransportPorts {
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  /** Where messages are shown to people. */
  readonly trace: TracePort;
  /** Version of the agent, for `Device.LocalAgent.SoftwareVersion`. */
  readonly version: string;
  /** A connection with a controller that is certainly the one stands, or has carried a message: the device can be managed. */
  readonly reached: () => void;
  /** What is said of the boot, and to whom it has still to be said (TR-181 `Device.Boot!`). */
  readonly boot: BootPort;
  readonly trust: TrustPort;
  /** With the certificate and key of `trust.own`. */
  readonly openTunnel: OpenTunnel;
}

export interface UspAgent extends AsyncDisposable {
  status(): BlobTable;
  /** There is a controller to be reached. */
  readonly managed: boolean;
  /** Connects anew to every controller: whether one can be reached shows. */
  reconnect(): void;
}

/** The USP agent: its controllers, its transports, its subscriptions, kept in line with `Device.LocalAgent.`. */
export async function startUsp(ports: UspPorts): Promise<UspAgent> {
  const agent = new Agent(ports, await endpointIdOf(ports.model));
  await agent.start();
  return agent;
}

/** `os::` OUI and serial number (TR-369 "Use of authority-scheme and authority-id"), bytes beyond the permitted ones in percent. */
async function endpointIdOf(model: Model): Promise<string> {
  const paths = ['Device.DeviceInfo.ManufacturerOUI', 'Device.DeviceInfo.SerialNumber'];
  const [oui = '', serial = ''] = (await model.get({ protocol: 'usp' }, paths)).map(({ result }) =>
    result.ok ? (result.value[0]?.parameters[0]?.value ?? '') : '',
  );
  const clean = serial.replace(/[^A-Za-z0-9._-]/gu, (character) =>
    encodeURIComponent(character).replace(/[!'()*]/g, ''),
  );
  return `os::${oui.toUpperCase()}-${clean}`;
}

class Agent implements UspAgent {
  readonly #ports: UspPorts;
  readonly #endpointId: string;
  readonly #startedMs: number;
  readonly #abort = new AbortController();
  readonly #sessions = new Map<string, ControllerSession>();
  /** Sessions that have a last request to answer. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #transports: Transports;
  readonly #declared: Disposable[] = [];
  readonly #subscriptions: Subscriptions;
  /** Tables of what controllers have watched for themselves. */
  readonly #watched: readonly ControllerRows<Disposable>[];
  readonly #onBoarding: OnBoarding;
  readonly #periodic: PeriodicEvent;
  readonly #boot: BootEvent;
  readonly #trust: Trust;
  readonly #signer: Signer | undefined;
  readonly #broker: Broker;
  /** As controllers are shown it: with what services have registered. */
  readonly #model: Model;
  #config: UspConfig = { controllerRows: new Set(), controllers: [], trust: noTrust, ...noMtps };
  #watching: Disposable | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(ports: UspPorts, endpointId: string) {
    this.#ports = ports;
    this.#endpointId = endpointId;
    this.#startedMs = ports.clock.monotonicMs();
    const { clock, log, random, randomHex } = ports;
    this.#broker = new Broker({
      model: ports.model,
      endpointId,
      clock,
      log,
      randomHex,
      trusted: (service) => this.#config.serviceTrust.get(service) ?? [],
      hasController: (id) =>
        [...this.#sessions.values()].some(
          ({ config, links }) => config.endpointId === id && links.some(({ kind }) => kind === 'uds'),
        ),
    });
    const broker = this.#broker;
    const model = withServices(ports.model, broker);
    this.#model = model;
    const session = (path: string): ControllerSession | undefined => this.#sessions.get(path);
    const quiet = () => Promise.all([...[...this.#sessions.values()].map(({ idle }) => idle), ...this.#leaving]);
    this.#transports = new Transports({ ports, model, clock, log, random, endpointId, session, quiet, broker });
    this.#trust = new Trust({
      model: ports.model,
      shown: model,
      clock,
      log,
      randomHex,
      port: ports.trust,
      controllers: () => this.#config.controllers,
      inherited: (path) => session(path)?.inherited ?? [],
      changed: () => void this.#takeOver(),
    });
    const { own } = ports.trust;
    this.#signer = own && signerOf(own.cert, own.key.reveal());
    const controllers = {
      recipient: (path: string) => session(`${path}.`),
      controllerRow: (id: string) => this.#config.controllers.find((one) => one.endpointId === id)?.path.slice(0, -1),
      isController: (path: string) => this.#config.controllerRows.has(path),
    };
    this.#boot = new BootEvent(ports.boot, clock);
    this.#subscriptions = new Subscriptions({ model, clock, log, randomHex, boot: this.#boot, ...controllers });
    const watching = { model, log, clock, ...controllers };
    this.#watched = [thresholds(watching), monitors(watching), watchdogs(watching)];
    this.#periodic = new PeriodicEvent(model, clock, random);
    this.#onBoarding = new OnBoarding({ model, clock, session });
  }

  async start(): Promise<void> {
    const { model, log, clock, version } = this.#ports;
    this.#declared.push(
      model.declare({
        path: 'Device.LocalAgent.',
        parameters: {
          EndpointID: { get: () => this.#endpointId },
          SoftwareVersion: { get: () => version },
          SupportedThresholdOperator: { get: () => thresholdOperators.join(',') },
          SupportedNumberOfSubscriptions: { get: () => '-1' },
          UpTime: { get: () => String(Math.floor((clock.monotonicMs() - this.#startedMs) / 1000)) },
        },
        events: ['Periodic!'],
      }),
      model.declare({ path: 'Device.', events: ['Boot!'] }),
      ...declareTransports(model, this.#transports),
      model.declare({
        path: 'Device.LocalAgent.Controller.{i}.MTP.{i}.UDS.',
        parameters: { USPServiceRef: { get: ({ path }) => this.#serviceBehind(path.slice(0, -'UDS.'.length)) } },
      }),
      declareSession(model, (path) => this.#sessions.get(path)?.exchange),
      model.declare({
        path: 'Device.LocalAgent.Controller.{i}.',
        commands: { 'SendOnBoardRequest()': (_, { row }) => this.#onBoarding.request(row.path) },
      }),
    );
    const watched = await model.watch(
      { protocol: 'usp', reveal: true },
      { paths: configPaths, kinds: ['value', 'created', 'deleted'] },
      () => void this.#takeOver(),
    );
    if (watched.ok) this.#watching = watched.value;
    else log.error('the configuration can not be watched', { reason: watched.fault.message });
    await this.#takeOver();
    model.raise('Device.Boot!', this.#boot.args, { by: 'device' });
    this.#boot.keep();
  }

  /** The service that is also the controller with this MTP. */
  #serviceBehind(mtp: string): string {
    const behind = this.#config.controllers.find(({ peers }) =>
      peers.some(({ kind, path }) => kind === 'uds' && path === mtp),
    );
    return behind ? this.#broker.rowOf(behind.endpointId) : '';
  }

  get managed(): boolean {
    return this.#transports.size > 0;
  }

  reconnect(): void {
    this.#transports.reconnect();
  }

  status(): BlobTable {
    return {
      endpoint_id: this.#endpointId,
      subscriptions: this.#subscriptions.active,
      ...serverStatus(this.#config.webSocketServers, (path) => this.#transports.state(path)),
      controllers: [...this.#sessions.values()].map((session) =>
        controllerStatus(session, (path) => this.#transports.state(path)),
      ),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    this.#watching?.[Symbol.dispose]();
    await this.#turn;
    this.#periodic[Symbol.dispose]();
    await this.#transports[Symbol.asyncDispose]();
    await this.#subscriptions[Symbol.asyncDispose]();
    for (const rows of this.#watched) await rows[Symbol.asyncDispose]();
    this.#onBoarding[Symbol.dispose]();
    this.#trust[Symbol.dispose]();
    await this.#boot[Symbol.asyncDispose]();
    for (const session of this.#sessions.values()) session[Symbol.dispose]();
    for (const declared of this.#declared) declared[Symbol.dispose]();
  }

  /** Reads the configuration and brings sessions and transports in line with it. */
  #takeOver(): Promise<void> {
    this.#turn = this.#turn
      .then(async () => {
        if (this.#abort.signal.aborted) return;
        this.#config = await readConfig(this.#ports.model);
        this.#trust.configure(this.#config.trust);
        this.#syncSessions();
        for (const session of this.#sessions.values()) void session.refresh();
        this.#periodic.sync(this.#config.controllers);
        this.#transports.sync(this.#config);
        await this.#subscriptions.sync();
        for (const rows of this.#watched) await rows.sync();
        this.#onBoarding.sync(this.#config.controllers);
      })
      .catch((error) => this.#ports.log.error('the configuration could not be taken over', { reason: explain(error) }));
    return this.#turn;
  }

  #syncSessions(): void {
    const { clock, log, random, randomHex } = this.#ports;
    const wanted = new Map(this.#config.controllers.map((controller) => [controller.path, controller]));
    for (const [path, session] of [...this.#sessions]) {
      const config = wanted.get(path);
      if (config && config.endpointId === session.config.endpointId) session.reconfigure(config);
      else {
        const last = session.idle.finally(() => this.#leaving.delete(last));
        this.#leaving.add(last);
        session[Symbol.dispose]();
        this.#sessions.delete(path);
      }
    }
    for (const [path, config] of wanted) {
      if (this.#sessions.has(path)) continue;
      const parts = {
        model: this.#model,
        authority: this.#trust.authority,
        firstUse: this.#trust.firstUse,
        signer: this.#signer,
        // Without a key of the kind that both need there is neither.
        openTunnel: this.#signer && this.#ports.openTunnel,
        clock,
        log,
        random,
        randomHex,
        endpointId: this.#endpointId,
        signal: this.#abort.signal,
        settled: () => this.#subscriptions.settled(),
        reached: this.#ports.reached,
        trace: new MessageTrace(this.#ports.trace, secretsOf(this.#model), config.endpointId),
      };
      this.#sessions.set(path, new ControllerSession(config, parts));
    }
  }
}
