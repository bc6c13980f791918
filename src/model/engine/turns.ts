/** Work on the model that has to come one after the other: what a write validates against is what it is applied to. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @returns when it was its turn and is done; rejects as the work does, which stops nobody after it */
  take<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** When all that has been asked for until now is done. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
