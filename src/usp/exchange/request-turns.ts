/** Who a request is from: the controller for sure, or whoever says so. */
export type Asker = 'proven' | 'anybody';

/** Requests of one controller that wait for their turn; few of who may be anybody, so that he leaves room for the controller itself. */
const backlogs = { proven: { requests: 256, bytes: 8 << 20 }, anybody: { requests: 16, bytes: 6 << 20 } } as const;

/** Requests of one controller, answered one after the other; what one of them sets off is told after its response. */
export class RequestTurns {
  /** Bytes by message. */
  readonly #open = { proven: new Map<string, number>(), anybody: new Map<string, number>() };
  readonly #held: (() => void)[] = [];
  #last: Promise<void> = Promise.resolve();
  #answering = false;

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

  /** Now, or when the request that is being answered has its response. */
  tell(notification: () => void): void {
    if (this.#answering) this.#held.push(notification);
    else notification();
  }
}
