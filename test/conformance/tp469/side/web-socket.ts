import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { Disconnected } from '../verdict.ts';
import type { At, Link, ServerTls, Side } from './link.ts';
import type { Time } from './time.ts';
import { show, tlsOptions } from './tls.ts';

export interface WebSocketSideOptions {
  readonly host: string;
  readonly port: number;
  /** Where each controller is found. */
  readonly paths: Readonly<Record<Side, string>>;
  readonly tls?: ServerTls;
  readonly time: Time;
}

/** The controllers as WebSocket servers that the agent connects to. */
export class WebSocketSide implements Link {
  readonly mtp = 'ws';
  heard: Link['heard'] = () => {};
  /** Requests for an upgrade, taken or not. */
  readonly attempts: At<Side>[] = [];
  readonly closes: At<{ readonly side: Side; readonly code: number }>[] = [];
  readonly pongs: At<Side>[] = [];
  /** New connections are turned away. */
  refusing = false;
  /** Records are sent in frames of that many bytes. */
  fragmentBytes: number | undefined;
  tls: string | undefined;
  readonly #options: WebSocketSideOptions;
  readonly #open = new Map<Side, WebSocket>();
  readonly #count: Record<Side, number> = { primary: 0, secondary: 0 };
  #server: ReturnType<typeof createServer> | undefined;
  #sockets: WebSocketServer | undefined;

  constructor(options: WebSocketSideOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { tls, host, port, paths, time } = this.#options;
    this.#server = tls ? createSecureServer(tlsOptions(tls, tls)) : createServer();
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has('v1.usp') ? 'v1.usp' : false),
    });
    this.#server.on('upgrade', (request, stream, head) => {
      const path = new URL(request.url ?? '/', 'ws://any').pathname;
      const side = (['primary', 'secondary'] as const).find((one) => paths[one] === path);
      if (side) this.attempts.push({ at: time.now(), what: side });
      if (!side || this.refusing) {
        (stream as Socket).end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
        return;
      }
      this.tls = (stream as TLSSocket).getProtocol?.() ?? undefined;
      this.#sockets!.handleUpgrade(request, stream as Socket, head, (socket) => this.#serve(side, socket));
    });
    await new Promise<void>((resolve, reject) => {
      this.#server!.once('error', reject);
      this.#server!.listen(port, host, resolve);
    });
  }

  get port(): number {
    return (this.#server!.address() as AddressInfo).port;
  }

  connections = (side: Side): number => this.#count[side];

  there(side: Side): boolean {
    return this.#open.has(side);
  }

  socket(side: Side): WebSocket {
    const socket = this.#open.get(side);
    if (!socket) throw new Disconnected(`the agent is not connected to the ${side} controller`);
    return socket;
  }

  send(side: Side, record: Uint8Array): void {
    const socket = this.socket(side);
    const size = this.fragmentBytes;
    if (size === undefined) {
      socket.send(record);
      return;
    }
    for (let from = 0; from < record.length; from += size) {
      socket.send(record.subarray(from, from + size), { fin: from + size >= record.length, binary: true });
    }
  }

  show(which: 'expired' | 'foreign'): () => void {
    return show(this.#server, this.#options.tls, which);
  }
  cut(side: Side): void {
    this.socket(side).terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#sockets?.clients ?? []) client.terminate();
    this.#sockets?.close();
    this.#server?.closeAllConnections();
    if (this.#server) await new Promise((resolve) => this.#server!.close(resolve));
  }

  #serve(side: Side, socket: WebSocket): void {
    const { time } = this.#options;
    this.#open.set(side, socket);
    this.#count[side]++;
    socket.on('message', (data: Buffer) => this.heard(side, data));
    socket.on('pong', () => this.pongs.push({ at: time.now(), what: side }));
    socket.on('error', () => {});
    socket.on('close', (code) => {
      if (this.#open.get(side) === socket) this.#open.delete(side);
      this.closes.push({ at: time.now(), what: { side, code } });
    });
  }
}
