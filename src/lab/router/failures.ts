import type { BlobTable } from '#platform';

/** How a call goes wrong. */
export type Failure =
  | { readonly kind: 'hang' }
  | { readonly kind: 'die'; readonly backAfterMs: number }
  | { readonly kind: 'garbage'; readonly answer: BlobTable }
  | { readonly kind: 'drop-data' }
  | { readonly kind: 'slow'; readonly delayMs: number };

interface Rule {
  readonly object: string;
  readonly method: string | undefined;
  readonly failure: Failure;
}

/** Faults to inject, until what each call gives back is disposed. The rule that was made last counts. */
export class Failures {
  readonly #rules: Rule[] = [];

  /** The provider takes the call and never answers. */
  hang(object: string, method?: string): Disposable {
    return this.#add({ object, method, failure: { kind: 'hang' } });
  }

  /** The whole provider vanishes in the middle of the call, unanswered, and comes back with new object ids. */
  dieDuring(object: string, method?: string, backAfterMs = 200): Disposable {
    return this.#add({ object, method, failure: { kind: 'die', backAfterMs } });
  }

  /** Success, with this in place of the answer. */
  garbage(object: string, method: string, answer: BlobTable): Disposable {
    return this.#add({ object, method, failure: { kind: 'garbage', answer } });
  }

  /** Success without data, as when ubusd drops what doesn't fit a reader's queue. */
  dropData(object: string, method?: string): Disposable {
    return this.#add({ object, method, failure: { kind: 'drop-data' } });
  }

  slow(object: string, delayMs: number, method?: string): Disposable {
    return this.#add({ object, method, failure: { kind: 'slow', delayMs } });
  }

  clear(): void {
    this.#rules.length = 0;
  }

  for(object: string, method: string): Failure | undefined {
    return this.#rules.findLast((rule) => rule.object === object && (rule.method ?? method) === method)?.failure;
  }

  #add(rule: Rule): Disposable {
    this.#rules.push(rule);
    return {
      [Symbol.dispose]: () => {
        const at = this.#rules.indexOf(rule);
        if (at >= 0) this.#rules.splice(at, 1);
      },
    };
  }
}
