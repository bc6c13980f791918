import type { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import { Disconnected } from '../verdict.ts';
import type { At, Link, Side } from './link.ts';
import type { Time } from './time.ts';

export interface DialerTls {
  readonly ca: string;
  /** The certificate of each controller. */
  readonly own?: Readonly<Partial<Record<Side, { readonly cert: string; readonly key: string }>>>;
}

export interface WebSocketDialerOptions {
  /** Of the agent's server. */
  readonly url: string;
  readonly endpointIds: Readonly<Partial<Record<Side, string>>>;
  readonly tls?: DialerTls;
  readonly time: Time;
}

/** The controllers as WebSocket clients of an agent that listens; they come back by themselves. */
export class WebSocketDialer implements Link {
  readonly mtp = 'ws-server';
  heard: Link['heard'] = () => {};
  tls: string | undefined;
  readonly closes: At<{ readonly side: Side; readonly code: number }>[] = [];
  readonly pongs: At<Side>[] = [];
  fragmentBytes: number | undefined;
  readonly #options: WebSocketDialerOptions;
  readonly #open = new Map<Side, WebSocket>();
  readonly #dialing = new Set<Side>();
  readonly #count: Record<Side, number> = { primary: 0, secondary: 0 };
  #again: NodeJS.Timeout | undefined;

  constructor(options: WebSocketDialerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#again = setInterval(() => {
      for (const side of Object.keys(this.#options.endpointIds) as Side[]) {
        if (!this.#open.has(side) && !this.#dialing.has(side)) this.#dial(side);
      }
    }, 50);
  }
  connections = (side: Side): number => this.#count[side];

  there(side: Side): boolean {
    return this.#open.has(side);
  }

  socket(side: Side): WebSocket {
    const socket = this.#open.get(side);
    if (!socket) throw new Disconnected(`there is no connection of the ${side} controller`);
    return socket;
  }
  send(side: Side, record: Uint8Array): void {
    const socket = this.socket(side);
    const size = this.fragmentBytes ?? record.length;
    for (let from = 0; from < record.length; from += size) {
      socket.send(record.subarray(from, from + size), { fin: from + size >= record.length, binary: true });
    }
  }
  cut(side: Side): void {
    this.socket(side).terminate();
  }
  /** Another connection of the same controller, beside the first. */
  second(): WebSocket {
    const socket = this.#make('primary');
    socket.on('error', () => {});
    return socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#again);
    for (const socket of this.#open.values()) socket.terminate();
  }

  #make(side: Side): WebSocket {
    const { url, endpointIds, tls } = this.#options;
    const at = new URL(url);
    at.searchParams.set('eid', endpointIds[side] ?? '');
    return new WebSocket(at, ['v1.usp'], {
      perMessageDeflate: false,
      ...(tls && { ca: tls.ca, ...tls.own?.[side] }),
    });
  }

  #dial(side: Side): void {
    const { time } = this.#options;
    this.#dialing.add(side);
    const socket = this.#make(side);
    socket.on('upgrade', (response) => {
      this.tls = (response.socket as TLSSocket).getProtocol?.() ?? undefined;
    });
    socket.on('open', () => {
      this.#dialing.delete(side);
      this.#open.set(side, socket);
      this.#count[side]++;
    });
    socket.on('message', (data: Buffer) => this.heard(side, data));
    socket.on('pong', () => this.pongs.push({ at: time.now(), what: side }));
    socket.on('error', () => {});
    socket.on('close', (code) => {
      this.#dialing.delete(side);
      if (this.#open.get(side) !== socket) return;
      this.#open.delete(side);
      this.closes.push({ at: time.now(), what: { side, code } });
    });
  }
}
