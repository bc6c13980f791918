import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, Emitter, type Log, silentLog, systemClock } from '#base';
import { UciFiles } from '#platform';
import { CallLog } from './call-log.ts';
import { defaultPackages } from './config/defaults.ts';
import { Reconciler } from './daemons.ts';
import { Failures } from './failures.ts';
import { fileObjects } from './objects/files.ts';
import { hostObjects } from './objects/hosts.ts';
import { iwinfoObject } from './objects/iwinfo.ts';
import { SystemLog } from './objects/log.ts';
import { modemObject } from './objects/modem.ts';
import { networkObjects } from './objects/network.ts';
import { Services } from './objects/service.ts';
import { Sessions } from './objects/session.ts';
import { systemObject } from './objects/system.ts';
import { uciObject } from './objects/uci.ts';
import { UciApply } from './objects/uci-apply.ts';
import { wirelessObject } from './objects/wireless.ts';
import { writeProcesses, writeSockets } from './proc.ts';
import { fenwickAx5g, type Profile } from './profile.ts';
import { Providers } from './providers.ts';
import { makeRoot, refreshRoot } from './root-tree.ts';
import { Staging } from './staging.ts';
import { UbusDaemon } from './ubusd/daemon.ts';
import { accessPoints } from './wireless.ts';
import { type Host, World } from './world.ts';

export interface RouterOptions {
  /** Holds the root tree (`root/`) and the socket of ubusd (`ubus.sock`). An existing tree is taken over. */
  readonly directory: string;
  readonly profile?: Profile;
  readonly clock?: Clock;
  readonly log?: Log;
  /** From `config.change` to the daemons running with the new configuration. Default 100. */
  readonly reloadDelayMs?: number;
  /** How long the bus is away when the router reboots. Default 300. */
  readonly rebootMs?: number;
}

export interface NewStation {
  readonly mac: string;
  readonly name: string;
  /** The wifi-iface section whose network it joins. Default the first access point's. */
  readonly section?: string;
  /** Last byte of its IPv4 address. Default 200. */
  readonly host?: number;
  readonly signalDbm?: number;
  readonly standard?: 'n' | 'ac' | 'ax';
}

export type RebootReason = 'reboot' | 'factory' | 'sysupgrade';

/** A simulated OpenWrt router that answers on a real ubus socket. */
export class Router implements AsyncDisposable {
  readonly root: string;
  readonly socketPath: string;
  readonly failures = new Failures();
  readonly calls = new CallLog();
  /** A package was taken over by the daemons. */
  readonly onReload: Emitter<string>;
  /** Interfaces may have come up or gone down. */
  readonly onSettled: Emitter<void>;
  readonly onReboot: Emitter<RebootReason>;
  readonly #options: Required<Omit<RouterOptions, 'directory'>>;
  readonly #world: World;
  readonly #daemon: UbusDaemon;
  readonly #providers: Providers;
  readonly #staging: Staging;
  readonly #sessions: Sessions;
  readonly #apply: UciApply;
  readonly #services: Services;
  readonly #syslog: SystemLog;
  readonly #reconciler: Reconciler;
  readonly #reloads = new Map<string, Disposable>();
  #tick: Disposable | undefined;
  #rebooting: Promise<void> = Promise.resolve();
  #reboots = 0;
  #disposed = false;

  constructor(options: RouterOptions) {
    const log = options.log ?? silentLog;
    this.#options = { profile: fenwickAx5g, clock: systemClock, reloadDelayMs: 100, rebootMs: 300, ...options, log };
    const { clock, profile } = this.#options;
    this.root = join(options.directory, 'root');
    this.socketPath = join(options.directory, 'ubus.sock');
    const failed = (error: unknown): void => log.error('listener of the router failed', { error });
    this.onReload = new Emitter(failed);
    this.onSettled = new Emitter(failed);
    this.onReboot = new Emitter(failed);
    makeRoot(this.root, profile);
    const uci = new UciFiles(join(this.root, 'etc/config'), log);
    const world = new World(profile, uci, clock, log);
    this.#world = world;
    for (const name of uci.packages()) world.reload(name);
    this.#daemon = new UbusDaemon(this.socketPath);
    this.#providers = new Providers(this.#daemon, { clock, failures: this.failures, calls: this.calls, log });
    this.#syslog = new SystemLog(world);
    this.#staging = new Staging(uci);
    this.#sessions = new Sessions(world, (id) => this.#staging.discard(id));
    const notifyService = (name: string, data: Parameters<Providers['notify']>[2]): void =>
      this.#providers.notify('service', name, data);
    this.#services = new Services(notifyService, (config) => this.#configChanged(config));
    this.#apply = new UciApply(
      world,
      this.#staging,
      this.#sessions,
      join(this.root, 'etc/config'),
      join(this.root, 'var/run/rpcd/snapshot-files'),
      (config) => {
        notifyService('event.trigger', { type: 'config.change', data: { package: config } });
        notifyService('config.change', { config });
        this.#configChanged(config);
      },
    );
    this.#reconciler = new Reconciler(
      world,
      this.#providers,
      (name, data) => this.#daemon.running && this.#daemon.sendEvent(name, data),
      (mac) => this.leaveStation(mac),
    );
    world.changed.on(() => this.#settle());
    this.#publish();
  }

  /** How often it was rebooted. */
  get reboots(): number {
    return this.#reboots;
  }

  /** Resolves when it is up again after what reboots it was told to do so far. */
  up(): Promise<void> {
    return this.#rebooting;
  }

  async start(): Promise<void> {
    await mkdir(join(this.root, 'tmp'), { recursive: true });
    await this.startBus();
    this.#syslog.append(`Linux version ${this.#world.profile.kernel}`, 5, 0);
    this.#syslog.append('daemon.notice procd: - init complete -', 29);
    const tick = (): void => {
      refreshRoot(this.root, this.#world);
      writeProcesses(this.root, this.#services.running());
      this.#tick = this.#options.clock.timer(1000, tick);
    };
    writeSockets(this.root);
    tick();
  }

  joinStation(station: NewStation): void {
    const ap = accessPoints(this.#world).find(
      (a) => station.section === undefined || a.network.section.name === station.section,
    );
    if (ap === undefined) throw new Error(`no access point '${station.section}' is on the air`);
    const mac = station.mac.toLowerCase();
    const host: Host = {
      name: station.name,
      mac,
      host: station.host ?? 200,
      at: ap.network.section.name,
      signalDbm: station.signalDbm ?? -55,
      standard: station.standard ?? 'ax',
      joinedAtMs: this.#options.clock.monotonicMs(),
    };
    this.#world.hosts.set(mac, host);
    const path = `hostapd.${ap.ifname}`;
    this.#providers.notify(path, 'assoc', {
      address: mac,
      target: ap.network.bssid,
      signal: host.signalDbm!,
      freq: ap.radio.frequencyMhz,
    });
    this.#providers.notify(path, 'sta-authorized', { address: mac, ifname: ap.ifname });
    const ip = this.#world.hostIpv4(host);
    if (ip !== undefined)
      this.#providers.notify('dnsmasq', 'dhcp.ack', { mac, ip, name: host.name, interface: 'br-lan' });
    this.#syslog.append(`hostapd: ${ap.ifname}: AP-STA-CONNECTED ${mac}`);
    this.#settle();
  }

  leaveStation(mac: string): void {
    const host = this.#world.hosts.get(mac.toLowerCase());
    if (host === undefined) throw new Error(`no station ${mac}`);
    this.#world.hosts.delete(host.mac);
    const ap = accessPoints(this.#world).find((a) => a.network.section.name === host.at);
    if (ap !== undefined) {
      this.#providers.notify(`hostapd.${ap.ifname}`, 'disassoc', { address: host.mac, reason: 8 });
      this.#syslog.append(`hostapd: ${ap.ifname}: AP-STA-DISCONNECTED ${host.mac}`);
    }
    this.#settle();
  }

  setSignal(mac: string, signalDbm: number): void {
    const host = this.#world.hosts.get(mac.toLowerCase());
    if (host === undefined) throw new Error(`no station ${mac}`);
    this.#world.hosts.set(host.mac, { ...host, signalDbm });
  }

  plugCable(port: string): void {
    this.#world.cables.add(port);
    this.#settle();
  }

  unplugCable(port: string): void {
    this.#world.cables.delete(port);
    this.#settle();
  }

  /** Whether the provider's network answers: without it the uplinks by cable lose their leases. The modem stays. */
  setWanReachable(reachable: boolean): void {
    this.#world.wanReachable = reachable;
    this.#settle();
  }

  /** @param name as in /etc/config/network: `wan` */
  interfaceUp(name: string): boolean {
    return this.#reconciler.isUp(name);
  }

  setModem(state: Partial<World['modem']>): void {
    Object.assign(this.#world.modem, state);
    this.#settle();
  }

  setUptime(seconds: number): void {
    this.#world.setUptime(seconds);
    refreshRoot(this.root, this.#world);
  }

  /** Edits a package as a person with an editor would: no daemon hears of it before the next reload. */
  editFile(config: string, edit: (text: string) => string): void {
    const path = join(this.root, 'etc/config', config);
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
  }

  /** What `reload_config` and init scripts do after a change of the files. */
  reload(config: string): void {
    this.#configChanged(config);
  }

  async startBus(): Promise<void> {
    await this.#daemon.start();
    this.#providers.registerAll();
    this.#settle();
  }

  /** ubusd ends: every client is disconnected. */
  async stopBus(): Promise<void> {
    await this.#daemon.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#tick?.[Symbol.dispose]();
    for (const timer of this.#reloads.values()) timer[Symbol.dispose]();
    this.#apply[Symbol.dispose]();
    this.#sessions[Symbol.dispose]();
    this.#providers.dispose();
    await this.#daemon.stop();
  }

  #publish(): void {
    const world = this.#world;
    const reload = (config: string): void => this.#configChanged(config);
    const reboot = (): void => this.#reboot('reboot');
    for (const object of [
      systemObject(world, { root: this.root, reboot, sysupgrade: () => this.#reboot('sysupgrade') }),
      ...this.#services.objects(),
      ...networkObjects(world, this.#reconciler, reload),
      wirelessObject(world, reload),
      iwinfoObject(world),
      ...hostObjects(world),
      this.#syslog.object(),
      this.#sessions.object(),
      uciObject(world, this.#staging, this.#sessions, this.#apply),
      modemObject(world),
      ...fileObjects(this.root, { reboot, factory: () => this.#reboot('factory') }),
    ])
      this.#providers.publish(object);
  }

  /** procd's trigger: a burst of changes of one package is one reload. */
  #configChanged(config: string): void {
    if (this.#disposed || this.#reloads.has(config)) return;
    const timer = this.#options.clock.timer(this.#options.reloadDelayMs, () => {
      this.#reloads.delete(config);
      this.#takeOver(config);
    });
    this.#reloads.set(config, timer);
  }

  #takeOver(config: string): void {
    // netifd reads both of its packages whichever of them changed.
    const packages = config === 'network' || config === 'wireless' ? ['network', 'wireless'] : [config];
    for (const name of packages) this.#world.reload(name);
    this.#services.restartFor(config);
    this.#syslog.append(`procd: reload of ${config}`);
    this.#settle();
    this.onReload.emit(config);
  }

  #settle(): void {
    this.#reconciler.run();
    refreshRoot(this.root, this.#world);
    this.onSettled.emit();
  }

  #reboot(reason: RebootReason): void {
    this.#reboots++;
    this.#rebooting = this.#rebooting.then(() => this.#restart(reason));
  }

  async #restart(reason: RebootReason): Promise<void> {
    const { clock, rebootMs } = this.#options;
    const wait = (delayMs: number): Promise<void> => new Promise((resolve) => void clock.timer(delayMs, resolve));
    // The caller gets its answer before the bus goes.
    await wait(20);
    if (this.#disposed) return;
    this.onReboot.emit(reason);
    await this.stopBus();
    if (reason === 'factory')
      for (const [name, text] of Object.entries(defaultPackages))
        writeFileSync(join(this.root, 'etc/config', name), text);
    rmSync(join(this.root, 'tmp'), { recursive: true, force: true });
    makeRoot(this.root, this.#options.profile);
    for (const name of this.#world.uci.packages()) {
      this.#world.reload(name);
      this.#staging.discard('', name);
    }
    this.#world.setUptime(0);
    this.#world.stopped.clear();
    await wait(rebootMs);
    if (!this.#disposed) await this.startBus();
  }
}

/** Makes the router's files and starts its bus. */
export async function startRouter(options: RouterOptions): Promise<Router> {
  const router = new Router(options);
  await router.start();
  return router;
}
