import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

/** Between a client and a ubusd: takes what the client says, and keeps back what the daemon answers, for as long as a test wants. */
export class HoldingProxy implements AsyncDisposable {
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #kept: (() => void)[] = [];
  #holding = false;
  /** Answers that were kept back. */
  kept = 0;

  private constructor(path: string, server: Server) {
    this.path = path;
    this.#server = server;
  }

  /** @param directory of the test's own @param target socket of the daemon */
  static async start(directory: string, target: string): Promise<HoldingProxy> {
    const server = createServer();
    const proxy = new HoldingProxy(join(directory, 'held.sock'), server);
    server.on('connection', (client) => {
      const daemon = connect(target);
      for (const [one, other] of [
        [client, daemon],
        [daemon, client],
      ] as const) {
        proxy.#sockets.add(one);
        one.on('error', () => {});
        one.on('close', () => other.destroy());
      }
      client.on('data', (bytes) => daemon.write(bytes));
      daemon.on('data', (bytes) => proxy.#answer(client, bytes));
    });
    await new Promise<void>((resolve) => server.listen(proxy.path, resolve));
    return proxy;
  }

  hold(): void {
    this.#holding = true;
  }

  /** Everything that was kept back comes now, late. */
  release(): void {
    this.#holding = false;
    for (const answer of this.#kept.splice(0)) answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(client: Socket, bytes: Buffer): void {
    const answer = (): void => {
      client.write(bytes);
    };
    if (!this.#holding) answer();
    else {
      this.kept++;
      this.#kept.push(answer);
    }
  }
}
