import type { Socket } from 'node:net';
import type { Party } from './registry.ts';
import { encodeMessage, type Message, MessageCutter, messageLimitBytes, messageType } from './wire.ts';

/** One client's socket. What doesn't fit its queue is dropped without a word, as ubusd does. */
export class Connection implements Party {
  readonly id: number;
  readonly #socket: Socket;

  constructor(id: number, socket: Socket, heard: (message: Message) => void, gone: () => void) {
    this.id = id;
    this.#socket = socket;
    const cutter = new MessageCutter();
    socket.on('data', (chunk: Buffer) => {
      const messages = cutter.push(chunk);
      if (messages === undefined) socket.destroy();
      for (const message of messages ?? []) heard(message);
    });
    socket.on('error', () => {});
    socket.once('close', gone);
    this.send(encodeMessage(messageType.hello, 0, id));
  }

  send(message: Buffer): void {
    if (this.#socket.destroyed || this.#socket.writableLength + message.length > messageLimitBytes) return;
    this.#socket.write(message);
  }

  close(): void {
    this.#socket.destroy();
  }
}
