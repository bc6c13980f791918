import { randomInt } from 'node:crypto';

/** Someone connected to the daemon: a socket, or one of the router's own daemons inside this process. */
export interface Party {
  readonly id: number;
  /** A message for this party. */
  send(message: Buffer): void;
}

export interface Registered {
  readonly id: number;
  /** `undefined`: anonymous, made to receive events and notifications. */
  readonly path: string | undefined;
  readonly owner: Party;
  /** `undefined`: without a type, and so never found by a lookup. */
  readonly signature: Buffer | undefined;
  readonly typeId: number;
  /** Ids of the subscribing objects; twice subscribed is twice notified. */
  readonly subscribers: number[];
}

export interface Listener {
  readonly objectId: number;
  readonly pattern: string;
}

/** The objects, event listeners and subscriptions that ubusd knows. */
export class Registry {
  readonly objects = new Map<number, Registered>();
  readonly #byPath = new Map<string, Registered>();
  #listeners: Listener[] = [];

  add(owner: Party, path: string | undefined, signature: Buffer | undefined): Registered | undefined {
    if (path !== undefined && this.#byPath.has(path)) return undefined;
    const object: Registered = { id: this.freshId(), path, owner, signature, typeId: this.freshId(), subscribers: [] };
    this.objects.set(object.id, object);
    if (path !== undefined) this.#byPath.set(path, object);
    return object;
  }

  remove(object: Registered): void {
    this.objects.delete(object.id);
    if (object.path !== undefined) this.#byPath.delete(object.path);
    this.#listeners = this.#listeners.filter((listener) => listener.objectId !== object.id);
  }

  byPath(path: string): Registered | undefined {
    return this.#byPath.get(path);
  }

  /** In the order of their paths. @param prefix of the path */
  withPrefix(prefix: string): Registered[] {
    return [...this.#byPath.keys()]
      .filter((path) => path.startsWith(prefix))
      .sort()
      .map((path) => this.#byPath.get(path)!);
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Objects that hear this event, each once. */
  hearing(event: string): Registered[] {
    const ids = new Set(this.#listeners.filter(({ pattern }) => patternMatches(pattern, event)).map((l) => l.objectId));
    return [...ids].map((id) => this.objects.get(id)!);
  }

  /** Ids below 1024 are the daemon's own. */
  freshId(): number {
    for (;;) {
      const id = randomInt(1024, 0x1_0000_0000 - 1);
      if (!this.objects.has(id)) return id;
    }
  }
}

export const patternMatches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
