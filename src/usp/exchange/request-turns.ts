import type { Clock } from '#base';

/** Who a request is from: the controller for sure, or whoever says so. */
export type Asker = 'proven' | 'anybody';

/** Requests of one controller that wait for their turn; few of who may be anybody, so that he leaves room for the controller itself. */
const backlogs = { proven: { requests: 256, bytes: 8 << 20 }, anybody: { requests: 16, bytes: 6 << 20 } } as const;

/** So long one controller's requests may keep everybody else from the processor. */
const mostHeldMs = 20;

/** Requests of one controller, answered one after the other; what one of them sets off is told after its response. */
export class RequestTurns {
  /** Bytes by message. */
  readonly #open = { proven: new Map<string, number>(), anybody: new Map<string, number>() };
  readonly #held: (() => void)[] = [];
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #last: Promise<void> = Promise.resolve();
  #answering = false;
  /** When the first of the requests was begun since others had the event loop; `undefined`: they have it in between. */
  #heldSinceMs: number | undefined;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Resolves when every request that has come so far is answered. */
  get idle(): Promise<void> {
    return this.#last;
  }

  /**
   * @param size bytes of the message
   * @param answer called in its turn; never rejects
   * @returns `open`: one of the same name by the same has not been answered yet (R-MSG.4); `full`: too many wait
   */
  take(msgId: string, size: number, who: Asker, answer: () => Promise<void>): 'taken' | 'open' | 'full' {
    const open = this.#open[who];
    if (open.has(msgId)) return 'open';
    const { requests, bytes } = backlogs[who];
    const waiting = [...open.values()].reduce((sum, each) => sum + each, 0);
    if (open.size >= requests || (open.size > 0 && waiting + size > bytes)) return 'full';
    open.set(msgId, size);
    this.#last = this.#last.then(async () => {
      if (this.#open.proven.size + this.#open.anybody.size > 1) await this.#breathe();
      this.#answering = true;
      try {
        await answer();
      } finally {
        open.delete(msgId);
        this.#answering = false;
        for (const tell of this.#held.splice(0)) tell();
      }
    });
    return 'taken';
  }

  /** What can be answered without waiting for anything would else be answered to the last, and nobody heard meanwhile. */
  async #breathe(): Promise<void> {
    const now = this.#clock.monotonicMs();
    if (this.#heldSinceMs === undefined) {
      this.#heldSinceMs = now;
      setImmediate(() => {
        this.#heldSinceMs = undefined;
      });
    } else if (now - this.#heldSinceMs > mostHeldMs) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Now, or when the request that is being answered has its response. */
  tell(notification: () => void): void {
    if (this.#answering) this.#held.push(notification);
    else notification();
  }
}
