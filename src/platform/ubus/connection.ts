import { connect, type Socket } from 'node:net';
import type { Clock, Log } from '#base';
import type { BlobTable, BusObject, InvokeOptions } from '../ports.ts';
import { bytesAttribute, MessageAttributes, messageAttribute, textAttribute, uint32Attribute } from './blob.ts';
import {
  decodeBlobTable,
  decodeSignature,
  encodeBlobTable,
  encodeSignature,
  type MethodSignatures,
} from './blobmsg.ts';
import { UbusError, UbusRefusal, ubusStatus } from './error.ts';
import { encodeMessage, MessageReader, messageType, type UbusMessage } from './frame.ts';

/** What arrives for an object of ours. */
export interface OwnObject {
  /** A call, an event or a notification. */
  invoked(attributes: MessageAttributes, answer: Answer): void;
  /** The object got its first subscriber or lost its last. */
  active?(active: boolean): void;
  /** The object that this one was subscribed to is gone. */
  unsubscribed?(target: number): void;
}

/** Answers one call, now or later; on a connection that is gone it does nothing. */
export interface Answer {
  data(bytes: Buffer): void;
  status(status: number): void;
}

export interface ConnectionOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  /** For the daemon's HELLO. */
  readonly helloTimeoutMs: number;
  /** For a request that states none. */
  readonly timeoutMs: number;
  /** Once, when the connection is over; every pending request has failed by then. */
  readonly closed: (connection: UbusConnection) => void;
}

interface Pending {
  readonly peer: number;
  readonly what: string;
  readonly data: (attributes: MessageAttributes) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What waits to be written when the daemon doesn't read; beyond that requests are refused. */
const sendQueueLimitBytes = 4 * 1_048_576;
const lastSeq = 0xffff;
/** A request that is answered, or ends with the connection. */
export const endless = Number.POSITIVE_INFINITY;
const eventObjectId = 1;

/** One connection to ubusd from HELLO to its end. Ids that it gives out mean nothing on the next one. */
export class UbusConnection implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #reader = new MessageReader();
  readonly #pending = new Map<number, Pending>();
  readonly #own = new Map<number, OwnObject>();
  #seq = 0;
  #open = false;
  #over = false;
  #cause: unknown;
  #hello: ((error?: UbusError) => void) | undefined;

  /** @throws UbusError UBUS_DISCONNECTED when nobody listens there or no HELLO comes */
  static async open(options: ConnectionOptions): Promise<UbusConnection> {
    const connection = new UbusConnection(options);
    await new Promise<void>((resolve, reject) => {
      const timer = options.clock.timer(options.helloTimeoutMs, () => connection.#end(new Error('no HELLO came')));
      connection.#hello = (error) => {
        timer[Symbol.dispose]();
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    return connection;
  }

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#socket = connect(options.path);
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk));
    this.#socket.on('error', (error) => this.#end(error));
    this.#socket.on('close', () => this.#end(new Error('the daemon closed the connection')));
  }

  get open(): boolean {
    return this.#open && !this.#over;
  }

  /**
   * Sends a request and waits for its STATUS.
   *
   * @param data called for every DATA, before anything that came behind it is read
   * @throws UbusError with the status, UBUS_TIMEOUT, UBUS_DISCONNECTED; the signal's reason
   */
  request(
    type: number,
    peer: number,
    attributes: readonly Buffer[],
    how: { what: string; data?: (attributes: MessageAttributes) => void } & InvokeOptions,
  ): Promise<void> {
    const { signal, timeoutMs = this.#options.timeoutMs } = how;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const seq = this.#freeSeq();
      const settle = (): void => {
        this.#pending.delete(seq);
        timer?.[Symbol.dispose]();
        signal?.removeEventListener('abort', aborted);
      };
      const fail = (error: unknown): void => {
        settle();
        reject(error);
      };
      const aborted = (): void => fail(signal?.reason);
      this.send(type, seq, peer, attributes);
      const late = (): void => {
        if (this.#pending.get(seq) === pending)
          fail(new UbusError(ubusStatus.timeout, `${how.what}: no answer within ${Math.ceil(timeoutMs)} ms`));
      };
      // A process that was held up has answers to read first that came in time.
      const timer = timeoutMs === endless ? undefined : this.#options.clock.timer(timeoutMs, () => setImmediate(late));
      signal?.addEventListener('abort', aborted, { once: true });
      const pending: Pending = {
        peer,
        what: how.what,
        data: how.data ?? (() => {}),
        resolve: () => {
          settle();
          resolve();
        },
        reject: fail,
      };
      this.#pending.set(seq, pending);
    });
  }

  /** @throws UbusError UBUS_DISCONNECTED, UBUS_NO_MEMORY when the daemon has stopped reading, UBUS_TOO_LARGE */
  send(
    type: number,
    seq: number,
    peer: number,
    attributes: readonly Buffer[],
    written?: (error?: Error | null) => void,
  ): void {
    if (this.#over) throw this.#disconnected('not sent');
    const bytes = encodeMessage(type, seq, peer, attributes);
    if (this.#socket.writableLength + bytes.length > sendQueueLimitBytes)
      throw new UbusError(ubusStatus.noMemory, 'the ubus daemon does not read what it is sent');
    this.#socket.write(bytes, written);
  }

  /**
   * The answer of a method; `undefined`: success without data. Of several answers the last one counts.
   *
   * @throws UbusError (UbusRefusal for an answered status), UBUS_TIMEOUT, UBUS_DISCONNECTED
   */
  async invoke(
    id: number,
    method: string,
    args: BlobTable,
    options: InvokeOptions,
    what: string,
  ): Promise<BlobTable | undefined> {
    let last: Buffer | undefined;
    await this.request(
      messageType.invoke,
      id,
      [
        uint32Attribute(messageAttribute.objectId, id),
        textAttribute(messageAttribute.method, method),
        bytesAttribute(messageAttribute.data, encodeBlobTable(args)),
      ],
      {
        ...options,
        what,
        data: (attributes) => {
          last = attributes.bytes(messageAttribute.data);
        },
      },
    );
    return last === undefined ? undefined : decodeBlobTable(last);
  }

  /** @param pattern `undefined`: everything */
  async lookup(pattern: string | undefined, options: InvokeOptions = {}): Promise<BusObject[]> {
    const found: BusObject[] = [];
    const attributes = pattern === undefined ? [] : [textAttribute(messageAttribute.objectPath, pattern)];
    await this.request(messageType.lookup, 0, attributes, {
      ...options,
      what: `look-up of ${pattern ?? 'all objects'}`,
      data: (answer) => {
        const path = answer.text(messageAttribute.objectPath);
        const id = answer.uint32(messageAttribute.objectId);
        const signature = answer.bytes(messageAttribute.signature);
        if (path === undefined || id === undefined) return;
        found.push({ path, id, methods: signature === undefined ? {} : decodeSignature(signature) });
      },
    });
    return found;
  }

  /** @param named `undefined`: an object without a name, to be told things. @returns its id */
  async addObject(own: OwnObject, named?: { path: string; methods: MethodSignatures }): Promise<number> {
    let id: number | undefined;
    const attributes = named && [
      textAttribute(messageAttribute.objectPath, named.path),
      bytesAttribute(messageAttribute.signature, encodeSignature(named.methods)),
    ];
    await this.request(messageType.addObject, 0, attributes ?? [], {
      what: `publishing ${named?.path ?? 'a nameless object'}`,
      timeoutMs: endless,
      // At once, not when the request has settled: a call may stand right behind this answer.
      data: (answer) => {
        id = answer.uint32(messageAttribute.objectId);
        if (id !== undefined) this.#own.set(id, own);
      },
    });
    if (id === undefined) throw new UbusError(ubusStatus.noData, 'the ubus daemon gave no object id');
    return id;
  }

  async removeObject(id: number): Promise<void> {
    this.#own.delete(id);
    await this.request(messageType.removeObject, 0, [uint32Attribute(messageAttribute.objectId, id)], {
      what: 'removal of an object',
    });
  }

  async subscribe(own: number, target: number): Promise<void> {
    const pair = [uint32Attribute(messageAttribute.objectId, own), uint32Attribute(messageAttribute.target, target)];
    await this.request(messageType.subscribe, 0, pair, { what: 'subscription', timeoutMs: endless });
  }

  async registerEvents(own: number, pattern: string): Promise<void> {
    await this.invoke(
      eventObjectId,
      'register',
      { object: own | 0, pattern },
      { timeoutMs: endless },
      `listening to ${pattern}`,
    );
  }

  async sendEvent(name: string, data: BlobTable): Promise<void> {
    await this.invoke(eventObjectId, 'send', { id: name, data }, {}, `event ${name}`);
  }

  /**
   * The object is gone, and with it every answer that it still owes. A call that was on its way to the daemon when the
   * object went is refused by the daemon itself; a ping shows when all such refusals have come, because the daemon works
   * through the messages of one client in order.
   */
  async objectGone(id: number): Promise<void> {
    const owed = [...this.#pending].filter(([, pending]) => pending.peer === id);
    if (owed.length === 0) return;
    await this.request(messageType.ping, 0, [], { what: 'ping' });
    for (const [seq, pending] of owed) {
      if (this.#pending.get(seq) !== pending) continue;
      pending.reject(
        new UbusError(ubusStatus.timeout, `${pending.what}: the object went away`, { code: 'UBUS_OBJECT_GONE' }),
      );
    }
  }

  [Symbol.dispose](): void {
    this.#end(new Error('closed by us'));
  }

  #freeSeq(): number {
    if (this.#pending.size >= lastSeq) throw new UbusError(ubusStatus.noMemory, 'too many requests wait for an answer');
    do this.#seq = (this.#seq % lastSeq) + 1;
    while (this.#pending.has(this.#seq));
    return this.#seq;
  }

  #received(chunk: Buffer): void {
    if (this.#over) return;
    try {
      this.#reader.push(chunk, (message) => this.#heard(message));
    } catch (error) {
      this.#end(error);
    }
  }

  #heard(message: UbusMessage): void {
    // libubus drops what states another version; the layout behind it is unknown.
    if (this.#over || message.version !== 0) return;
    if (!this.#open) {
      if (message.type !== messageType.hello) return;
      this.#open = true;
      this.#hello?.();
      return;
    }
    const attributes = new MessageAttributes(message.body);
    if (message.type === messageType.data || message.type === messageType.status) this.#answered(message, attributes);
    else this.#unasked(message, attributes);
  }

  #answered(message: UbusMessage, attributes: MessageAttributes): void {
    const pending = this.#pending.get(message.seq);
    if (pending === undefined || pending.peer !== message.peer) return;
    if (message.type === messageType.data) {
      try {
        pending.data(attributes);
      } catch (error) {
        pending.reject(error);
      }
      return;
    }
    const status = attributes.uint32(messageAttribute.status) ?? ubusStatus.unknownError;
    if (status === ubusStatus.ok) {
      pending.resolve();
      return;
    }
    // The daemon's own refusals carry no object id, those of a provider do.
    const fromDaemon = attributes.uint32(messageAttribute.objectId) === undefined;
    pending.reject(new UbusRefusal(status, `${pending.what}: ubus status ${status}`, fromDaemon));
  }

  #unasked(message: UbusMessage, attributes: MessageAttributes): void {
    const id = attributes.uint32(messageAttribute.objectId);
    const own = id === undefined ? undefined : this.#own.get(id);
    if (id === undefined || own === undefined) return;
    const { seq, peer } = message;
    const objectId = uint32Attribute(messageAttribute.objectId, id);
    const answer = (type: number, attribute: Buffer): void => {
      if (!this.#over) this.send(type, seq, peer, [attribute, objectId]);
    };
    try {
      if (message.type === messageType.invoke)
        own.invoked(attributes, {
          data: (bytes) => answer(messageType.data, bytesAttribute(messageAttribute.data, bytes)),
          status: (status) => answer(messageType.status, uint32Attribute(messageAttribute.status, status)),
        });
      else if (message.type === messageType.notify) own.active?.(attributes.flag(messageAttribute.active));
      else if (message.type === messageType.unsubscribe)
        own.unsubscribed?.(attributes.uint32(messageAttribute.target) ?? 0);
    } catch (error) {
      this.#options.log.warn('message from ubus not handled', { error });
    }
  }

  #disconnected(what: string): UbusError {
    return new UbusError(ubusStatus.connectionFailed, `${what}: no connection to ubus`, { cause: this.#cause });
  }

  #end(cause: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#cause = cause;
    this.#socket.destroy();
    for (const pending of [...this.#pending.values()]) pending.reject(this.#disconnected(pending.what));
    this.#own.clear();
    if (this.#open) this.#options.closed(this);
    else this.#hello?.(this.#disconnected(this.#options.path));
  }
}
