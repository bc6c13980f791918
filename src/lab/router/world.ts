import { type Clock, Emitter, type Log } from '#base';
import type { UciFiles, UciPackage, UciSection } from '#platform';
import { hostAddress, type Ipv4Address, interfaceIdentifier, option, staticAddresses } from './addresses.ts';
import { type HostProfile, macOffset, type Profile } from './profile.ts';

/** A device of the home: plugged in, or associated with a wifi-iface. */
export interface Host extends HostProfile {
  /** Milliseconds of the router's monotonic clock. */
  readonly joinedAtMs: number;
}

/**
 * The state of the simulated router: the configuration that its daemons run with (read at start and at a reload, not
 * when a file changes), and what lives outside any configuration. Everything else is derived from it when asked for.
 */
export class World {
  readonly profile: Profile;
  readonly clock: Clock;
  readonly uci: UciFiles;
  readonly hosts = new Map<string, Host>();
  /** Ports with a cable that leads to something. */
  readonly cables: Set<string>;
  /** Interfaces that `down` was called for. */
  readonly stopped = new Set<string>();
  /** Fired after any change that a client could see. */
  readonly changed: Emitter<void>;
  wanReachable = true;
  modem = { registered: true, signalPercent: 72, rsrpDbm: -92, rsrqDb: -11, snrDb: 14 };
  readonly #log: Log;
  readonly #running = new Map<string, UciPackage>();
  readonly #derived = new Map<string, unknown>();
  #uptimeOffsetMs: number;
  #bootedAtMs: number;

  constructor(profile: Profile, uci: UciFiles, clock: Clock, log: Log) {
    this.profile = profile;
    this.uci = uci;
    this.clock = clock;
    this.#log = log;
    this.cables = new Set([
      'wan',
      ...profile.hosts.map((host) => host.at).filter((at) => profile.lanPorts.includes(at)),
    ]);
    this.changed = new Emitter((error) => log.error('listener of the world failed', { error }));
    this.#bootedAtMs = clock.monotonicMs();
    this.#uptimeOffsetMs = 3_723_000;
    for (const host of profile.hosts) this.hosts.set(host.mac, { ...host, joinedAtMs: this.#bootedAtMs });
  }

  get uptimeSeconds(): number {
    return (this.clock.monotonicMs() - this.#bootedAtMs + this.#uptimeOffsetMs) / 1000;
  }

  setUptime(seconds: number): void {
    this.#bootedAtMs = this.clock.monotonicMs();
    this.#uptimeOffsetMs = seconds * 1000;
  }

  /** The daemons behind `name` take over what the file says. A file that can't be read leaves the old state. */
  reload(name: string): void {
    this.#derived.clear();
    try {
      const fresh = this.uci.load(name);
      if (fresh === undefined) this.#running.delete(name);
      else this.#running.set(name, fresh);
    } catch (error) {
      this.#log.warn('configuration is not taken over', { package: name, error });
    }
  }

  /** What follows from the running configuration alone is computed once for it. */
  derived<T>(name: string, compute: () => T): T {
    if (!this.#derived.has(name)) this.#derived.set(name, compute());
    return this.#derived.get(name) as T;
  }

  running(name: string): UciPackage | undefined {
    return this.#running.get(name);
  }

  sections(name: string, type: string): UciSection[] {
    return this.#running.get(name)?.sections.filter((s) => s.type === type) ?? [];
  }

  get hostname(): string {
    return option(this.sections('system', 'system')[0], 'hostname') ?? 'OpenWrt';
  }

  /** wan, lan1 to lanN, eth0 share the sequence; the radios follow. */
  macOf(device: string): string {
    const base = this.profile.baseMac;
    if (device === 'wan') return macOffset(base, 1);
    const radio = this.profile.radios.findIndex((r) => r.phy === device);
    return radio >= 0 ? macOffset(base, 2 + radio) : base;
  }

  lanAddress(network = 'lan'): Ipv4Address | undefined {
    const section = this.running('network')?.section(network);
    return section === undefined ? undefined : staticAddresses(section)[0];
  }

  hostIpv4(host: Host): string | undefined {
    const lan = this.lanAddress(this.networkOf(host));
    return lan === undefined ? undefined : hostAddress(lan, host.host);
  }

  /** The logical network that a host is in. */
  networkOf(host: Host): string {
    if (this.profile.lanPorts.includes(host.at)) return 'lan';
    return option(this.running('wireless')?.section(host.at), 'network') ?? 'lan';
  }

  hostIpv6(host: Host): string {
    const id = interfaceIdentifier(host.mac);
    const groups = [0, 2, 4, 6].map((i) => ((id[i]! << 8) | id[i + 1]!).toString(16));
    return `fe80::${groups.join(':')}`;
  }
}
