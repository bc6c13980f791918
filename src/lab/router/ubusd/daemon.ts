import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { BlobTable } from '#platform';
import { Connection } from './connection.ts';
import { type Party, type Registered, Registry } from './registry.ts';
import {
  Attributes,
  attribute,
  bytesAttribute,
  decodeTable,
  encodeMessage,
  encodeTable,
  flagAttribute,
  int32Attribute,
  type Message,
  messageType,
  textAttribute,
} from './wire.ts';

const status = {
  ok: 0,
  invalidCommand: 1,
  invalidArgument: 2,
  methodNotFound: 3,
  notFound: 4,
  permissionDenied: 6,
} as const;
const eventObject = 1;
/** Objects with a smaller id are the daemon's own: 1 events, 2 ACL, 3 monitor. */
const firstFreeId = 1024;

const rootCaller = [textAttribute(attribute.user, 'root'), textAttribute(attribute.group, 'root')];

/** A call for an object that lives in this process. */
export interface LocalCall {
  readonly object: Registered;
  readonly method: string;
  /** `undefined`: no DATA attribute, or bytes that are no table. */
  readonly args: BlobTable | undefined;
  data(table: BlobTable): void;
  /** Ends the call. */
  status(code: number): void;
}

/** One of the router's own daemons, connected without a socket. */
export interface LocalParty extends Party {
  called(call: LocalCall): void;
}

/**
 * ubusd: names objects, routes calls, events and notifications between clients. Every caller is root; ACL files are not
 * read. It speaks the protocol of ubus as verified against the real daemon (message types 0 to 10).
 */
export class UbusDaemon {
  readonly #path: string;
  readonly #connections = new Set<Connection>();
  readonly #locals = new Map<number, LocalParty>();
  #registry = new Registry();
  #server: Server | undefined;
  #eventSeq = 0;

  constructor(socketPath: string) {
    this.#path = socketPath;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  async start(): Promise<void> {
    rmSync(this.#path, { force: true });
    this.#registry = new Registry();
    const server = createServer((socket) => {
      const connection = new Connection(
        this.#registry.freshId(),
        socket,
        (message) => this.#received(connection, message),
        () => {
          this.#connections.delete(connection);
          this.#dropParty(connection);
        },
      );
      this.#connections.add(connection);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
    this.#server = server;
  }

  /** All clients are disconnected and nothing is remembered. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#locals.clear();
    const closed = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    for (const connection of this.#connections) connection.close();
    await closed;
    this.#registry = new Registry();
  }

  freshPartyId(): number {
    return this.#registry.freshId();
  }

  addLocal(party: LocalParty, path: string, signature: Buffer): Registered | undefined {
    this.#locals.set(party.id, party);
    return this.#add(party, path, signature);
  }

  removeObject(object: Registered): void {
    if (this.#registry.objects.get(object.id) === object) this.#remove(object);
  }

  /** From an object of this process to its subscribers. */
  notify(object: Registered, name: string, data: BlobTable): void {
    const bytes = encodeTable(data);
    for (const id of object.subscribers)
      this.#deliver(id, name, bytes, { seq: ++this.#eventSeq, peer: object.owner.id, noReply: true });
  }

  sendEvent(name: string, data: BlobTable, from?: Party): void {
    const bytes = encodeTable(data);
    for (const object of this.#registry.hearing(name))
      if (object.owner !== from) this.#deliver(object.id, name, bytes, { seq: ++this.#eventSeq, peer: 0 });
  }

  #deliver(objectId: number, name: string, data: Buffer, how: { seq: number; peer: number; noReply?: boolean }): void {
    const object = this.#registry.objects.get(objectId);
    object?.owner.send(
      encodeMessage(
        messageType.invoke,
        how.seq,
        how.peer,
        ...(how.noReply === true ? [flagAttribute(attribute.noReply, true)] : []),
        int32Attribute(attribute.objectId, objectId),
        textAttribute(attribute.method, name),
        // An event names no sender, a notification does.
        ...(how.noReply === undefined ? [] : rootCaller),
        bytesAttribute(attribute.data, data),
      ),
    );
  }

  #received(from: Connection, message: Message): void {
    const attributes = new Attributes(message.body);
    const answer = this.#handle(from, message, attributes);
    if (answer !== undefined) this.#status(from, message, answer);
  }

  #status(to: Party, request: Message, code: number): void {
    to.send(encodeMessage(messageType.status, request.seq, request.peer, int32Attribute(attribute.status, code)));
  }

  /** @returns the status to answer with; `undefined`: answered already, or not at all */
  #handle(from: Connection, message: Message, attributes: Attributes): number | undefined {
    switch (message.type) {
      case messageType.ping:
        from.send(encodeMessage(messageType.data, message.seq, message.peer, message.body));
        return status.ok;
      case messageType.lookup:
        return this.#lookup(from, message, attributes);
      case messageType.invoke:
        return this.#invoke(from, message, attributes);
      case messageType.addObject:
        return this.#addObject(from, message, attributes);
      case messageType.removeObject:
        return this.#removeObject(from, message, attributes);
      case messageType.subscribe:
      case messageType.unsubscribe:
        return this.#subscription(from, message, attributes);
      case messageType.notify:
        return this.#notify(from, message, attributes);
      case messageType.status:
      case messageType.data:
        this.#forwardAnswer(from, message, attributes);
        return undefined;
      default:
        return status.invalidCommand;
    }
  }

  #lookup(from: Connection, message: Message, attributes: Attributes): number {
    const path = attributes.text(attribute.objectPath);
    let found: Registered[];
    if (path === undefined) found = this.#registry.withPrefix('');
    else if (path === '') return status.invalidArgument;
    else if (path.endsWith('*')) found = this.#registry.withPrefix(path.slice(0, -1));
    else found = [this.#registry.byPath(path)].filter((object) => object !== undefined);
    for (const object of found) {
      if (object.signature === undefined) continue;
      from.send(
        encodeMessage(
          messageType.data,
          message.seq,
          message.peer,
          textAttribute(attribute.objectPath, object.path!),
          int32Attribute(attribute.objectId, object.id),
          int32Attribute(attribute.objectType, object.typeId),
          bytesAttribute(attribute.signature, object.signature),
        ),
      );
    }
    return path !== undefined && found.length === 0 ? status.notFound : status.ok;
  }

  #invoke(from: Connection, message: Message, attributes: Attributes): number | undefined {
    const id = attributes.int32(attribute.objectId);
    const method = attributes.text(attribute.method);
    if (id === undefined || method === undefined) return status.invalidArgument;
    const data = attributes.bytes(attribute.data);
    if (id === eventObject) return this.#eventCall(from, method, data);
    const object = this.#registry.objects.get(id);
    if (object === undefined) return status.notFound;
    const local = this.#locals.get(object.owner.id);
    if (local === undefined) {
      const rest = data === undefined ? [] : [bytesAttribute(attribute.data, data)];
      const head = [int32Attribute(attribute.objectId, id), textAttribute(attribute.method, method)];
      object.owner.send(encodeMessage(messageType.invoke, message.seq, from.id, ...head, ...rootCaller, ...rest));
      return undefined;
    }
    const idAttribute = int32Attribute(attribute.objectId, id);
    local.called({
      object,
      method,
      args: data === undefined ? undefined : decodeTable(data),
      data: (table) =>
        from.send(
          encodeMessage(
            messageType.data,
            message.seq,
            id,
            idAttribute,
            bytesAttribute(attribute.data, encodeTable(table)),
          ),
        ),
      status: (code) =>
        from.send(
          encodeMessage(messageType.status, message.seq, id, int32Attribute(attribute.status, code), idAttribute),
        ),
    });
    return undefined;
  }

  #eventCall(from: Connection, method: string, data: Buffer | undefined): number {
    if (method !== 'register' && method !== 'send') return status.invalidCommand;
    const args = data === undefined ? undefined : decodeTable(data);
    if (args === undefined) return status.invalidArgument;
    if (method === 'register') {
      const { object: wanted, pattern } = args;
      if (typeof wanted !== 'number' || typeof pattern !== 'string') return status.invalidArgument;
      if (wanted >>> 0 < firstFreeId || pattern === '') return status.permissionDenied;
      const object = this.#registry.objects.get(wanted >>> 0);
      if (object === undefined) return status.notFound;
      if (object.owner !== from) return status.permissionDenied;
      this.#registry.listen({ objectId: object.id, pattern });
      return status.ok;
    }
    const { id } = args;
    if (typeof id !== 'string' || typeof args.data !== 'object' || args.data === null || Array.isArray(args.data))
      return status.invalidArgument;
    if (id.startsWith('ubus.')) return status.permissionDenied;
    this.sendEvent(id, args.data as BlobTable, from);
    return status.ok;
  }

  #addObject(from: Connection, message: Message, attributes: Attributes): number {
    const signature = attributes.bytes(attribute.signature);
    const usable = signature !== undefined && decodeTable(signature) !== undefined ? Buffer.from(signature) : undefined;
    const object = this.#add(from, attributes.text(attribute.objectPath), usable);
    if (object === undefined) return status.invalidArgument;
    const type = usable === undefined ? [] : [int32Attribute(attribute.objectType, object.typeId)];
    from.send(
      encodeMessage(
        messageType.data,
        message.seq,
        message.peer,
        int32Attribute(attribute.objectId, object.id),
        ...type,
      ),
    );
    return status.ok;
  }

  #removeObject(from: Connection, message: Message, attributes: Attributes): number {
    const id = attributes.int32(attribute.objectId);
    if (id === undefined) return status.invalidArgument;
    const object = this.#registry.objects.get(id);
    if (object === undefined) return id > 0 && id <= 3 ? status.permissionDenied : status.notFound;
    if (object.owner !== from) return status.permissionDenied;
    const type = object.signature === undefined ? [] : [int32Attribute(attribute.objectType, object.typeId)];
    from.send(
      encodeMessage(messageType.data, message.seq, message.peer, int32Attribute(attribute.objectId, id), ...type),
    );
    this.#remove(object);
    return status.ok;
  }

  #subscription(from: Connection, message: Message, attributes: Attributes): number {
    const own = attributes.int32(attribute.objectId);
    const wanted = attributes.int32(attribute.target);
    if (own === undefined || wanted === undefined) return status.invalidArgument;
    const subscriber = this.#registry.objects.get(own);
    if (subscriber === undefined) return status.notFound;
    if (subscriber.owner !== from) return status.invalidArgument;
    const target = this.#registry.objects.get(wanted);
    if (target === undefined) return status.notFound;
    if (message.type === messageType.subscribe) {
      if (target.owner === from) return status.invalidArgument;
      target.subscribers.push(own);
      if (target.subscribers.length === 1) this.#active(target, true);
      return status.ok;
    }
    const at = target.subscribers.indexOf(own);
    if (at < 0) return status.notFound;
    target.subscribers.splice(at, 1);
    if (target.subscribers.length === 0) this.#active(target, false);
    return status.ok;
  }

  #active(object: Registered, active: boolean): void {
    object.owner.send(
      encodeMessage(
        messageType.notify,
        ++this.#eventSeq,
        0,
        int32Attribute(attribute.objectId, object.id),
        flagAttribute(attribute.active, active),
      ),
    );
  }

  #notify(from: Connection, message: Message, attributes: Attributes): number | undefined {
    const id = attributes.int32(attribute.objectId);
    const name = attributes.text(attribute.method);
    if (id === undefined || name === undefined) return status.invalidArgument;
    const object = this.#registry.objects.get(id);
    if (object === undefined) return status.notFound;
    if (object.owner !== from) return status.permissionDenied;
    const noReply = attributes.flag(attribute.noReply);
    if (!noReply) {
      const subscribers = Buffer.concat(object.subscribers.map((subscriber) => int32Attribute(0, subscriber)));
      from.send(
        encodeMessage(
          messageType.status,
          message.seq,
          id,
          int32Attribute(attribute.objectId, id),
          bytesAttribute(attribute.subscribers, subscribers),
          int32Attribute(attribute.status, status.ok),
        ),
      );
    }
    const data = attributes.bytes(attribute.data) ?? Buffer.alloc(0);
    for (const subscriber of object.subscribers)
      this.#deliver(subscriber, name, data, { seq: message.seq, peer: from.id, noReply });
    return undefined;
  }

  /** A provider answers a call: only for an object of its own, and only to a caller that is still there. */
  #forwardAnswer(from: Connection, message: Message, attributes: Attributes): void {
    const id = attributes.int32(attribute.objectId);
    const object = id === undefined ? undefined : this.#registry.objects.get(id);
    if (object === undefined || object.owner !== from) return;
    const caller = [...this.#connections].find((connection) => connection.id === message.peer);
    caller?.send(encodeMessage(message.type, message.seq, object.id, message.body));
  }

  #add(owner: Party, path: string | undefined, signature: Buffer | undefined): Registered | undefined {
    const object = this.#registry.add(owner, path, signature);
    if (object?.path !== undefined) this.sendEvent('ubus.object.add', { id: object.id | 0, path: object.path });
    return object;
  }

  #remove(object: Registered): void {
    this.#registry.remove(object);
    for (const target of this.#registry.objects.values()) {
      const before = target.subscribers.length;
      const kept = target.subscribers.filter((id) => id !== object.id);
      target.subscribers.splice(0, before, ...kept);
      if (before > 0 && kept.length === 0) this.#active(target, false);
    }
    for (const id of object.subscribers) {
      const owner = this.#registry.objects.get(id)?.owner;
      const pair = [int32Attribute(attribute.objectId, id), int32Attribute(attribute.target, object.id)];
      owner?.send(encodeMessage(messageType.unsubscribe, ++this.#eventSeq, 0, ...pair));
    }
    if (object.path !== undefined) this.sendEvent('ubus.object.remove', { id: object.id | 0, path: object.path });
  }

  #dropParty(party: Party): void {
    for (const object of [...this.#registry.objects.values()]) if (object.owner === party) this.#remove(object);
  }
}
