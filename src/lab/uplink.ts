import type { Server, Socket } from 'node:net';

/** What the operator's servers are reached over. While it is down their connections are cut, and so is each new one at once. */
export class Uplink {
  readonly #sockets = new Set<Socket>();
  #up = true;

  carry(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (!this.#up) {
        socket.resetAndDestroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  set up(up: boolean) {
    this.#up = up;
    if (!up) for (const socket of this.#sockets) socket.resetAndDestroy();
  }
}
