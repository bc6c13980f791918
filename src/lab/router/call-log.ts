export interface LoggedCall {
  readonly object: string;
  readonly method: string;
  /** Monotonic milliseconds of the router's clock. */
  readonly atMs: number;
}

const kept = 10_000;

/** Which methods of the router were called, for tests and benches. Arguments are not kept: they may be secrets. */
export class CallLog {
  readonly #recent: LoggedCall[] = [];
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }
  /** The last ten thousand, oldest first. */
  get recent(): readonly LoggedCall[] {
    return this.#recent;
  }
  count(object: string, method?: string): number {
    if (method !== undefined) return this.#counts.get(`${object} ${method}`) ?? 0;
    let sum = 0;
    for (const [name, count] of this.#counts) if (name.startsWith(`${object} `)) sum += count;
    return sum;
  }
  clear(): void {
    this.#recent.length = 0;
    this.#counts.clear();
    this.#total = 0;
  }
  add(call: LoggedCall): void {
    this.#total++;
    this.#recent.push(call);
    if (this.#recent.length > kept) this.#recent.shift();
    const name = `${call.object} ${call.method}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}
