import type { RecordContent } from '../codec/record.ts';
import type { ControllerSession } from './controller-session.ts';
import type { Evidence, Link } from './link.ts';

/** A controller behind a broker, and where it is reached there: a topic, a destination. */
export interface SharedUser {
  readonly session: ControllerSession;
  readonly address: string;
}

/** The controllers that share one connection with a broker; they come and go while it stands. */
export class SharedLinks<User extends SharedUser> implements Disposable {
  readonly #kind: Link['kind'];
  readonly #send: (user: User, record: Uint8Array) => void;
  readonly #links = new Map<ControllerSession, { user: User; readonly link: Link }>();

  readonly #evidence: Evidence;

  /** @param evidence of the broker */
  constructor(kind: Link['kind'], evidence: Evidence, send: (user: User, record: Uint8Array) => void) {
    this.#kind = kind;
    this.#evidence = evidence;
    this.#send = send;
  }

  /** @param hello what a controller is sent first (R-MTP.6) */
  sync(users: readonly User[], hello: RecordContent): void {
    for (const [session, { user: was }] of [...this.#links]) {
      if (users.some((user) => user.session === session && user.address === was.address)) continue;
      session.leave(this.#links.get(session)!.link);
      this.#remove(session);
    }
    for (const user of users) {
      const { session } = user;
      const known = this.#links.get(session);
      if (known) {
        known.user = user;
        continue;
      }
      const link: Link = {
        kind: this.#kind,
        evidence: this.#evidence,
        connect: hello,
        send: (record) => this.#send(entry.user, record),
      };
      const entry = { user, link };
      this.#links.set(session, entry);
      session.connected(link);
    }
  }

  /** The agent ends the connection itself. */
  leave(): void {
    for (const [session, { link }] of this.#links) session.leave(link);
    this.#links.clear();
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
