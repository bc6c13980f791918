/** One look after the other. Those who ask while one is under way have the next one in common: it sees what they know to be. */
export class Looks {
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  /** @returns the end of a look that has not begun yet */
  take(look: () => Promise<void>): Promise<void> {
    if (this.#next) return this.#next;
    const next = this.#last
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return look();
      });
    this.#next = next;
    this.#last = next;
    return next;
  }
}
