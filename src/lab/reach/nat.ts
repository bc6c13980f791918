import type { Socket } from 'node:dgram';
import { bindLoopback, closed, type LabAddress } from './udp.ts';

/** A NAT between the router and one server: what comes from inside goes out by a port of its own, and only the server's answers come back in. */
export class LabNat implements AsyncDisposable {
  readonly #server: LabAddress;
  readonly #outside = new Map<string, Promise<Socket>>();
  #inside!: Socket;

  constructor(server: LabAddress) {
    this.#server = server;
  }

  async start(): Promise<this> {
    this.#inside = await bindLoopback((data, from) => void this.#out(data, from));
    return this;
  }

  /** What the router takes for the server. */
  get address(): LabAddress {
    const { address, port } = this.#inside.address();
    return { address, port };
  }

  /** Who was the first to send something: `host:port` inside. */
  get first(): string | undefined {
    return this.#outside.keys().next().value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closed(this.#inside);
    for (const socket of this.#outside.values()) await closed(await socket);
  }

  async #out(data: Buffer, from: LabAddress): Promise<void> {
    const key = `${from.address}:${from.port}`;
    let socket = this.#outside.get(key);
    if (!socket) {
      socket = bindLoopback((answer, source) => {
        if (source.port === this.#server.port) this.#inside.send(answer, from.port, from.address);
      });
      this.#outside.set(key, socket);
    }
    (await socket).send(data, this.#server.port, this.#server.address);
  }
}
