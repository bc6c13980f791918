/**
 * An AbortController that ends with another signal too, as long as it is in use. `AbortSignal.any` is for signals that go together: one that lives on
 * remembers each that was ever made from it.
 */
export class LinkedAbort implements Disposable {
  readonly #own = new AbortController();
  readonly #with: AbortSignal;
  readonly #end = (): void => this.#own.abort(this.#with.reason);

  constructor(endsWith: AbortSignal) {
    this.#with = endsWith;
    if (endsWith.aborted) this.#end();
    else endsWith.addEventListener('abort', this.#end, { once: true });
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  abort(reason: Error): void {
    this.#own.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#with.removeEventListener('abort', this.#end);
  }
}
