import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TLSSocket } from 'node:tls';
import type { ControllerNames } from '../descriptor.ts';
import { Disconnected } from '../verdict.ts';
import type { At, Link, ServerTls, Side } from './link.ts';
import { type Frame, readFrames, writeFrame } from './stomp-frame.ts';
import type { Time } from './time.ts';
import { show, tlsOptions } from './tls.ts';

export interface StompServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ServerTls;
  readonly controllers: Readonly<Partial<Record<Side, ControllerNames>>>;
  readonly time: Time;
}

/** A STOMP server with the controllers inside of it: it has one client, the agent, and keeps every frame that it sends. */
export class StompServer implements Link {
  readonly mtp = 'stomp';
  heard: Link['heard'] = () => {};
  tls: string | undefined;
  readonly frames: At<Frame>[] = [];
  readonly beats: number[] = [];
  /** STOMP frames, taken or not. */
  readonly attempts: number[] = [];
  readonly ends: number[] = [];
  /** Further headers of CONNECTED. */
  connected: Record<string, string> = {};
  /** Connections end at once. */
  refusing = false;
  readonly #options: StompServerOptions;
  readonly #server: Server;
  /** Destination by the id of the subscription. */
  readonly #subscriptions = new Map<string, string>();
  readonly #count: Record<Side, number> = { primary: 0, secondary: 0 };
  readonly #fresh: Record<Side, boolean> = { primary: false, secondary: false };
  /** It has subscribed since it connected: there is a way to it. */
  #subscribed = false;
  #client: Socket | undefined;
  #ids = 0;

  constructor(options: StompServerOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server = tls
      ? createSecureServer(tlsOptions(tls, tls), (socket) => this.#serve(socket))
      : createServer((socket) => this.#serve(socket));
  }

  async start(): Promise<void> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  connections = (side: Side): number => this.#count[side];
  arrived = (side: Side): void => {
    if (!this.#fresh[side]) this.#count[side]++;
    this.#fresh[side] = false;
  };
  /** Where the agent listens now. */
  get destinations(): readonly string[] {
    return [...this.#subscriptions.values()];
  }
  /** Has the agent gone, or been sent away? */
  get alone(): boolean {
    return this.#client === undefined;
  }

  send(side: Side, record: Uint8Array): void {
    const [subscription, destination] = [...this.#subscriptions][0] ?? [];
    if (!this.#client || subscription === undefined) throw new Disconnected('the agent is not connected');
    const headers = {
      subscription,
      'message-id': String(++this.#ids),
      destination: destination!,
      'content-type': 'application/vnd.bbf.usp.msg',
      'reply-to-dest': this.#options.controllers[side]?.destination ?? '',
    };
    this.#client.write(writeFrame('MESSAGE', headers, record));
  }

  beat(): void {
    this.#client?.write('\n');
  }
  show(which: 'expired' | 'foreign'): () => void {
    return show(this.#server, this.#options.tls, which);
  }
  cut(): void {
    this.#client?.destroy();
  }
  of(command: string, from = 0): At<Frame>[] {
    return this.frames.slice(from).filter(({ what }) => what.command === command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const { time } = this.#options;
    socket.on('error', () => {});
    this.tls = (socket as TLSSocket).getProtocol?.() ?? undefined;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      try {
        const read = readFrames(Buffer.concat([rest, piece]));
        rest = read.rest;
        for (const frame of read.frames) {
          if (frame) this.#take(socket, frame);
          else this.beats.push(time.now());
        }
      } catch {
        socket.destroy();
      }
    });
    socket.on('close', () => {
      if (this.#client !== socket) return;
      this.#client = undefined;
      this.#subscriptions.clear();
      this.ends.push(time.now());
    });
  }

  #take(socket: Socket, frame: Frame): void {
    const { command, headers, body } = frame;
    this.frames.push({ at: this.#options.time.now(), what: frame });
    switch (command) {
      case 'STOMP':
      case 'CONNECT':
        this.attempts.push(this.#options.time.now());
        if (this.refusing) {
          socket.destroy();
          return;
        }
        this.#client?.destroy();
        this.#subscriptions.clear();
        this.#client = socket;
        this.#subscribed = false;
        socket.write(writeFrame('CONNECTED', { version: '1.2', 'heart-beat': '0,0', ...this.connected }));
        return;
      case 'SUBSCRIBE':
        this.#subscriptions.set(headers.id ?? '', headers.destination ?? '');
        if (this.#subscribed) break;
        this.#subscribed = true;
        for (const side of ['primary', 'secondary'] as const) {
          this.#fresh[side] = true;
          this.#count[side]++;
        }
        break;
      case 'UNSUBSCRIBE':
        this.#subscriptions.delete(headers.id ?? '');
        break;
      case 'SEND':
        for (const side of ['primary', 'secondary'] as const) {
          if (headers.destination === this.#options.controllers[side]?.destination) this.heard(side, body);
        }
        break;
      case 'DISCONNECT':
        break;
      default:
        socket.end(writeFrame('ERROR', { message: `${command} is not expected` }));
        return;
    }
    if (headers.receipt !== undefined) socket.write(writeFrame('RECEIPT', { 'receipt-id': headers.receipt }));
    if (command === 'DISCONNECT') socket.end();
  }
}
