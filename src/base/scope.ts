/**
 * Owns what lives long: disposed once, in reverse order of addition. A member that fails to stop does not keep the
 * others from stopping.
 */
export class Scope implements AsyncDisposable {
  readonly #members: (Disposable | AsyncDisposable)[] = [];
  readonly #abort = new AbortController();
  #disposed = false;

  /** Aborted when the scope is disposed: hand it to everything that waits. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  add<T extends Disposable | AsyncDisposable>(member: T): T {
    this.#members.push(member);
    return member;
  }

  defer(stop: () => void | Promise<void>): void {
    this.#members.push({ [Symbol.asyncDispose]: async () => stop() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#abort.abort(new Error('stopped'));
    for (const member of this.#members.reverse()) {
      try {
        if (Symbol.asyncDispose in member) await member[Symbol.asyncDispose]();
        else member[Symbol.dispose]();
      } catch {
        // The next member still has to stop; whoever failed has logged it.
      }
    }
  }
}
