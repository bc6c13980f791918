import type { RecordContent } from '../codec/record.ts';
import type { ControllerSession, Link } from './controller-session.ts';

/** A controller behind a broker, and where it is reached there: a topic, a destination. */
export interface SharedUser {
  readonly session: ControllerSession;
  readonly address: string;
}

/** The controllers that share one connection with a broker; they come and go while it stands. */
export class SharedLinks implements Disposable {
  readonly #kind: Link['kind'];
  readonly #send: (address: string, record: Uint8Array) => void;
  readonly #links = new Map<ControllerSession, { readonly address: string; readonly link: Link }>();

  constructor(kind: Link['kind'], send: (address: string, record: Uint8Array) => void) {
    this.#kind = kind;
    this.#send = send;
  }

  /** @param hello what a controller is sent first (R-MTP.6) */
  sync(users: readonly SharedUser[], hello: RecordContent): void {
    for (const [session, { address }] of [...this.#links]) {
      if (!users.some((user) => user.session === session && user.address === address)) this.#remove(session);
    }
    for (const { session, address } of users) {
      if (this.#links.has(session)) continue;
      const link: Link = { kind: this.#kind, connect: hello, send: (record) => this.#send(address, record) };
      link.send(session.record(hello));
      this.#links.set(session, { address, link });
      session.connected(link);
    }
  }

  [Symbol.dispose](): void {
    for (const session of [...this.#links.keys()]) this.#remove(session);
  }

  #remove(session: ControllerSession): void {
    const known = this.#links.get(session);
    this.#links.delete(session);
    if (known) session.disconnected(known.link);
  }
}
