/** A NAT that keeps an idle UDP binding longer is as good as one that keeps it for this long. */
const longestSeconds = 3600;

/**
 * Looks for how long the NAT keeps a binding that nobody uses (TR-069 G.2.1.3): doubles while the binding survives, then halves the
 * interval between what it survived and what it did not. Pure; whoever holds it makes the tests.
 */
export class LifetimeSearch {
  readonly #minimum: number;
  readonly #fixed: boolean;
  /** Survived, or taken for granted. */
  #alive: number;
  /** Did not survive, or is not allowed to be tried. */
  #limit: number;
  #limitTried = false;
  #over: boolean;

  /**
   * @param minimumSeconds at least 1
   * @param maximumSeconds `undefined`: none is given
   */
  constructor(minimumSeconds: number, maximumSeconds: number | undefined) {
    this.#minimum = minimumSeconds;
    this.#limit = Math.max(minimumSeconds, Math.min(maximumSeconds ?? longestSeconds, longestSeconds));
    this.#alive = minimumSeconds;
    this.#fixed = this.#limit === minimumSeconds;
    this.#over = this.#fixed;
  }

  /** Seconds between Binding Requests: what is known to be safe, less a tenth for a NAT that counts otherwise. */
  get keepAliveSeconds(): number {
    if (this.#alive === this.#minimum) return this.#minimum;
    return Math.max(this.#minimum, Math.floor(this.#alive * 0.9));
  }

  /** The lifetime to test next, seconds; `undefined`: nothing is left to find out. */
  get candidate(): number | undefined {
    if (this.#over) return undefined;
    if (!this.#limitTried) return Math.min(this.#alive * 2, this.#limit);
    return Math.floor((this.#alive + this.#limit) / 2);
  }

  survived(seconds: number): void {
    if (seconds > this.#alive) this.#alive = seconds;
    this.#conclude();
  }

  lost(seconds: number): void {
    this.#limit = Math.max(this.#minimum, Math.min(this.#limit, seconds));
    this.#limitTried = true;
    this.#conclude();
  }

  /** The server does not help with it: the minimum it is. */
  giveUp(): void {
    this.#over = true;
  }

  #conclude(): void {
    const within = Math.max(5, this.#alive / 8);
    this.#over ||= this.#alive >= this.#limit || (this.#limitTried && this.#limit - this.#alive <= within);
  }
}
