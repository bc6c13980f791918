import { errorCode, explain, formatDateTime, retryWaitMs, TokenBucket } from '#base';
import type { HttpConnection } from '#platform';
import { createVerbs } from '../answer.ts';
import { httpTransport } from '../exchange/http-transport.ts';
import { runSession, SessionError, type SessionParts, type SessionTransport } from '../exchange/session.ts';
import type { InformEvent, InformMessage } from '../inform.ts';
import { InstanceNames } from '../instance-names.ts';
import type { Reach } from '../reach/reach.ts';
import { secretsOf, traced } from '../trace.ts';
import { Transfers } from '../transfers/transfers.ts';
import { acsView } from '../verbs/verb.ts';
import { type AcsModel, openAcsModel, postponing } from '../view/index.ts';
import { type CwmpConfig, readConfig, readDeviceId } from './config.ts';
import { ConnectionRequestPort } from './connection-request-port.ts';
import { EventQueue, inOrder } from './event-queue.ts';
import { informParameters } from './inform-parameters.ts';
import { watchNotifications } from './notifications.ts';
import { PhaseTimer } from './phase-timer.ts';
import { PlannedReboot } from './planned-reboot.ts';
import type { CwmpPorts } from './ports.ts';
import { Schedule } from './schedule.ts';
import { CwmpStateFile } from './state.ts';

export interface CwmpStatus {
  readonly url: string;
  readonly state: 'off' | 'idle' | 'in session' | 'waiting to retry';
  readonly pending: readonly string[];
  readonly retryCount: number;
  readonly connectionRequestUrl: string;
  /** The ways around a NAT, by their names. */
  readonly reach: Readonly<Record<string, string>>;
  /** Since the agent started. */
  readonly counts: { readonly ended: number; readonly failed: number; readonly served: number };
  /** When and why a session failed last. */
  readonly lastError: string | undefined;
  /** The session before: when it ended and how. */
  readonly last: { readonly at: string; readonly ok: boolean; readonly said: string } | undefined;
}

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

/** Told to the ACS: no answer of ours, however large, takes longer. */
const sessionTimeoutSeconds = 60;
const bootMark = 'cwmp-boot';
const defaultTimeouts = { exchangeMs: 300_000, sessionMs: 3_600_000 };
/** Events that end a wait for a retry before its time; the others wait with it (TR-069 3.2.1.1). */
const impatient = /^(0 BOOTSTRAP|1 BOOT|6 CONNECTION REQUEST|M |X )/;

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
  readonly #events: EventQueue;
  readonly #port: ConnectionRequestPort;
  readonly #schedule: Schedule;
  readonly #connectionRequests: TokenBucket;
  readonly transfers: Transfers;
  readonly #reboot: PlannedReboot;
  readonly #abort = new AbortController();
  readonly #declared: Disposable[] = [];
  #notifications: Awaited<ReturnType<typeof watchNotifications>> | undefined;
  #reach: Reach | undefined;
  #watching: Disposable | undefined;
  #config: CwmpConfig | undefined;
  /** URL of the ACS that a BOOTSTRAP is owed to. */
  #newTo = '';
  #retryCount = 0;
  /** Codes of the events that the failed session had told: they wait for the retry. */
  #waiting: ReadonlySet<string> = new Set();
  #last: CwmpStatus['last'];
  readonly #counts = { ended: 0, failed: 0, served: 0 };
  #lastError: string | undefined;
  #session: Promise<void> | undefined;
  #retryTimer: Disposable | undefined;
  readonly #periodic: PhaseTimer;
  readonly #heartbeat: PhaseTimer;
  #heartbeatDue = false;
  /** Of the last session that ended well, on the monotonic clock. */
  #endedMs: number | undefined;
  #throttle: Disposable | undefined;
  /** The device has been told to reboot: what happens now is for the next boot. */
  #goingDown = false;
  /** Reboot or reset, when the session is over. */
  #afterwards: { readonly action: 'reboot' | 'factory-reset'; readonly commandKey: string } | undefined;

  constructor(ports: CwmpPorts, seen: AcsModel) {
    this.#ports = ports;
    this.#seen = seen;
    this.#state = new CwmpStateFile(ports.state, ports.log);
    this.#events = new EventQueue(this.#state.get().events ?? []);
    this.#schedule = new Schedule(this.#state, ports.clock, (commandKey) => void this.#scheduled(commandKey));
    this.transfers = new Transfers({
      ...ports,
      engine: ports.files,
      quiet: () => !this.#session && !this.#goingDown && this.#config?.enabled === true,
      origin: () => ({ by: 'cwmp', ...(this.#config?.url && { peer: this.#config.url.host }) }),
      reported: () => this.#consider(),
    });
    this.#periodic = new PhaseTimer(ports.clock, () => {
      this.#events.raise('2 PERIODIC');
      this.#consider();
    });
    this.#heartbeat = new PhaseTimer(ports.clock, () => {
      this.#heartbeatDue = true;
      this.#consider();
    });
    this.#reboot = new PlannedReboot({
      ...ports,
      state: this.#state,
      inSession: () => this.#session !== undefined,
      reboot: () => void this.#goDown('reboot', undefined),
    });
    this.#port = new ConnectionRequestPort(ports, this.#state, () => this.#connectionRequest());
    this.#connectionRequests = new TokenBucket(ports.clock, requestBurst, requestsPerSecond);
  }

  async start(): Promise<void> {
    const { model, runtime } = this.#ports;
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
    this.#reach = await this.#makeReach();
    if (runtime.read(bootMark) === undefined) this.#events.raise('1 BOOT');
    const watched = await model.watch(acsView, { paths: ['Device.ManagementServer.'], kinds: ['value'] }, () => {
      void this.#configure();
    });
    if (watched.ok) this.#watching = watched.value;
    this.#notifications = await watchNotifications(
      this.#seen,
      this.#state,
      this.#ports.log,
      () => {
        this.#events.raise('4 VALUE CHANGE');
        this.#consider();
      },
      (change, active) => this.#reach?.tell(change, active),
    );
    this.#reboot.consider();
    await this.#configure();
    await this.#reach?.start();
  }

  status(): CwmpStatus {
    const { enabled = false, url } = this.#config ?? {};
    return {
      url: url?.href ?? '',
      state: !enabled || !url ? 'off' : this.#session ? 'in session' : this.#retryTimer ? 'waiting to retry' : 'idle',
      pending: this.#owed(this.transfers.events).map(({ code }) => code),
      retryCount: this.#retryCount,
      connectionRequestUrl: this.#port.url,
      reach: this.#reach?.status() ?? {},
      counts: { ...this.#counts },
      lastError: this.#lastError,
      last: this.#last,
    };
  }

  async betweenSessions(): Promise<void> {
    while (this.#session) await this.#session;
  }

  diagnosticsComplete(): void {
    this.#events.raise('8 DIAGNOSTICS COMPLETE');
    this.#consider();
  }

  inform(): void {
    this.#events.raise('6 CONNECTION REQUEST');
    this.#consider();
  }

  async networkChanged(): Promise<void> {
    this.#reach?.networkChanged();
    const { url } = this.#config ?? {};
    if (!url || this.#session) return;
    const before = this.#port.url;
    await this.#port.refreshUrl(url);
    if (this.#port.url === before || before === '') return;
    // TR-181: a ConnectionRequestURL is notified actively unless the ACS says otherwise.
    const path = await this.#seen.pathOf('Device.ManagementServer.ConnectionRequestURL');
    if (path === undefined) return;
    const notification = this.#notifications?.notificationOf(path) ?? 0;
    if (notification === 0) return;
    this.#notifications?.mark([path]);
    if (notification < 2) return;
    this.#events.raise('4 VALUE CHANGE');
    this.#consider();
  }

  async tell(name: string, paths: readonly string[]): Promise<void> {
    const seen = await Promise.all(paths.map((path) => this.#seen.pathOf(path)));
    this.#notifications?.mark(seen.filter((path) => path !== undefined));
    const { oui } = await readDeviceId(this.#ports.model);
    this.#events.raise(`X ${oui} ${name}`);
    if (paths.length > 0) this.#events.raise('4 VALUE CHANGE');
    this.#consider();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    this.#retryTimer?.[Symbol.dispose]();
    this.#periodic[Symbol.dispose]();
    this.#heartbeat[Symbol.dispose]();
    this.#throttle?.[Symbol.dispose]();
    this.#schedule[Symbol.dispose]();
    this.#reboot[Symbol.dispose]();
    await this.transfers[Symbol.asyncDispose]();
    this.#watching?.[Symbol.dispose]();
    for (const declared of this.#declared) declared[Symbol.dispose]();
    await this.#notifications?.[Symbol.asyncDispose]();
    await this.#port[Symbol.asyncDispose]();
    await this.#reach?.[Symbol.asyncDispose]();
    await this.#session;
  }

  /** @returns false: too many of late */
  #connectionRequest(): boolean {
    const taken = this.#connectionRequests.take();
    if (taken) this.inform();
    return taken;
  }

  async #makeReach(): Promise<Reach | undefined> {
    const { model, clock, log, runtime, random, randomHex, reach: ports } = this.#ports;
    if (!ports) return undefined;
    const { Reach } = await import('../reach/reach.ts');
    return new Reach({
      ...{ model, clock, log, runtime, random, randomHex, ports },
      state: this.#state,
      accepted: () => this.#connectionRequest(),
      changed: (paths) => {
        this.#changedByItself(paths).catch((error) => log.error('a change can not be told', { error }));
      },
    });
  }

  async #changedByItself(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const seen = await this.#seen.pathOf(path);
      // What the ACS has not asked to be told of it is told with the next session: it can not know otherwise.
      if (seen !== undefined && this.#notifications?.notificationOf(seen) === 0) this.#notifications.mark([seen]);
    }
    await this.#ports.model.changed();
  }

  /** Takes over `Device.ManagementServer.` as it stands. */
  async #configure(): Promise<void> {
    try {
      this.#config = await readConfig(this.#ports.model);
      if (this.#abort.signal.aborted) return;
      await this.#port.sync(this.#config);
      const { enabled, periodic, heartbeat } = this.#config;
      this.#periodic.set({ ...periodic, enabled: enabled && periodic.enabled });
      this.#heartbeat.set({ ...heartbeat, enabled: enabled && heartbeat.enabled });
      const { url } = this.#config;
      if (url && this.#state.get().bootstrapped !== url.href) {
        const another = this.#newTo !== url.href;
        // What a session that is running tells already is not owed once more.
        if (another || !this.#events.has('0 BOOTSTRAP')) this.#events.raise('0 BOOTSTRAP');
        if (another) await this.transfers.forgetReports();
        this.#newTo = url.href;
      }
      this.#consider();
    } catch (error) {
      this.#ports.log.error('the configuration could not be taken over', { error });
    }
  }

  /** From now on the events are what is owed: they are on flash before the order goes. */
  async #scheduled(commandKey: string): Promise<void> {
    this.#events.raise('3 SCHEDULED');
    this.#events.raise('M ScheduleInform', commandKey);
    try {
      await this.#state.change({ events: this.#events.durable, scheduled: this.#schedule.waiting });
    } catch (error) {
      this.#ports.log.error('the state can not be saved', { error });
    }
    this.#consider();
  }

  /** Begins a session if one is due and none is running. */
  #consider(): void {
    const { enabled, url } = this.#config ?? {};
    if (this.#session || this.#goingDown || this.#abort.signal.aborted || !enabled || !url) return;
    const pending = this.#owed(this.transfers.pressing);
    if (pending.length === 0) {
      if (this.#heartbeatDue && !this.#retryTimer) this.#begin(url, true);
      else this.transfers.consider();
      return;
    }
    if (this.#retryTimer) {
      if (!pending.some(({ code }) => impatient.test(code) && !this.#waiting.has(code))) return;
      this.#retryTimer[Symbol.dispose]();
      this.#retryTimer = undefined;
    }
    if (this.#throttled(pending)) return;
    this.#begin(url, false);
  }

  #begin(url: URL, heartbeat: boolean): void {
    this.#throttle?.[Symbol.dispose]();
    this.#throttle = undefined;
    if (heartbeat) this.#heartbeatDue = false;
    this.#session = this.#runOne(this.#config!, url, heartbeat).finally(() => {
      this.#session = undefined;
      this.transfers.consider();
      this.#reboot.consider();
      this.#consider();
    });
  }

  /** TR-181 DefaultActiveNotificationThrottle: only a session that has no other reason than a change of values has to wait. */
  #throttled(pending: readonly InformEvent[]): boolean {
    const { clock } = this.#ports;
    const { throttleSeconds = 0 } = this.#config ?? {};
    if (throttleSeconds === 0 || this.#endedMs === undefined) return false;
    if (this.#retryCount > 0 || pending.some(({ code }) => code !== '4 VALUE CHANGE')) return false;
    const waitMs = this.#endedMs + throttleSeconds * 1000 - clock.monotonicMs();
    if (waitMs <= 0) return false;
    this.#throttle ??= clock.timer(waitMs, () => {
      this.#throttle = undefined;
      this.#consider();
    });
    return true;
  }

  /** What the next Inform tells. @param reports events of what has messages of its own */
  #owed(reports: readonly InformEvent[]): InformEvent[] {
    return inOrder([...this.#events.pending, ...reports]);
  }

  /** @param heartbeat a session of its own that tells of nothing else, and is not tried again (TR-069 Annex O) */
  async #runOne(config: CwmpConfig, url: URL, heartbeat: boolean): Promise<void> {
    const { log, clock } = this.#ports;
    const told = heartbeat ? [{ code: '14 HEARTBEAT', commandKey: '' }] : this.#owed(this.transfers.events);
    // Those that the events announce: what comes to pass from here on is told in the next session.
    const reports = heartbeat ? [] : this.transfers.requests(url.host);
    const changed = heartbeat ? new Map<string, number>() : this.#notifications!.take();
    this.#events.telling(told);
    const said = told.map(({ code }) => code).join(', ');
    log.info('session begins', { acs: url.host, events: said, retry: this.#retryCount });
    const http = this.#ports.openHttp();
    try {
      await this.#port.refreshUrl(url);
      const parameters = await informParameters(
        this.#seen,
        changed.keys(),
        told.map(({ code }) => code),
        heartbeat,
      );
      this.#notifications!.telling(new Map(parameters.map(({ path, value }) => [path, value])));
      const content = { told, changed, parameters, reports };
      const served = await this.#exchange(config, url, http, content).finally(async () => {
        http[Symbol.dispose]();
        await this.#ports.model.applyPostponed();
      });
      this.#ports.reached();
      log.info('session ended', { served: served.join(',') || 'nothing' });
      this.#last = { at: formatDateTime(clock.now()), ok: true, said };
      this.#counts.ended++;
      this.#counts.served += served.length;
      this.#notifications!.delivered(changed, new Map(parameters.map(({ path, value }) => [path, value])));
      this.#endedMs = clock.monotonicMs();
      if (!heartbeat) await this.#acknowledged(url, told);
      await this.#doAfterwards();
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      log.warn('session failed', { code: errorCode(error), reason: explain(error) });
      this.#last = { at: formatDateTime(clock.now()), ok: false, said: explain(error) };
      this.#counts.failed++;
      this.#lastError = `${this.#last.at} ${errorCode(error) ?? 'error'}: ${explain(error)}`;
      if (heartbeat) this.#afterwards = undefined;
      else await this.#failed(config, told, error instanceof SessionError ? error.retryAfterSeconds : undefined);
    } finally {
      http[Symbol.dispose]();
    }
  }

  async #exchange(
    config: CwmpConfig,
    url: URL,
    http: HttpConnection,
    said: {
      readonly told: InformMessage['events'];
      readonly changed: ReadonlyMap<string, number>;
      readonly parameters: InformMessage['parameters'];
      readonly reports: SessionParts['ownRequests'];
    },
  ): Promise<readonly string[]> {
    const { told, changed, parameters, reports } = said;
    const { model, log, randomHex, allowPlain, clock } = this.#ports;
    const { exchangeMs, sessionMs } = this.#ports.timeouts ?? defaultTimeouts;
    const late = new AbortController();
    // An ACS that does not come to an end holds nothing up for ever.
    using _watchdog = clock.timer(sessionMs, () =>
      late.abort(new SessionError('CWMP_ENDLESS', 'the session did not come to its end in time')),
    );
    const signal = AbortSignal.any([this.#abort.signal, late.signal]);
    const events =
      changed.size > 0 && !told.some(({ code }) => code === '4 VALUE CHANGE')
        ? [...told, { code: '4 VALUE CHANGE', commandKey: '' }]
        : told;
    const names = await InstanceNames.of(
      this.#seen,
      config.instances,
      parameters.map(({ path }) => path),
    );
    const inform: InformMessage = {
      deviceId: await readDeviceId(model),
      events,
      now: clock.now(),
      retryCount: this.#retryCount,
      parameters: parameters.map((parameter) => ({ ...parameter, path: names.show(parameter.path) })),
    };
    /** What the ACS changes of it in the session counts from its next request on. */
    const current = (): CwmpConfig => this.#config ?? config;
    let requests = 0;
    const { served } = await runSession({
      transport: this.#traced(
        url,
        httpTransport({
          http,
          url,
          credentials: { username: config.username, password: config.password },
          clientNonce: () => randomHex(8),
          allowPlain,
          compression: config.compression,
          deadline: (expired) => clock.timer(exchangeMs, expired),
          signal,
        }),
      ),
      inform,
      ownRequests: reports,
      verbs: createVerbs((action, commandKey) => {
        this.#afterwards = { action, commandKey };
      }, this.transfers),
      context: {
        model: postponing(this.#seen),
        acs: url.host,
        attributes: this.#notifications!,
        schedule: (seconds, key) => this.#schedule.add(seconds, key),
        storeParameterKey: (parameterKey) => this.#state.change({ parameterKey }),
        get instances() {
          return current().instances;
        },
        signal,
      },
      log,
      sessionTimeoutSeconds,
      nextId: () => `${randomHex(4)}${++requests}`,
    });
    return served;
  }

  #traced(url: URL, transport: SessionTransport): SessionTransport {
    const { trace } = this.#ports;
    return trace ? traced(transport, trace, url.host, secretsOf(this.#seen)) : transport;
  }

  async #acknowledged(url: URL, told: InformMessage['events']): Promise<void> {
    const kept = this.#state.get();
    this.#events.delivered(told);
    this.#retryCount = 0;
    this.#waiting = new Set();
    if (told.some(({ code }) => code === '1 BOOT')) await this.#ports.runtime.write(bootMark, 'delivered');
    const bootstrapped = told.some(({ code }) => code === '0 BOOTSTRAP') ? url.href : kept.bootstrapped;
    const { durable } = this.#events;
    // Flash is written only if there is something to say.
    if (bootstrapped !== kept.bootstrapped || JSON.stringify(durable) !== JSON.stringify(kept.events ?? [])) {
      await this.#state.change({ events: durable, ...(bootstrapped !== undefined && { bootstrapped }) });
    }
  }

  async #failed(
    config: CwmpConfig,
    told: InformMessage['events'],
    notBeforeSeconds: number | undefined,
  ): Promise<void> {
    this.#events.failed(told);
    this.#waiting = new Set(told.map(({ code }) => code).filter((code) => code !== '6 CONNECTION REQUEST'));
    this.#afterwards = undefined;
    this.#retryCount++;
    const { durable } = this.#events;
    // Once for each event, at its first failure; none of the retries that follow writes to flash.
    if (JSON.stringify(durable) !== JSON.stringify(this.#state.get().events ?? [])) {
      await this.#state.change({ events: durable });
    }
    if (this.#owed(this.transfers.pressing).length === 0) return;
    const byTable = retryWaitMs(config.retry, this.#retryCount, this.#ports.random);
    const waitMs = Math.max(byTable, (notBeforeSeconds ?? 0) * 1000);
    this.#ports.log.info('next try', { in_s: Math.round(waitMs / 1000) });
    this.#retryTimer = this.#ports.clock.timer(waitMs, () => {
      this.#retryTimer = undefined;
      this.#consider();
    });
  }

  /** TR-069 A.3.2.8, A.4.1.6: only after the session; the event of the reboot is on flash before it happens. */
  async #doAfterwards(): Promise<void> {
    const due = this.#afterwards;
    this.#afterwards = undefined;
    if (due) await this.#goDown(due.action, due.commandKey);
  }

  /** @param commandKey of the RPC that has asked for it; `undefined`: none has */
  async #goDown(action: 'reboot' | 'factory-reset', commandKey: string | undefined): Promise<void> {
    const { model, log } = this.#ports;
    this.#goingDown = true;
    if (action === 'reboot' && commandKey !== undefined) {
      // On flash only: it is an event of the boot that follows.
      const event = { code: 'M Reboot', commandKey };
      await this.#state.change({ events: [...this.#events.durable, event] });
    }
    const path = action === 'reboot' ? 'Device.Reboot()' : 'Device.FactoryReset()';
    const origin = { by: 'cwmp', ...(this.#config?.url && { peer: this.#config.url.host }) } as const;
    const answer = await model.operate({ protocol: 'usp' }, { path, args: {}, commandKey: commandKey ?? '', origin });
    const result = answer.ok ? answer.value[0]?.result : answer;
    if (result?.ok === true) return;
    this.#goingDown = false;
    log.error('what the ACS asked for failed', { command: path, reason: result?.fault.message });
    await this.#state.change({ events: this.#events.durable });
  }
}
