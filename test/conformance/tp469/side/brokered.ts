import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer, type TLSSocket } from 'node:tls';
import type { ControllerNames } from '../descriptor.ts';
import type { Link, ServerTls, Side } from './link.ts';
import type { Time } from './time.ts';
import { show, tlsOptions } from './tls.ts';

export interface BrokeredOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: ServerTls;
  readonly controllers: Readonly<Partial<Record<Side, ControllerNames>>>;
  readonly time: Time;
}

const sides = ['primary', 'secondary'] as const;

/** What the brokers of the judge have in common: the controllers are inside, there is one client, the agent, and each controller counts when it has come. */
export abstract class Brokered<Options extends BrokeredOptions> implements Omit<Link, 'mtp' | 'send'> {
  heard: Link['heard'] = () => {};
  tls: string | undefined;
  /** When the agent has asked to be let in, taken or not: a client may look first whether there is anybody. */
  readonly attempts: number[] = [];
  /** When connections ended. */
  readonly ends: number[] = [];
  protected readonly options: Options;
  protected client: Socket | undefined;
  readonly #server: Server;
  readonly #count: Record<Side, number> = { primary: 0, secondary: 0 };
  readonly #fresh: Record<Side, boolean> = { primary: false, secondary: false };
  /** It has subscribed since it connected: there is a way to it. */
  #subscribed = false;

  constructor(options: Options) {
    this.options = options;
    const { tls } = options;
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server = tls ? createSecureServer(tlsOptions(tls, tls), serve) : createServer(serve);
  }

  async start(): Promise<void> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  connections = (side: Side): number => this.#count[side];
  /** The agent's Connect record has come: it is there for this controller, whenever it subscribed. */
  arrived = (side: Side): void => {
    if (!this.#fresh[side]) this.#count[side]++;
    this.#fresh[side] = false;
  };
  show(which: 'expired' | 'foreign'): () => void {
    return show(this.#server, this.options.tls, which);
  }
  cut(): void {
    this.client?.destroy();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.client?.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @returns what is left of the bytes; @throws for what can not be read */
  protected abstract read(socket: Socket, bytes: Buffer): Buffer;
  /** What the agent listens to is no longer. */
  protected abstract forget(): void;

  /** It takes the place of whoever was there. */
  protected admit(socket: Socket): void {
    this.client?.destroy();
    this.forget();
    this.client = socket;
    this.#subscribed = false;
  }
  /** The first of a connection counts. */
  protected subscribed(): void {
    if (this.#subscribed) return;
    this.#subscribed = true;
    for (const side of sides) {
      this.#fresh[side] = true;
      this.#count[side]++;
    }
  }
  /** To every controller that listens there. */
  protected tell(record: Buffer, listens: (names: ControllerNames) => boolean): void {
    for (const side of sides) {
      const names = this.options.controllers[side];
      if (names && listens(names)) this.heard(side, record);
    }
  }

  #serve(socket: Socket): void {
    socket.on('error', () => {});
    this.tls = (socket as TLSSocket).getProtocol?.() ?? undefined;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (piece: Buffer) => {
      try {
        rest = this.read(socket, Buffer.concat([rest, piece]));
      } catch {
        socket.destroy();
      }
    });
    socket.on('close', () => {
      if (this.client !== socket) return;
      this.client = undefined;
      this.forget();
      this.ends.push(this.options.time.now());
    });
  }
}
