import { type Clock, explain } from '#base';
import type { UnixStream, UnixStreamEvents } from '#platform';
import { UdsReader, udsType, writeUdsFrame } from './uds-frame.ts';

/** What is done with the other end once it has said who it is. */
export interface UdsPeer {
  record(bytes: Uint8Array): void;
  closed(reason: string): void;
  /** The connection is about to be ended from here. */
  leave?(): void;
}

export interface UdsConnectionParts {
  readonly stream: UnixStream;
  /** Who connected speaks first (R-UDS.16). */
  readonly role: 'client' | 'server';
  readonly endpointId: string;
  readonly clock: Clock;
  /** @returns why it is not wanted, if it is not */
  readonly greet: (endpointId: string, connection: UdsConnection) => UdsPeer | string;
  /** The connection is over, whether or not anybody was greeted. */
  readonly over: (reason: string) => void;
}

/** R-UDS.18; a server waits no longer either. */
const handshakeMs = 30_000;
/** Longer than any Endpoint ID; an error's text is cut to it. */
const textLimit = 512;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** One connection of the UNIX domain socket binding: handshake, records, errors (TR-369 "UNIX Domain Socket Binding"). */
export class UdsConnection {
  readonly #parts: UdsConnectionParts;
  readonly #reader = new UdsReader();
  readonly #deadline: Disposable;
  #peer: UdsPeer | undefined;
  #over = false;

  constructor(parts: UdsConnectionParts) {
    this.#parts = parts;
    this.#deadline = parts.clock.timer(handshakeMs, () => this.fail('no handshake in time'));
    if (parts.role === 'client') this.#send(udsType.handshake, parts.endpointId);
  }

  /** To be handed what the stream hears. */
  get events(): UnixStreamEvents {
    return { data: (piece) => this.#read(piece), closed: (error) => this.#end(explain(error)) };
  }

  send(record: Uint8Array): void {
    this.#send(udsType.record, record);
  }

  /** Tells the other end why, and closes (R-UDS.21, R-UDS.23, R-UDS.24). */
  fail(reason: string): void {
    this.#send(udsType.error, reason.slice(0, textLimit));
    this.#parts.stream.end();
    this.#end(reason);
  }

  close(reason: string): void {
    this.#peer?.leave?.();
    this.#parts.stream.end();
    this.#end(reason);
  }

  #read(piece: Uint8Array): void {
    if (this.#over) return;
    try {
      for (const { type, value } of this.#reader.push(piece)) {
        if (this.#over) return;
        if (type === udsType.handshake) this.#greet(value);
        else if (type === udsType.error) this.#fallOut(value);
        // R-UDS.20: not before the handshake.
        else if (type === udsType.record) this.#peer?.record(value);
      }
    } catch (error) {
      this.fail(explain(error));
    }
  }

  #greet(value: Uint8Array): void {
    // R-UDS.19: who they are does not change.
    if (this.#peer) return;
    const endpointId = textOf(value);
    if (endpointId === undefined) {
      this.fail('the handshake holds no Endpoint ID');
      return;
    }
    // R-UDS.17
    if (this.#parts.role === 'server') this.#send(udsType.handshake, this.#parts.endpointId);
    this.#deadline[Symbol.dispose]();
    const peer = this.#parts.greet(endpointId, this);
    if (typeof peer === 'string') this.fail(peer);
    else if (this.#over) peer.closed('closed');
    else this.#peer = peer;
  }

  /** R-UDS.25 */
  #fallOut(value: Uint8Array): void {
    this.#parts.stream.end();
    this.#end(`the other end says: ${(textOf(value) ?? '').replace(/[^\x20-\x7e]/g, ' ')}`);
  }

  #send(type: number, value: Uint8Array | string): void {
    if (!this.#over) this.#parts.stream.send(writeUdsFrame(type, value));
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#deadline[Symbol.dispose]();
    this.#peer?.closed(reason);
    this.#parts.over(reason);
  }
}

function textOf(value: Uint8Array): string | undefined {
  if (value.length === 0 || value.length > textLimit) return undefined;
  try {
    return utf8.decode(value);
  } catch {
    return undefined;
  }
}
