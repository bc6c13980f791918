import type { Socket } from 'node:net';
import { Disconnected } from '../verdict.ts';
import { Brokered, type BrokeredOptions } from './brokered.ts';
import type { At, Link, Side } from './link.ts';
import { type Frame, readFrames, writeFrame } from './stomp-frame.ts';

/** A STOMP server with the controllers inside of it: it keeps every frame that the agent sends. */
export class StompServer extends Brokered<BrokeredOptions> implements Link {
  readonly mtp = 'stomp';
  readonly frames: At<Frame>[] = [];
  readonly beats: number[] = [];
  /** Further headers of CONNECTED. */
  connected: Record<string, string> = {};
  /** Connections end at once. */
  refusing = false;
  /** Destination by the id of the subscription. */
  readonly #subscriptions = new Map<string, string>();
  #ids = 0;

  /** Where the agent listens now. */
  get destinations(): readonly string[] {
    return [...this.#subscriptions.values()];
  }
  /** Has the agent gone, or been sent away? */
  get alone(): boolean {
    return this.client === undefined;
  }

  send(side: Side, record: Uint8Array): void {
    const [subscription, destination] = [...this.#subscriptions][0] ?? [];
    if (!this.client || subscription === undefined) throw new Disconnected('the agent is not connected');
    const headers = {
      subscription,
      'message-id': String(++this.#ids),
      destination: destination!,
      'content-type': 'application/vnd.bbf.usp.msg',
      'reply-to-dest': this.options.controllers[side]?.destination ?? '',
    };
    this.client.write(writeFrame('MESSAGE', headers, record));
  }

  beat(): void {
    this.client?.write('\n');
  }
  of(command: string, from = 0): At<Frame>[] {
    return this.frames.slice(from).filter(({ what }) => what.command === command);
  }

  protected read(socket: Socket, bytes: Buffer): Buffer {
    const read = readFrames(bytes);
    for (const frame of read.frames) {
      if (frame) this.#take(socket, frame);
      else this.beats.push(this.options.time.now());
    }
    return read.rest;
  }
  protected forget(): void {
    this.#subscriptions.clear();
  }

  #take(socket: Socket, frame: Frame): void {
    const { command, headers, body } = frame;
    this.frames.push({ at: this.options.time.now(), what: frame });
    switch (command) {
      case 'STOMP':
      case 'CONNECT':
        this.attempts.push(this.options.time.now());
        if (this.refusing) {
          socket.destroy();
          return;
        }
        this.admit(socket);
        socket.write(writeFrame('CONNECTED', { version: '1.2', 'heart-beat': '0,0', ...this.connected }));
        return;
      case 'SUBSCRIBE':
        this.#subscriptions.set(headers.id ?? '', headers.destination ?? '');
        this.subscribed();
        break;
      case 'UNSUBSCRIBE':
        this.#subscriptions.delete(headers.id ?? '');
        break;
      case 'SEND':
        this.tell(body, ({ destination }) => headers.destination === destination);
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
