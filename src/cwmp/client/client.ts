import { explain, PhaseTimer, TokenBucket } from '#base';
import type { Origin } from '#model';
import { Reach } from '../reach/reach.ts';
import { Transfers } from '../transfers/transfers.ts';
import { acsView } from '../verbs/verb.ts';
import { type AcsModel, openAcsModel } from '../view/index.ts';
import { type CwmpConfig, readConfig } from './config.ts';
import { ConnectionRequestPort } from './connection-request-port.ts';
import { GoingDown } from './going-down.ts';
import { NotificationLimit } from './notification-limit.ts';
import { type Notifications, watchNotifications } from './notifications.ts';
import { OwedEvents } from './owed-events.ts';
import { OwnChanges } from './own-changes.ts';
import { Pace } from './pace.ts';
import { PlannedReboot } from './planned-reboot.ts';
import type { CwmpPorts } from './ports.ts';
import { Schedule } from './schedule.ts';
import { Sessions } from './sessions.ts';
import { CwmpStateFile } from './state.ts';
import type { CwmpStatus } from './status.ts';

export interface CwmpClient extends AsyncDisposable {
  readonly transfers: Transfers;
  status(): CwmpStatus;
  /** A session now, whatever waits: `tandem inform`. */
  inform(): void;
  /** An interface has come, gone or got another address: whether the device is reached at another one now is looked at. */
  networkChanged(): Promise<void>;
  /**
   * Tells the ACS that something has happened by itself, as the vendor event `X <OUI> <name>`, with the values of these parameters.
   * @param name capitals
   */
  tell(name: string, paths: readonly string[]): Promise<void>;
  /** Resolves when no session is running. */
  betweenSessions(): Promise<void>;
  /** A test that the ACS has asked for is over. */
  diagnosticsComplete(): void;
}

/** Connection requests that are taken, however they come: TR-069 3.2.2 wants a limit, and every one is a session. */
const requestBurst = 30;
const requestsPerSecond = 0.5;

/** The CWMP client: which events are owed to the ACS, when a session is due, and what has to be kept for the next one. */
export async function startCwmp(ports: CwmpPorts): Promise<CwmpClient> {
  const { root = 'Device', model, state, log } = ports;
  const client = new Client(ports, await openAcsModel(root, model, state, log));
  await client.start();
  return client;
}

class Client implements CwmpClient {
  readonly #ports: CwmpPorts;
  /** What the ACS sees; our own configuration is read from TR-181, whatever it sees. */
  readonly #seen: AcsModel;
  readonly #state: CwmpStateFile;
  readonly #events: OwedEvents;
  readonly #own: OwnChanges;
  readonly #port: ConnectionRequestPort;
  readonly #connectionRequests: TokenBucket;
  readonly #schedule: Schedule;
  readonly transfers: Transfers;
  readonly #reboot: PlannedReboot;
  readonly #down: GoingDown;
  readonly #pace: Pace;
  readonly #periodic: PhaseTimer;
  readonly #heartbeat: PhaseTimer;
  readonly #limit: NotificationLimit;
  #heartbeatDue = false;
  readonly #abort = new AbortController();
  readonly #declared: Disposable[] = [];
  #notifications: Notifications | undefined;
  #sessions: Sessions | undefined;
  #reach: Reach | undefined;
  #watching: Disposable | undefined;
  #config: CwmpConfig | undefined;

  constructor(ports: CwmpPorts, seen: AcsModel) {
    const { model, clock, log } = ports;
    const origin = (): Origin => ({ by: 'cwmp', ...(this.#config?.url && { peer: this.#config.url.host }) });
    this.#ports = ports;
    this.#seen = seen;
    this.#state = new CwmpStateFile(ports.state, log);
    this.#events = new OwedEvents(this.#state, ports.runtime, log);
    this.#own = new OwnChanges({ model, seen, events: this.#events, notifications: () => this.#notifications });
    this.#down = new GoingDown(model, this.#events, log, origin);
    this.#pace = new Pace(clock, ports.random, () => this.#consider());
    this.#schedule = new Schedule(this.#state, clock, (commandKey) => void this.#scheduled(commandKey));
    this.transfers = new Transfers({
      ...ports,
      engine: ports.files,
      quiet: () => !this.#sessions?.running && !this.#down.begun && this.#config?.enabled === true,
      origin,
      reported: () => this.#consider(),
    });
    this.#limit = new NotificationLimit(clock);
    this.#periodic = new PhaseTimer(clock, ports.random, () => this.#raise('2 PERIODIC'));
    this.#heartbeat = new PhaseTimer(clock, ports.random, () => {
      this.#heartbeatDue = true;
      this.#consider();
    });
    this.#reboot = new PlannedReboot({
      ...ports,
      state: this.#state,
      inSession: () => this.#sessions?.running === true,
      reboot: () => void this.#down.now('reboot'),
    });
    this.#port = new ConnectionRequestPort(ports, this.#state, () => this.#connectionRequest());
    this.#connectionRequests = new TokenBucket(clock, requestBurst, requestsPerSecond);
  }

  async start(): Promise<void> {
    const { model, log, runtime } = this.#ports;
    this.#declared.push(
      model.declare({
        path: 'Device.ManagementServer.',
        parameters: {
          ParameterKey: { get: () => this.#state.get().parameterKey ?? '' },
          ConnectionRequestURL: { get: () => this.#port.url },
          ...this.#reboot.parameters,
        },
      }),
    );
    // What it declares can be notified: before the watch for that.
    this.#reach = this.#makeReach();
    const watched = await model.watch(acsView, { paths: ['Device.ManagementServer.'], kinds: ['value'] }, () => {
      void this.#configure();
    });
    if (watched.ok) this.#watching = watched.value;
    this.#notifications = await watchNotifications(
      this.#seen,
      this.#state,
      runtime,
      log,
      (path) => this.#limit.admit(path, this.#config?.deviceLimitSeconds ?? 0, () => this.#valueChanged(path)),
      (change, active) => this.#reach?.tell(change, active),
    );
    for (const path of this.#notifications.changed) {
      if (this.#notifications.notificationOf(path) === 2) this.#events.raise('4 VALUE CHANGE');
    }
    this.#sessions = this.#makeSessions(this.#notifications);
    this.#reboot.consider();
    await this.#configure();
    await this.#reach?.start();
  }

  status(): CwmpStatus {
    const { enabled = false, url, urlProblem = '' } = this.#config ?? {};
    const sessions = this.#sessions!;
    const state = sessions.running ? 'in session' : this.#pace.retrying ? 'waiting to retry' : 'idle';
    return {
      url: url ? withoutSecret(url) : urlProblem,
      state: enabled && url ? state : 'off',
      pending: sessions.owed(this.transfers.events).map(({ code }) => code),
      retryCount: this.#pace.retryCount,
      nextTrySeconds: this.#pace.nextTrySeconds,
      connectionRequestUrl: this.#port.url,
      reach: this.#reach?.status() ?? {},
      ...sessions.record,
    };
  }

  async betweenSessions(): Promise<void> {
    await this.#sessions?.between();
  }

  diagnosticsComplete(): void {
    this.#raise('8 DIAGNOSTICS COMPLETE');
  }

  inform(): void {
    this.#raise('6 CONNECTION REQUEST');
  }

  async networkChanged(): Promise<void> {
    this.#reach?.networkChanged();
    const { url } = this.#config ?? {};
    if (!url || this.#sessions?.running) return;
    const before = this.#port.url;
    try {
      await this.#port.refreshUrl(url);
      if (this.#port.url === before || before === '') return;
      await this.#own.connectionRequestUrl();
    } catch (error) {
      this.#ports.log.error('the address can not be told', { reason: explain(error) });
    }
    this.#consider();
  }

  async tell(name: string, paths: readonly string[]): Promise<void> {
    await this.#own.event(name, paths);
    this.#consider();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    for (const timed of [this.#pace, this.#periodic, this.#heartbeat, this.#limit, this.#schedule, this.#reboot]) {
      timed[Symbol.dispose]();
    }
    await this.transfers[Symbol.asyncDispose]();
    this.#watching?.[Symbol.dispose]();
    for (const declared of this.#declared) declared[Symbol.dispose]();
    await this.#notifications?.[Symbol.asyncDispose]();
    await this.#port[Symbol.asyncDispose]();
    await this.#reach?.[Symbol.asyncDispose]();
    await this.#sessions?.between();
  }

  /** @returns false: too many of late */
  #connectionRequest(): boolean {
    const taken = this.#connectionRequests.take();
    if (taken) this.inform();
    return taken;
  }

  #makeSessions(notifications: Notifications): Sessions {
    return new Sessions({
      ports: this.#ports,
      seen: this.#seen,
      state: this.#state,
      notifications,
      transfers: this.transfers,
      schedule: this.#schedule,
      config: () => this.#config!,
      signal: this.#abort.signal,
      events: this.#events,
      pace: this.#pace,
      down: this.#down,
      port: this.#port,
      moved: () => void this.networkChanged(),
      over: () => {
        this.transfers.consider();
        this.#reboot.consider();
        this.#consider();
      },
    });
  }

  #makeReach(): Reach | undefined {
    const { model, clock, log, runtime, random, randomHex, reach: ports } = this.#ports;
    if (!ports) return undefined;
    return new Reach({
      ...{ model, clock, log, runtime, random, randomHex, ports },
      state: this.#state,
      accepted: () => this.#connectionRequest(),
      changed: (paths) => {
        this.#own.values(paths).catch((error) => log.error('a change can not be told', { error }));
      },
    });
  }

  /** Takes over `Device.ManagementServer.` as it stands. */
  async #configure(): Promise<void> {
    try {
      const before = this.#config?.urlProblem;
      this.#config = await readConfig(this.#ports.model);
      const { urlProblem } = this.#config;
      if (urlProblem !== undefined && urlProblem !== before) this.#ports.log.warn('no session', { acs: urlProblem });
      if (this.#abort.signal.aborted) return;
      await this.#port.sync(this.#config);
      const { enabled, periodic, heartbeat, url } = this.#config;
      this.#periodic.set({ ...periodic, enabled: enabled && periodic.enabled });
      this.#heartbeat.set({ ...heartbeat, enabled: enabled && heartbeat.enabled });
      // What is to be told of transfers is owed to the ACS that has ordered them.
      if (url && this.#events.toldTo(url)) {
        await this.transfers.forgetReports();
        await this.#events.noted(url);
      }
      this.#consider();
    } catch (error) {
      this.#ports.log.error('the configuration could not be taken over', { error });
    }
  }

  #valueChanged(path: string): void {
    // It may have been told with another session meanwhile.
    if (!this.#notifications?.changed.has(path)) return;
    this.#events.raise('4 VALUE CHANGE');
    // What changes together is told together.
    queueMicrotask(() => this.#consider());
  }

  #raise(code: string): void {
    this.#events.raise(code);
    this.#consider();
  }

  async #scheduled(commandKey: string): Promise<void> {
    await this.#events.scheduled(commandKey, this.#schedule.waiting);
    this.#consider();
  }

  /** Begins a session if one is due and none is running. */
  #consider(): void {
    const { enabled, url, throttleSeconds } = this.#config ?? {};
    const sessions = this.#sessions;
    if (!sessions || sessions.running || this.#down.begun || this.#abort.signal.aborted || !enabled || !url) return;
    const pending = sessions.owed(this.transfers.pressing);
    if (pending.length > 0) {
      if (this.#pace.admits(pending, throttleSeconds ?? 0)) sessions.begin(url, false);
    } else if (this.#heartbeatDue && !this.#pace.retrying) {
      this.#heartbeatDue = false;
      sessions.begin(url, true);
    } else {
      this.transfers.consider();
    }
  }
}

/** Whoever puts a password into the URL does not find it in what is shown. */
function withoutSecret(url: URL): string {
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}
