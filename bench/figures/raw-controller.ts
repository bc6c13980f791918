import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { type Requests, readMessage, readRecord, writeMessage, writeRecord } from '#usp';

/** A request as it goes to the socket. */
export type Frame = Buffer;

/**
 * The controller's side of a WebSocket reduced to what a figure needs, so that the agent and not its driver is measured: frames are built beforehand, of the answers
 * only the headers of the frames are looked at.
 */
export class RawController implements AsyncDisposable {
  readonly endpointId: string;
  readonly #server: Server;
  #agent = '';
  #socket: Socket | undefined;
  /** Of the connect record, which comes first. */
  readonly #greeted: Promise<void>;
  #greet: () => void = () => {};
  /** Of a frame that has not come as a whole. */
  #rest: Buffer = Buffer.alloc(0);
  #messages = 0;
  #ids = 0;
  #heard: () => void = () => {};
  /** Content of the last frame, while somebody wants it. */
  #kept: Buffer[] | undefined;

  private constructor(endpointId: string, server: Server) {
    this.endpointId = endpointId;
    this.#server = server;
    this.#greeted = new Promise((resolve) => {
      this.#greet = resolve;
    });
  }

  static async listen(endpointId: string): Promise<RawController> {
    const server = createServer({ noDelay: true });
    const controller = new RawController(endpointId, server);
    server.on('connection', (socket) => controller.#accept(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return controller;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Resolves when an agent has connected and said so. @param agent its Endpoint ID */
  connected(agent: string): Promise<void> {
    this.#agent = agent;
    return this.#greeted;
  }

  /** Frames of one request, each with an ID of its own. */
  frames(request: Partial<Requests>, count: number): Frame[] {
    return Array.from({ length: count }, () => {
      const payload = writeMessage(`r${++this.#ids}`, { kind: 'request', request });
      return framed(
        writeRecord({
          version: '1.4',
          toId: this.#agent,
          fromId: this.endpointId,
          noSessionContext: { payload },
        }),
      );
    });
  }

  /** Sends one and reads its answer in full. */
  async ask(request: Partial<Requests>): Promise<ReturnType<typeof readMessage>> {
    this.#kept = [];
    await this.run(this.frames(request, 1), 1);
    const record = readRecord(Buffer.concat(this.#kept));
    this.#kept = undefined;
    return readMessage(record.noSessionContext!.payload);
  }

  /**
   * Sends them all, never more than `window` without an answer.
   * @returns milliseconds of each turn from a write to what came back for it
   */
  async run(frames: readonly Frame[], window: number): Promise<Float64Array> {
    const times = new Float64Array(frames.length);
    const first = this.#messages;
    let sent = 0;
    let timed = 0;
    let wroteAt = 0;
    const send = (): void => {
      const until = Math.min(frames.length, this.#messages - first + window);
      if (until <= sent) return;
      const batch = frames.slice(sent, until);
      sent = until;
      wroteAt = performance.now();
      this.#socket!.write(batch.length === 1 ? batch[0]! : Buffer.concat(batch));
    };
    await new Promise<void>((resolve) => {
      this.#heard = () => {
        times[timed++] = performance.now() - wroteAt;
        if (this.#messages - first >= frames.length) resolve();
        else send();
      };
      send();
    });
    this.#heard = () => {};
    return times.subarray(0, timed);
  }

  ping(): void {
    this.#socket?.write(Uint8Array.of(0x89, 0));
  }

  /** That have come so far, over all connections. */
  get messages(): number {
    return this.#messages;
  }

  /** Resolves when so many have come. */
  count(messages: number): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = () => {
        if (this.#messages >= messages) resolve();
      };
      this.#heard();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    socket.on('error', () => {});
    socket.once('data', (head) => {
      const key = /sec-websocket-key: *(\S+)/i.exec(head.toString('latin1'))?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v1.usp\r\n\r\n`,
      );
      this.#socket = socket;
      this.#rest = Buffer.alloc(0);
      socket.on('data', (chunk) => this.#read(chunk));
    });
  }

  /** Frames of a client: masked, of which the content is as good as any as long as nobody wants it. */
  #read(chunk: Buffer): void {
    let data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const before = this.#messages;
    for (;;) {
      if (data.length < 2) break;
      const short = data[1]! & 0x7f;
      const head = (short < 126 ? 2 : short === 126 ? 4 : 10) + 4;
      if (data.length < head) break;
      const length = short < 126 ? short : short === 126 ? data.readUInt16BE(2) : data.readUIntBE(4, 6);
      if (data.length < head + length) break;
      if ((data[0]! & 0x0f) < 3) {
        // The last fragment of a message, or the whole of it.
        if (data[0]! >= 0x80 && this.#messages++ === 0) this.#greet();
        this.#kept?.push(unmasked(data.subarray(head - 4, head), data.subarray(head, head + length)));
      }
      data = data.subarray(head + length);
    }
    this.#rest = data;
    if (this.#messages > before) this.#heard();
  }
}

/** Of a server: not masked. */
function framed(content: Buffer): Frame {
  const { length } = content;
  const head = Buffer.alloc(length < 126 ? 2 : length < 1 << 16 ? 4 : 10);
  head[0] = 0x82;
  head[1] = length < 126 ? length : length < 1 << 16 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeUIntBE(length, 4, 6);
  return Buffer.concat([head, content]);
}

const unmasked = (mask: Buffer, content: Buffer): Buffer =>
  Buffer.from(content.map((byte, index) => byte ^ mask[index & 3]!));
