import { connect, type Socket } from 'node:net';
import type { BlobTable } from '#platform';
import {
  Attributes,
  attribute,
  bytesAttribute,
  decodeTable,
  encodeMessage,
  encodeTable,
  int32Attribute,
  type Message,
  MessageCutter,
  messageType,
  textAttribute,
} from '../../src/lab/router/ubusd/wire.ts';

export interface Answer {
  readonly status: number;
  readonly data: BlobTable | undefined;
}

/** A bare client of a ubus socket for tests of the daemon: frames in, frames out, nothing hidden. */
export class UbusPeer implements Disposable {
  readonly frames: Message[] = [];
  readonly #socket: Socket;
  #waiting: (() => void)[] = [];
  #seq = 0;
  closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    const cutter = new MessageCutter();
    socket.on('data', (chunk: Buffer) => {
      this.frames.push(...(cutter.push(chunk) ?? []));
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async connect(path: string): Promise<UbusPeer> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const peer = new UbusPeer(socket);
    await peer.take((frame) => frame.type === messageType.hello);
    return peer;
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The first frame that fits, taken out of the queue; waits for it. */
  async take(fits: (frame: Message) => boolean): Promise<Message> {
    for (;;) {
      const at = this.frames.findIndex(fits);
      if (at >= 0) return this.frames.splice(at, 1)[0]!;
      if (this.closed) throw new Error('the daemon closed the connection');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async untilClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Sends a request and collects its answers up to the STATUS. */
  async request(type: number, peer: number, ...attributes: Buffer[]): Promise<{ status: number; data: Attributes[] }> {
    const seq = this.send(type, peer, ...attributes);
    const data: Attributes[] = [];
    for (;;) {
      const frame = await this.take(
        (f) => f.seq === seq && (f.type === messageType.data || f.type === messageType.status),
      );
      const found = new Attributes(frame.body);
      if (frame.type === messageType.status) return { status: found.int32(attribute.status) ?? -1, data };
      data.push(found);
    }
  }

  send(type: number, peer: number, ...attributes: Buffer[]): number {
    this.#seq = (this.#seq % 0xffff) + 1;
    this.write(encodeMessage(type, this.#seq, peer, ...attributes));
    return this.#seq;
  }

  async lookup(path: string): Promise<{ path: string; id: number; methods: BlobTable }[]> {
    const { data } = await this.request(messageType.lookup, 0, textAttribute(attribute.objectPath, path));
    return data.map((found) => ({
      path: found.text(attribute.objectPath)!,
      id: found.int32(attribute.objectId)!,
      methods: decodeTable(found.bytes(attribute.signature)!)!,
    }));
  }

  async call(path: string, method: string, args: BlobTable = {}): Promise<Answer> {
    const [object] = await this.lookup(path);
    if (object === undefined) throw new Error(`no object '${path}'`);
    return this.callId(object.id, method, args);
  }

  async callId(id: number, method: string, args: BlobTable = {}): Promise<Answer> {
    const { status, data } = await this.request(
      messageType.invoke,
      id,
      int32Attribute(attribute.objectId, id),
      textAttribute(attribute.method, method),
      bytesAttribute(attribute.data, encodeTable(args)),
    );
    const bytes = data.at(-1)?.bytes(attribute.data);
    return { status, data: bytes === undefined ? undefined : decodeTable(bytes) };
  }

  /** @returns id of the object under which it is known */
  async addObject(path?: string, methods: BlobTable = {}): Promise<number> {
    const named =
      path === undefined
        ? []
        : [textAttribute(attribute.objectPath, path), bytesAttribute(attribute.signature, encodeTable(methods))];
    const { status, data } = await this.request(messageType.addObject, 0, ...named);
    if (status !== 0) throw new Error(`object refused: ${status}`);
    return data[0]!.int32(attribute.objectId)!;
  }

  async listen(pattern: string): Promise<void> {
    const object = await this.addObject();
    const { status } = await this.callId(1, 'register', { object: object | 0, pattern });
    if (status !== 0) throw new Error(`listening refused: ${status}`);
  }

  async subscribe(path: string): Promise<void> {
    const own = await this.addObject();
    const [target] = await this.lookup(path);
    const { status } = await this.request(
      messageType.subscribe,
      0,
      int32Attribute(attribute.objectId, own),
      int32Attribute(attribute.target, target!.id),
    );
    if (status !== 0) throw new Error(`subscription refused: ${status}`);
  }

  /** The next event or notification of this name. */
  async heard(name: string, fits: (data: BlobTable) => boolean = () => true): Promise<BlobTable> {
    const content = (frame: Message): BlobTable =>
      decodeTable(new Attributes(frame.body).bytes(attribute.data) ?? Buffer.alloc(0)) ?? {};
    const frame = await this.take(
      (f) =>
        f.type === messageType.invoke && new Attributes(f.body).text(attribute.method) === name && fits(content(f)),
    );
    return content(frame);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
