import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createSecureServer } from 'node:tls';

export interface StompBrokerOptions {
  readonly host?: string;
  readonly port?: number;
  /** With `clientCa` a client certificate of that authority is required. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Who is let in; default: everybody. */
  readonly login?: { readonly username: string; readonly password: string };
  /** What CONNECTED names as the destination of the client with this `endpoint-id`. */
  readonly subscribeDest?: (endpointId: string) => string | undefined;
  /** What it can do and would like, in milliseconds (`heart-beat` of CONNECTED). */
  readonly heartbeat?: readonly [outgoingMs: number, incomingMs: number];
}

/** A frame as this broker reads it: with its own eyes, so that the client's mistakes are not cancelled out. */
export interface SeenFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

interface Client {
  readonly socket: Socket;
  /** Destination by id of the subscription. */
  readonly subscriptions: Map<string, string>;
  connected: boolean;
  beats: number;
}

/** A STOMP 1.2 broker for the lab and its tests: whoever subscribes to a destination gets what is sent to it. Strict: what 1.2 forbids ends the connection. */
export class StompBroker implements AsyncDisposable {
  /** Every frame that came, in order. */
  readonly frames: SeenFrame[] = [];
  /** What a client did that the specification does not allow. */
  readonly violations: string[] = [];
  readonly #options: StompBrokerOptions;
  readonly #clients = new Set<Client>();
  readonly #server: Server;
  #messages = 0;

  constructor(options: StompBrokerOptions) {
    this.#options = options;
    const { tls } = options;
    const take = (socket: Socket): void => this.#serve(socket);
    this.#server = tls
      ? createSecureServer(
          {
            cert: tls.cert,
            key: tls.key,
            ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: true }),
          },
          take,
        )
      : createServer(take);
  }

  async start(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Heart-beats that have come from all clients. */
  get beats(): number {
    return [...this.#clients].reduce((sum, { beats }) => sum + beats, 0);
  }

  /** To every client that is connected; for what a broker does of itself. */
  broadcast(bytes: string | Uint8Array): void {
    for (const { socket } of this.#clients) socket.write(bytes);
  }

  /** Cuts every connection. */
  cut(): void {
    for (const { socket } of this.#clients) socket.destroy();
  }

  /** Is read by nobody any more: the connections stand, and nothing moves. */
  freeze(): void {
    for (const { socket } of this.#clients) socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    const client: Client = { socket, subscriptions: new Map(), connected: false, beats: 0 };
    this.#clients.add(client);
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('close', () => this.#clients.delete(client));
    socket.on('data', (piece: Buffer) => {
      rest = Buffer.concat([rest, piece]);
      for (;;) {
        while (rest[0] === 0x0a) {
          rest = rest.subarray(1);
          client.beats++;
        }
        const read = readFrame(rest);
        if (!read) return;
        rest = rest.subarray(read.length);
        this.frames.push(read.frame);
        this.#take(client, read.frame);
      }
    });
  }

  #take(client: Client, frame: SeenFrame): void {
    const { command, headers, body } = frame;
    if (!client.connected && command !== 'STOMP' && command !== 'CONNECT') {
      this.#refuse(client, `${command} before STOMP`);
      return;
    }
    switch (command) {
      case 'STOMP':
      case 'CONNECT':
        this.#connect(client, headers);
        break;
      case 'SUBSCRIBE':
        if (!headers.id || !headers.destination) this.#refuse(client, 'SUBSCRIBE without id or destination');
        else client.subscriptions.set(headers.id, headers.destination);
        break;
      case 'UNSUBSCRIBE':
        if (!client.subscriptions.delete(headers.id ?? '')) this.#refuse(client, 'UNSUBSCRIBE of what is not there');
        break;
      case 'SEND':
        if (!headers.destination) this.#refuse(client, 'SEND without destination');
        else this.#publish(headers, body);
        break;
      case 'DISCONNECT':
        break;
      default:
        this.#refuse(client, `${command} is not for USP`);
    }
    if (headers.receipt !== undefined) client.socket.write(frameText('RECEIPT', { 'receipt-id': headers.receipt }));
    if (command === 'DISCONNECT') client.socket.end();
  }

  #connect(client: Client, headers: SeenFrame['headers']): void {
    const { login, subscribeDest, heartbeat = [0, 0] } = this.#options;
    if (!(headers['accept-version'] ?? '').split(',').includes('1.2')) {
      this.#refuse(client, 'not STOMP 1.2');
      return;
    }
    if (login && (headers.login !== login.username || headers.passcode !== login.password)) {
      client.socket.end(frameText('ERROR', { message: 'access refused' }));
      return;
    }
    client.connected = true;
    const destination = subscribeDest?.(headers['endpoint-id'] ?? '');
    const [outgoing] = heartbeat;
    client.socket.write(
      frameText('CONNECTED', {
        version: '1.2',
        server: 'lab',
        'heart-beat': heartbeat.join(','),
        ...(destination !== undefined && { 'subscribe-dest': destination }),
      }),
    );
    if (outgoing > 0) {
      const beat = setInterval(() => client.socket.write('\n'), outgoing);
      client.socket.once('close', () => clearInterval(beat));
    }
  }

  #publish({ destination = '', receipt: _, ...headers }: SeenFrame['headers'], body: Buffer): void {
    for (const client of this.#clients) {
      for (const [subscription, wanted] of client.subscriptions) {
        if (wanted !== destination) continue;
        const own = { destination, subscription, 'message-id': String(++this.#messages) };
        client.socket.write(Buffer.concat([frameBytes('MESSAGE', { ...headers, ...own }), body, Buffer.from([0])]));
      }
    }
  }

  #refuse(client: Client, violation: string): void {
    this.violations.push(violation);
    client.socket.end(frameText('ERROR', { message: violation }));
  }
}

export async function startStompBroker(options: StompBrokerOptions = {}): Promise<StompBroker> {
  const broker = new StompBroker(options);
  await broker.start();
  return broker;
}

const escaped = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll(':', '\\c').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
const plain = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, letter: string) => ({ c: ':', n: '\n', r: '\r', '\\': '\\' })[letter] ?? '?');

function frameBytes(command: string, headers: Readonly<Record<string, string>>): Buffer {
  // Values of CONNECTED are not escaped (STOMP 1.2 "Value Encoding").
  const value = (text: string): string => (command === 'CONNECTED' ? text : escaped(text));
  const lines = Object.entries(headers).map(([name, text]) => `${value(name)}:${value(text)}\n`);
  return Buffer.from(`${command}\n${lines.join('')}\n`);
}
const frameText = (command: string, headers: Readonly<Record<string, string>>): Buffer =>
  Buffer.concat([frameBytes(command, headers), Buffer.from([0])]);

/** @returns `undefined` until a whole frame is there */
function readFrame(bytes: Buffer): { frame: SeenFrame; length: number } | undefined {
  const end = bytes.indexOf('\n\n');
  if (end < 0) return undefined;
  const [command = '', ...lines] = bytes.toString('utf8', 0, end).split('\n');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[plain(line.slice(0, colon))] ??= plain(line.slice(colon + 1));
  }
  const start = end + 2;
  const announced = headers['content-length'];
  const stop = announced === undefined ? bytes.indexOf(0, start) : start + Number(announced);
  if (stop < 0 || bytes.length <= stop) return undefined;
  return { frame: { command, headers, body: bytes.subarray(start, stop) }, length: stop + 1 };
}
