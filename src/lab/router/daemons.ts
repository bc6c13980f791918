import type { BlobTable } from '#platform';
import { type Interface, interfaceStatus, interfaces } from './interfaces.ts';
import { hostapdObject } from './objects/hostapd.ts';
import { type InterfaceTimes, interfaceObject } from './objects/network.ts';
import type { Providers } from './providers.ts';
import { accessPoints } from './wireless.ts';
import type { World } from './world.ts';

interface Known {
  readonly signature: string;
  readonly up: boolean;
  readonly sinceMs: number;
}

/**
 * What netifd and hostapd do when the state of the router changes: objects come and go with interfaces and access points,
 * and whoever listens is told.
 */
export class Reconciler implements InterfaceTimes {
  readonly #world: World;
  readonly #providers: Providers;
  readonly #event: (name: string, data: BlobTable) => void;
  readonly #dropped: (mac: string) => void;
  readonly #known = new Map<string, Known>();
  #booted = false;

  constructor(
    world: World,
    providers: Providers,
    event: (name: string, data: BlobTable) => void,
    dropped: (mac: string) => void,
  ) {
    this.#world = world;
    this.#providers = providers;
    this.#event = event;
    this.#dropped = dropped;
  }

  upForSeconds(name: string): number {
    const known = this.#known.get(name);
    return known?.up ? Math.max(0, (this.#world.clock.monotonicMs() - known.sinceMs) / 1000) : 0;
  }

  isUp(name: string): boolean {
    return this.#known.get(name)?.up ?? false;
  }

  run(): void {
    const current = interfaces(this.#world);
    this.#objects(
      'network.interface.',
      current.map((i) => i.name),
      (name) => interfaceObject(this.#world, this, name),
    );
    this.#objects(
      'hostapd.',
      accessPoints(this.#world).map((ap) => ap.ifname),
      (ifname) => hostapdObject(this.#world, ifname, this.#dropped),
    );
    for (const i of current) this.#tell(i);
    for (const name of [...this.#known.keys()]) {
      if (current.some((i) => i.name === name)) continue;
      if (this.#known.get(name)?.up) this.#event('network.interface', { action: 'ifdown', interface: name });
      this.#known.delete(name);
    }
    this.#booted = true;
  }

  #objects(
    prefix: string,
    names: readonly string[],
    make: (name: string) => Parameters<Providers['publish']>[0],
  ): void {
    for (const name of names) if (!this.#providers.has(prefix + name)) this.#providers.publish(make(name));
    for (const path of this.#providers.paths(prefix))
      if (!names.includes(path.slice(prefix.length))) this.#providers.withdraw(path);
  }

  #tell(i: Interface): void {
    const before = this.#known.get(i.name);
    const signature = JSON.stringify(interfaceStatus(i, 0));
    if (before?.signature === signature) return;
    const changed = before?.up !== i.up;
    const nowMs = this.#world.clock.monotonicMs();
    // What is up when the lab starts came up half a minute after the router did.
    const bootMs = this.#booted ? nowMs : nowMs - Math.max(0, this.#world.uptimeSeconds - 30) * 1000;
    const sinceMs = changed ? bootMs : before.sinceMs;
    this.#known.set(i.name, { signature, up: i.up, sinceMs });
    const body = { interface: i.name, ...interfaceStatus(i, this.upForSeconds(i.name)) };
    this.#providers.notify('network.interface', i.up ? 'interface.update' : 'interface.down', body);
    if (changed && (i.up || before !== undefined))
      this.#event('network.interface', { action: i.up ? 'ifup' : 'ifdown', interface: i.name });
  }
}
