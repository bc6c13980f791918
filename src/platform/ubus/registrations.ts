import { Emitter, explain, type Log } from '#base';
import type { BlobTable, BusMethod } from '../ports.ts';
import {
  bytesAttribute,
  flagAttribute,
  type MessageAttributes,
  messageAttribute,
  textAttribute,
  uint32Attribute,
} from './blob.ts';
import { decodeBlobTable, encodeBlobTable, type MethodSignatures } from './blobmsg.ts';
import { type Answer, endless, type OwnObject, type UbusConnection } from './connection.ts';
import { UbusError, ubusStatus } from './error.ts';
import { messageType } from './frame.ts';

/** Name of an event or notification, and what came with it. */
export interface Heard {
  readonly name: string;
  readonly data: BlobTable;
}

const empty: BlobTable = Object.freeze(Object.create(null));

function tableOf(attributes: MessageAttributes): BlobTable {
  const data = attributes.bytes(messageAttribute.data);
  return data === undefined ? empty : decodeBlobTable(data);
}

/**
 * Something of ours that the daemon knows through an object of ours, and has to be told again on every new connection.
 * `attach` may be called as often as there is reason to: it does what is still missing.
 */
abstract class Registration implements OwnObject {
  protected readonly log: Log;
  protected connection: UbusConnection | undefined;
  protected ownId: number | undefined;
  #running = false;
  #again = false;
  #withdrawn = false;

  constructor(log: Log) {
    this.log = log;
  }

  abstract invoked(attributes: MessageAttributes, answer: Answer): void;
  protected abstract readonly what: string;
  /** Does what is missing on this connection. */
  protected abstract register(connection: UbusConnection): Promise<void>;

  async attach(connection: UbusConnection): Promise<void> {
    if (this.connection !== connection) {
      this.connection = connection;
      this.ownId = undefined;
      this.forgotten();
    }
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    while (this.#again && !this.#withdrawn) {
      this.#again = false;
      // A newer connection may have come while the last round ran.
      const current: UbusConnection = this.connection;
      try {
        await this.register(current);
      } catch (error) {
        if (current.open) this.log.warn(`${this.what} failed`, { reason: explain(error) });
      }
    }
    this.#running = false;
    if (this.#withdrawn) await this.withdraw();
  }

  /** For good. */
  async withdraw(): Promise<void> {
    this.#withdrawn = true;
    const id = this.ownId;
    if (this.#running || id === undefined || !this.connection?.open) return;
    this.ownId = undefined;
    try {
      await this.connection.removeObject(id);
    } catch (error) {
      this.log.debug(`taking back ${this.what} failed`, { reason: explain(error) });
    }
  }

  /** The nameless object that is told things, made when there is none yet. */
  protected async own(connection: UbusConnection): Promise<number> {
    const id = this.ownId ?? (await connection.addObject(this));
    if (this.connection === connection) this.ownId = id;
    return id;
  }

  /** The connection is another one: what the last one knew counts no more. */
  protected forgotten(): void {}
}

/** Listeners to one pattern of events. */
export class EventListening extends Registration {
  readonly pattern: string;
  readonly heard: Emitter<Heard>;
  #registered = false;

  constructor(pattern: string, log: Log) {
    super(log);
    this.pattern = pattern;
    this.heard = new Emitter((error) => log.error('listener to a ubus event failed', { pattern, error }));
  }

  protected get what(): string {
    return `listening to ${this.pattern}`;
  }

  protected override forgotten(): void {
    this.#registered = false;
  }

  protected async register(connection: UbusConnection): Promise<void> {
    if (this.#registered) return;
    const own = await this.own(connection);
    await connection.registerEvents(own, this.pattern);
    this.#registered = this.connection === connection;
  }

  invoked(attributes: MessageAttributes): void {
    const name = attributes.text(messageAttribute.method);
    if (name !== undefined) this.heard.emit({ name, data: tableOf(attributes) });
  }
}

/** Subscribers to the notifications of one object. However many they are, the daemon sees one subscription. */
export class Subscription extends Registration {
  readonly path: string;
  readonly heard: Emitter<Heard>;
  #target: number | undefined;

  constructor(path: string, log: Log) {
    super(log);
    this.path = path;
    this.heard = new Emitter((error) => log.error('listener to a ubus notification failed', { path, error }));
  }

  protected get what(): string {
    return `subscribing to ${this.path}`;
  }

  protected override forgotten(): void {
    this.#target = undefined;
  }

  protected async register(connection: UbusConnection): Promise<void> {
    const own = await this.own(connection);
    const target = await idOf(connection, this.path, { timeoutMs: endless });
    // Absent: `ubus.object.add` calls again. The same: subscribing twice would bring everything twice.
    if (target === undefined || target === this.#target || this.connection !== connection) return;
    // Noted first, because UNSUBSCRIBE may come right behind the answer.
    this.#target = target;
    try {
      await connection.subscribe(own, target);
    } catch (error) {
      if (this.#target === target) this.#target = undefined;
      throw error;
    }
  }

  unsubscribed(target: number): void {
    if (this.#target === target) this.#target = undefined;
  }

  invoked(attributes: MessageAttributes, answer: Answer): void {
    const name = attributes.text(messageAttribute.method);
    // A notifier that asked for answers waits for one from each subscriber.
    if (!attributes.flag(messageAttribute.noReply)) answer.status(ubusStatus.ok);
    if (name !== undefined) this.heard.emit({ name, data: tableOf(attributes) });
  }
}

/** How many calls an object of ours works on at once; further ones are refused with NO_MEMORY. */
const callsAtOnce = 256;

/** An object of ours that others call. */
export class Publication extends Registration {
  readonly path: string;
  readonly #methods: ReadonlyMap<string, BusMethod>;
  #calls = 0;
  hasSubscribers = false;

  constructor(path: string, methods: Readonly<Record<string, BusMethod>>, log: Log) {
    super(log);
    this.path = path;
    this.#methods = new Map(Object.entries(methods));
  }

  protected get what(): string {
    return `publishing ${this.path}`;
  }

  protected override forgotten(): void {
    this.hasSubscribers = false;
  }

  protected async register(connection: UbusConnection): Promise<void> {
    if (this.ownId !== undefined) return;
    const methods: MethodSignatures = Object.fromEntries([...this.#methods].map(([name, { args }]) => [name, args]));
    const id = await connection.addObject(this, { path: this.path, methods });
    if (this.connection === connection) this.ownId = id;
  }

  active(active: boolean): void {
    this.hasSubscribers = active;
  }

  /** Without an answer of the subscribers; to nobody when the object is not on the bus. */
  notify(name: string, data: BlobTable): Promise<void> {
    return new Promise((resolve, reject) => {
      const { connection, ownId } = this;
      if (connection === undefined || !connection.open || ownId === undefined) return resolve();
      const attributes = [
        uint32Attribute(messageAttribute.objectId, ownId),
        textAttribute(messageAttribute.method, name),
        bytesAttribute(messageAttribute.data, encodeBlobTable(data)),
        flagAttribute(messageAttribute.noReply, true),
      ];
      connection.send(messageType.notify, 0, ownId, attributes, (error) =>
        error
          ? reject(new UbusError(ubusStatus.connectionFailed, `notification ${name} not sent`, { cause: error }))
          : resolve(),
      );
    });
  }

  invoked(attributes: MessageAttributes, answer: Answer): void {
    void this.#answer(attributes, answer);
  }

  async #answer(attributes: MessageAttributes, answer: Answer): Promise<void> {
    let status: number = ubusStatus.ok;
    this.#calls++;
    try {
      const data = await this.#call(attributes);
      if (data !== undefined) answer.data(encodeBlobTable(data));
    } catch (error) {
      status = error instanceof UbusError && error.status !== ubusStatus.ok ? error.status : ubusStatus.unknownError;
      if (!(error instanceof UbusError)) this.log.error('method of a ubus object failed', { path: this.path, error });
    }
    this.#calls--;
    try {
      answer.status(status);
    } catch (error) {
      this.log.warn('answer to a ubus call not sent', { path: this.path, error });
    }
  }

  async #call(attributes: MessageAttributes): Promise<BlobTable | undefined> {
    if (this.#calls > callsAtOnce) throw new UbusError(ubusStatus.noMemory, 'too many calls at once');
    const name = attributes.text(messageAttribute.method);
    const method = name === undefined ? undefined : this.#methods.get(name);
    if (name === undefined || method === undefined)
      throw new UbusError(ubusStatus.methodNotFound, `no method '${name}'`);
    return method.call({
      method: name,
      args: tableOf(attributes),
      user: attributes.text(messageAttribute.user),
      group: attributes.text(messageAttribute.group),
    });
  }
}

/** `undefined`: no such object, or none that this user may see. */
export async function idOf(
  connection: UbusConnection,
  path: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<number | undefined> {
  try {
    return (await connection.lookup(path, options)).find((object) => object.path === path)?.id;
  } catch (error) {
    if (error instanceof UbusError && error.code === 'UBUS_NOT_FOUND') return undefined;
    throw error;
  }
}
