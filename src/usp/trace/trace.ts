import { readMessage } from '../codec/message.ts';
import type { UspMessage } from '../codec/types.ts';
import { formatMessage, type IsSecret, titleOf } from './format-message.ts';

/** Where messages are shown to people. */
export interface TracePort {
  /** Somebody looks: without them nothing is formatted. */
  readonly watched: boolean;
  tell(entry: {
    /** As seen from the agent. */
    readonly direction: 'in' | 'out';
    readonly peer: string;
    readonly title: string;
    readonly lines: readonly string[];
  }): void;
}

/** Messages of one controller, for `tandem trace usp`. */
export class MessageTrace {
  readonly #port: TracePort;
  readonly #isSecret: IsSecret;
  readonly #peer: string;

  constructor(port: TracePort, isSecret: IsSecret, peer: string) {
    this.#port = port;
    this.#isSecret = isSecret;
    this.#peer = peer;
  }

  received(message: UspMessage): void {
    if (this.#port.watched) this.#tell('in', message);
  }

  sent(bytes: Uint8Array): void {
    if (this.#port.watched) this.#tell('out', readMessage(bytes));
  }

  #tell(direction: 'in' | 'out', message: UspMessage): void {
    const title = `${titleOf(message.body)} ${message.msgId}`;
    this.#port.tell({ direction, peer: this.#peer, title, lines: formatMessage(message, this.#isSecret) });
  }
}
