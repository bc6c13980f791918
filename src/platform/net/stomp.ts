import type { Socket } from 'node:net';
import { type Clock, explain, type Secret, TandemError } from '#base';
import { dial } from './dial.ts';
import type { HttpTls } from './http-request.ts';
import { inWords } from './in-words.ts';
import { type Peer, peerOf } from './peer.ts';
import { type StompFrame, StompReader, writeStompFrame } from './stomp-frame.ts';
import { isTlsProblem } from './tls-problem.ts';

/** STOMP_CONNECT, STOMP_TLS, STOMP_REFUSED (the server's ERROR), STOMP_TIMEOUT, STOMP_FRAME, STOMP_BROKEN, STOMP_ABORTED */
export class StompError extends TandemError {}

export interface StompOptions {
  readonly host: string;
  readonly port: number;
  /** Absent: without TLS. */
  readonly tls?: HttpTls;
  /** Header `host` (R-STOMP.5). */
  readonly virtualHost?: string;
  readonly username?: string;
  readonly password?: Secret;
  /** Further headers of STOMP. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What we can do and would like, in milliseconds; 0: not at all. */
  readonly heartbeat?: { readonly outgoingMs: number; readonly incomingMs: number };
  readonly clock: Clock;
  /** Until the server has taken us, in all; and for each receipt. Default 90 s, 30 s. */
  readonly connectTimeoutMs?: number;
  readonly receiptTimeoutMs?: number;
  /** Default 5 MiB. */
  readonly bodyLimitBytes?: number;
  /** Of what the server has not taken. Default 16 MiB. */
  readonly unsentLimitBytes?: number;
  /** Ends the attempt to connect; a connection that stands is closed by its link. */
  readonly signal?: AbortSignal;
}

export interface StompMessage {
  readonly destination: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

export interface StompEvents {
  /** Not before `openStomp` has resolved: there is no subscription earlier. */
  readonly message: (message: StompMessage) => void;
  /** Once, after a connection that stood, with the reason; not when the link was disposed of. */
  readonly closed: (error: StompError) => void;
}

export interface StompLink extends AsyncDisposable {
  /** The server. */
  readonly peer: Peer;
  /** Headers of CONNECTED. */
  readonly connected: ReadonlyMap<string, string>;
  /** Resolves when the server has confirmed it. @throws StompError */
  subscribe(destination: string): Promise<StompSubscription>;
  send(destination: string, headers: Readonly<Record<string, string>>, body: Uint8Array): void;
}

/** Disposing of it unsubscribes. */
export type StompSubscription = Disposable;

const defaults = {
  connectTimeoutMs: 90_000,
  receiptTimeoutMs: 30_000,
  bodyLimitBytes: 5 << 20,
  unsentLimitBytes: 16 << 20,
};
/** For the receipt of DISCONNECT. */
const partingMs = 2000;
const beat = Buffer.from('\n');

/**
 * A connection to a STOMP 1.2 server. One attempt, no reconnecting and no queue: when to try again is the caller's to say. Subscriptions are
 * acknowledged by themselves (R-STOMP.17), there are no transactions (R-STOMP.26).
 * @throws StompError when the connection does not come to stand
 */
export async function openStomp(options: StompOptions, events: StompEvents): Promise<StompLink> {
  const { signal } = options;
  if (signal?.aborted) throw stopped(signal);
  const connection = new Connection(options, events);
  await connection.stands(signal);
  return connection;
}

class Connection implements StompLink {
  readonly #options: StompOptions & typeof defaults;
  readonly #events: StompEvents;
  readonly #socket: Socket;
  readonly #reader: StompReader;
  readonly #receipts = new Map<string, (error?: StompError) => void>();
  readonly #timers = new Set<Disposable>();
  #connected: ReadonlyMap<string, string> | undefined;
  #taken: ((error?: StompError) => void) | undefined;
  #over: StompError | undefined;
  #parting = false;
  #ids = 0;
  #lastSentMs = 0;
  #peer: Peer | undefined;

  constructor(options: StompOptions, events: StompEvents) {
    this.#options = { ...defaults, ...options };
    this.#events = events;
    this.#reader = new StompReader({ bodyBytes: this.#options.bodyLimitBytes });
    try {
      this.#socket = dial(options.host, options.port, options.tls);
    } catch (error) {
      throw wrap(error, 'STOMP_CONNECT');
    }
    this.#socket.setNoDelay(true);
    this.#socket.setKeepAlive(true, 60_000);
    this.#socket.once(options.tls ? 'secureConnect' : 'connect', () => this.#hello());
    this.#socket.on('data', (piece: Buffer) => this.#read(piece));
    this.#socket.on('error', (error) => this.#end(wrap(error, this.#connected ? 'STOMP_BROKEN' : 'STOMP_CONNECT')));
    this.#socket.on('close', () =>
      this.#end(new StompError(this.#connected ? 'STOMP_BROKEN' : 'STOMP_CONNECT', 'the server closed the connection')),
    );
  }

  get peer(): Peer {
    this.#peer ??= peerOf(this.#socket);
    return this.#peer;
  }

  get connected(): ReadonlyMap<string, string> {
    return this.#connected ?? new Map();
  }

  async stands(signal: AbortSignal | undefined): Promise<void> {
    const abort = (): void => this.#end(stopped(signal));
    signal?.addEventListener('abort', abort, { once: true });
    const deadline = this.#options.clock.timer(this.#options.connectTimeoutMs, () =>
      this.#end(new StompError('STOMP_TIMEOUT', 'no answer in time')),
    );
    try {
      await new Promise<void>((resolve, reject) => {
        this.#taken = (error) => (error ? reject(error) : resolve());
        if (this.#over) reject(this.#over);
      });
    } finally {
      deadline[Symbol.dispose]();
      signal?.removeEventListener('abort', abort);
    }
  }

  async subscribe(destination: string): Promise<StompSubscription> {
    const id = String(++this.#ids);
    await this.#confirmed('SUBSCRIBE', { id, destination, ack: 'auto' }, this.#options.receiptTimeoutMs);
    return { [Symbol.dispose]: () => this.#write(writeStompFrame('UNSUBSCRIBE', { id })) };
  }

  send(destination: string, headers: Readonly<Record<string, string>>, body: Uint8Array): void {
    this.#write(writeStompFrame('SEND', { destination, ...headers }, body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#parting = true;
    await this.#confirmed('DISCONNECT', {}, partingMs).catch(() => {});
    this.#end(new StompError('STOMP_BROKEN', 'the link was closed'));
  }

  /** R-STOMP.2 to R-STOMP.5, R-STOMP.8 to R-STOMP.10 */
  #hello(): void {
    const { virtualHost, username, password, headers, heartbeat } = this.#options;
    this.#write(
      writeStompFrame('STOMP', {
        'accept-version': '1.2',
        host: virtualHost,
        login: username,
        passcode: password?.reveal(),
        'heart-beat': heartbeat && `${heartbeat.outgoingMs},${heartbeat.incomingMs}`,
        ...headers,
      }),
    );
  }

  #read(piece: Buffer): void {
    let frames: StompFrame[];
    try {
      frames = this.#reader.push(piece);
    } catch (error) {
      this.#end(wrap(error, 'STOMP_FRAME'));
      return;
    }
    for (const frame of frames) if (!this.#over) this.#take(frame);
  }

  #take({ command, headers, body }: StompFrame): void {
    if (command === 'ERROR') {
      // R-STOMP.25
      this.#end(
        new StompError('STOMP_REFUSED', `the server says: ${this.#quoted(headers.get('message') ?? 'an error', body)}`),
      );
    } else if (command === 'CONNECTED' && !this.#connected) {
      if (headers.get('version') !== '1.2') {
        this.#end(new StompError('STOMP_REFUSED', 'the server does not speak STOMP 1.2'));
        return;
      }
      this.#connected = headers;
      this.#keepAlive(headers.get('heart-beat') ?? '0,0');
      this.#taken?.();
    } else if (command === 'RECEIPT') {
      const id = headers.get('receipt-id') ?? '';
      this.#receipts.get(id)?.();
    } else if (command === 'MESSAGE') {
      if (!this.#parting) this.#events.message({ destination: headers.get('destination') ?? '', headers, body });
    } else {
      this.#end(new StompError('STOMP_FRAME', 'a frame that a server does not send'));
    }
  }

  /** For people: of the body the first line, which is where some servers say what it is; either may quote what we sent. */
  #quoted(message: string, body: Buffer): string {
    const [first = ''] = body.toString('utf8', 0, 1000).split('\n');
    const text = message.includes(first.trim()) ? message : `${message}: ${first}`;
    const secret = this.#options.password?.reveal() ?? '';
    return (secret === '' ? text : text.replaceAll(secret, '***'))
      .replace(/[^\x20-\x7e]/g, ' ')
      .trim()
      .slice(0, 200);
  }

  /** STOMP 1.2 "Heart-beating"; R-STOMP.11 */
  #keepAlive(theirs: string): void {
    const [theirOutgoing = 0, theirIncoming = 0] = theirs.split(',').map((part) => Number(part) || 0);
    const { outgoingMs, incomingMs } = this.#options.heartbeat ?? { outgoingMs: 0, incomingMs: 0 };
    const { clock } = this.#options;
    if (outgoingMs > 0 && theirIncoming > 0) {
      const dueMs = Math.max(outgoingMs, theirIncoming);
      // Three looks in each interval: something goes before it is over, whatever else was sent.
      this.#every(dueMs / 3, () => {
        if (clock.monotonicMs() - this.#lastSentMs >= dueMs / 2) this.#write(beat);
      });
    }
    if (incomingMs > 0 && theirOutgoing > 0) {
      const dueMs = Math.max(incomingMs, theirOutgoing);
      let [read, heardMs] = [this.#socket.bytesRead, clock.monotonicMs()];
      this.#every(dueMs / 2, () => {
        if (this.#socket.bytesRead !== read) [read, heardMs] = [this.#socket.bytesRead, clock.monotonicMs()];
        else if (clock.monotonicMs() - heardMs >= 2 * dueMs) {
          this.#end(new StompError('STOMP_TIMEOUT', 'the server has gone silent'));
        }
      });
    }
  }

  #every(periodMs: number, work: () => void): void {
    let timer: Disposable | undefined;
    const arm = (): void => {
      if (timer) this.#timers.delete(timer);
      timer = this.#options.clock.timer(periodMs, () => {
        arm();
        work();
      });
      this.#timers.add(timer);
    };
    arm();
  }

  #confirmed(command: string, headers: Readonly<Record<string, string>>, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#over) {
        reject(this.#over);
        return;
      }
      const receipt = `r${++this.#ids}`;
      const deadline = this.#options.clock.timer(timeoutMs, () =>
        settle(new StompError('STOMP_TIMEOUT', `${command} was not confirmed`)),
      );
      const settle = (error?: StompError): void => {
        deadline[Symbol.dispose]();
        this.#receipts.delete(receipt);
        if (error) reject(error);
        else resolve();
      };
      this.#receipts.set(receipt, settle);
      this.#write(writeStompFrame(command, { ...headers, receipt }));
    });
  }

  #write(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.#socket.writableLength > this.#options.unsentLimitBytes) {
      this.#end(new StompError('STOMP_BROKEN', 'the server does not take what it is sent'));
      return;
    }
    this.#lastSentMs = this.#options.clock.monotonicMs();
    this.#socket.write(bytes);
  }

  #end(error: StompError): void {
    if (this.#over) return;
    this.#over = error;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
    this.#socket.destroy();
    for (const settle of [...this.#receipts.values()]) settle(error);
    if (!this.#connected) this.#taken?.(error);
    else if (!this.#parting) this.#events.closed(error);
  }
}

function stopped(signal: AbortSignal | undefined): StompError {
  return new StompError('STOMP_ABORTED', 'stopped', { cause: signal?.reason });
}

function wrap(error: unknown, otherwise: string): StompError {
  if (error instanceof StompError) return error;
  const words = inWords(error);
  if (isTlsProblem(error)) return new StompError('STOMP_TLS', `TLS: ${words}`);
  if (otherwise === 'STOMP_FRAME') return new StompError(otherwise, `what came is not STOMP: ${explain(error)}`);
  return new StompError(otherwise, otherwise === 'STOMP_CONNECT' ? `no connection: ${words}` : words);
}
