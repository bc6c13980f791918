import { type Clock, Emitter, explain, type Log, silentLog, systemClock } from '#base';
import type { BlobTable, Bus, BusMethod, BusObject, InvokeOptions, PublishedObject } from '../ports.ts';
import { UbusConnection } from './connection.ts';
import { UbusError, UbusRefusal, ubusStatus } from './error.ts';
import { EventListening, type Heard, idOf, Publication, Subscription } from './registrations.ts';

export interface UbusOptions {
  /** Socket of ubusd. Default `/var/run/ubus/ubus.sock`. */
  readonly path?: string;
  readonly clock?: Clock;
  readonly log?: Log;
  /** For a call that states none. Default 5000. */
  readonly timeoutMs?: number;
  /** Between attempts to connect again. Default 1000. */
  readonly reconnectMs?: number;
}

/**
 * A client of ubus on one connection, which comes back by itself. Calls fail at once while there is none; what was
 * published, listened to and subscribed to is made again before `connected` turns true.
 */
export class UbusClient implements Bus, AsyncDisposable {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #timeoutMs: number;
  readonly #reconnectMs: number;
  readonly #state: Emitter<boolean>;
  /** Object ids by path. They change whenever an object is registered again. */
  readonly #ids = new Map<string, number>();
  readonly #listenings = new Map<string, EventListening>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #publications = new Set<Publication>();
  readonly #work = new Set<Promise<void>>();
  #connection: UbusConnection | undefined;
  #connected = false;
  #retry: Disposable | undefined;
  #disposed = false;

  constructor(options: UbusOptions = {}) {
    this.#path = options.path ?? '/var/run/ubus/ubus.sock';
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#timeoutMs = options.timeoutMs ?? 5000;
    this.#reconnectMs = options.reconnectMs ?? 1000;
    this.#state = new Emitter((error) => this.#log.error('listener to the state of ubus failed', { error }));
    this.listen('ubus.object.add', (_name, data) => this.#objectCame(data));
    this.listen('ubus.object.remove', (_name, data) => this.#objectWent(data));
  }

  get connected(): boolean {
    return this.#connected;
  }

  /**
   * Connects for the first time.
   *
   * @param persist keep trying in the background when this attempt fails
   * @throws UbusError UBUS_DISCONNECTED when the attempt fails and `persist` is not set
   */
  async start(persist = false): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      if (!persist) throw error;
      this.#log.warn('no connection to ubus yet', { path: this.#path, reason: explain(error) });
      this.#connectLater();
    }
  }

  /** Resolves when everything published, listened to and subscribed to so far has been told to the daemon. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Resolves to an empty table when the method succeeds without data. */
  async invoke(object: string, method: string, args: BlobTable = {}, options: InvokeOptions = {}): Promise<BlobTable> {
    return (await this.#invoke(object, method, args, options)) ?? Object.create(null);
  }

  /**
   * Like `invoke`, for a method that always has an answer: ubusd drops the data, but not the success, when it doesn't fit
   * our queue.
   *
   * @throws UbusError UBUS_NO_DATA, and whatever `invoke` throws
   */
  async invokeForData(
    object: string,
    method: string,
    args: BlobTable = {},
    options: InvokeOptions = {},
  ): Promise<BlobTable> {
    const data = await this.#invoke(object, method, args, options);
    if (data === undefined) throw new UbusError(ubusStatus.noData, `${object} ${method}: success without data`);
    return data;
  }

  async list(pattern?: string, options: InvokeOptions = {}): Promise<BusObject[]> {
    try {
      return await this.#usable().lookup(pattern === '*' ? undefined : pattern, options);
    } catch (error) {
      if (error instanceof UbusRefusal && error.code === 'UBUS_NOT_FOUND') return [];
      throw error;
    }
  }

  listen(pattern: string, heard: (name: string, data: BlobTable) => void): Disposable {
    return this.#hear(this.#listenings, pattern, () => new EventListening(pattern, this.#log), heard);
  }

  subscribe(object: string, heard: (name: string, data: BlobTable) => void): Disposable {
    return this.#hear(this.#subscriptions, object, () => new Subscription(object, this.#log), heard);
  }

  publish(path: string, methods: Readonly<Record<string, BusMethod>>): PublishedObject {
    const publication = new Publication(path, methods, this.#log);
    this.#publications.add(publication);
    this.#attach(publication);
    return {
      notify: (name, data) => publication.notify(name, data),
      get hasSubscribers() {
        return publication.hasSubscribers;
      },
      [Symbol.dispose]: () => {
        if (this.#publications.delete(publication)) this.#track(publication.withdraw());
      },
    };
  }

  /** Not heard by this client itself. @throws UbusError UBUS_PERMISSION_DENIED for names that start with `ubus.` */
  async sendEvent(name: string, data: BlobTable): Promise<void> {
    await this.#usable().sendEvent(name, data);
  }

  onState(heard: (connected: boolean) => void): Disposable {
    return this.#state.on(heard);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#retry?.[Symbol.dispose]();
    this.#connection?.[Symbol.dispose]();
    await this.settled();
  }

  async #connect(): Promise<void> {
    const connection = await UbusConnection.open({
      path: this.#path,
      clock: this.#clock,
      log: this.#log,
      helloTimeoutMs: this.#timeoutMs,
      timeoutMs: this.#timeoutMs,
      closed: (over) => this.#closed(over),
    });
    if (this.#disposed) {
      connection[Symbol.dispose]();
      return;
    }
    this.#connection = connection;
    const all = [...this.#listenings.values(), ...this.#subscriptions.values(), ...this.#publications];
    await this.#attachAll(all);
    if (this.#connection !== connection) return;
    this.#connected = true;
    this.#state.emit(true);
  }

  /** A daemon that is slow to take them takes them later: what was to be heard is not lost for good, and nobody waits for it. */
  #attachAll(all: readonly (EventListening | Subscription | Publication)[]): Promise<unknown> {
    return new Promise((resolve) => {
      const timer = this.#clock.timer(this.#timeoutMs, () => {
        this.#log.warn('ubus is slow to take what is registered there', { path: this.#path });
        resolve(undefined);
      });
      void Promise.all(all.map((registration) => this.#attach(registration))).finally(() => {
        timer[Symbol.dispose]();
        resolve(undefined);
      });
    });
  }

  #closed(connection: UbusConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#ids.clear();
    const was = this.#connected;
    this.#connected = false;
    if (this.#disposed) return;
    this.#log.warn('connection to ubus lost', { path: this.#path });
    this.#connectLater();
    if (was) this.#state.emit(false);
  }

  #connectLater(): void {
    if (this.#disposed) return;
    this.#retry = this.#clock.timer(this.#reconnectMs, () => {
      this.#connect().then(
        () => this.#connected && this.#log.info('connected to ubus', { path: this.#path }),
        (error) => {
          this.#log.debug('no connection to ubus', { path: this.#path, reason: explain(error) });
          this.#connectLater();
        },
      );
    });
  }

  #usable(): UbusConnection {
    if (this.#connection === undefined) throw new UbusError(ubusStatus.connectionFailed, 'no connection to ubus');
    return this.#connection;
  }

  async #invoke(
    object: string,
    method: string,
    args: BlobTable,
    options: InvokeOptions,
  ): Promise<BlobTable | undefined> {
    const timeoutMs = options.timeoutMs ?? this.#timeoutMs;
    const end = this.#clock.monotonicMs() + timeoutMs;
    const left = (): InvokeOptions => ({
      timeoutMs: Math.max(0, end - this.#clock.monotonicMs()),
      signal: options.signal,
    });
    const connection = this.#usable();
    const what = `${object} ${method}`;
    const known = this.#ids.get(object);
    if (known !== undefined) {
      try {
        return await connection.invoke(known, method, args, left(), what);
      } catch (error) {
        // Only the daemon's own "not found" says that the id is stale, and then the call has reached nobody.
        if (!(error instanceof UbusRefusal) || error.status !== ubusStatus.notFound || !error.fromDaemon) throw error;
        if (this.#ids.get(object) === known) this.#ids.delete(object);
      }
    }
    const id = await idOf(connection, object, left());
    if (id === undefined) throw new UbusError(ubusStatus.notFound, `no object '${object}' on ubus`);
    if (this.#connection === connection) this.#ids.set(object, id);
    return connection.invoke(id, method, args, left(), what);
  }

  #hear<T extends EventListening | Subscription>(
    registrations: Map<string, T>,
    key: string,
    make: () => T,
    heard: (name: string, data: BlobTable) => void,
  ): Disposable {
    let registration = registrations.get(key);
    const fresh = registration === undefined;
    registration ??= make();
    const listener = registration.heard.on((event: Heard) => heard(event.name, event.data));
    if (fresh) {
      registrations.set(key, registration);
      this.#attach(registration);
    }
    const mine = registration;
    return {
      [Symbol.dispose]: () => {
        listener[Symbol.dispose]();
        if (mine.heard.size > 0 || registrations.get(key) !== mine) return;
        registrations.delete(key);
        this.#track(mine.withdraw());
      },
    };
  }

  #attach(registration: EventListening | Subscription | Publication): Promise<void> {
    if (this.#connection === undefined) return Promise.resolve();
    return this.#track(registration.attach(this.#connection));
  }

  #track(work: Promise<void>): Promise<void> {
    this.#work.add(work);
    return work.finally(() => this.#work.delete(work));
  }

  #objectCame(data: BlobTable): void {
    if (typeof data.path !== 'string') return;
    this.#ids.delete(data.path);
    const subscription = this.#subscriptions.get(data.path);
    if (subscription !== undefined) this.#attach(subscription);
  }

  #objectWent(data: BlobTable): void {
    if (typeof data.path !== 'string' || typeof data.id !== 'number') return;
    const id = data.id >>> 0;
    if (this.#ids.get(data.path) === id) this.#ids.delete(data.path);
    // Without the ping's answer the calls run into their own timeouts, or have failed with the connection.
    this.#connection
      ?.objectGone(id)
      .catch((error) => this.#log.debug('ping to ubus failed', { reason: explain(error) }));
    // Somebody else held the path of an object of ours.
    for (const publication of this.#publications) if (publication.path === data.path) this.#attach(publication);
  }
}

/**
 * A connected client.
 *
 * @param options `persist`: resolve although there is no daemon yet, and connect as soon as there is one
 * @throws UbusError UBUS_DISCONNECTED when nothing listens at `path` and `persist` is not set
 */
export async function connectUbus(options: UbusOptions & { readonly persist?: boolean } = {}): Promise<UbusClient> {
  const client = new UbusClient(options);
  await client.start(options.persist);
  return client;
}
