import type { Clock } from '#base';

/** What is said of a boot, and who has still to hear it. Kept over restarts of the agent, not over a boot. */
export interface BootPort {
  /** Arguments of `Device.Boot!`. */
  readonly args: Readonly<Record<string, string>>;
  /** Rows of the subscriptions that have not been served; `undefined`: nobody has been told yet. */
  readonly owed: readonly string[] | undefined;
  readonly keep: (owed: readonly string[]) => Promise<void>;
}

/** A thousand deliveries in a row are one write. */
const settleMs = 250;

/** `Device.Boot!` once for each subscription and boot, also when the agent goes down between the boot and the delivery. */
export class BootEvent implements AsyncDisposable {
  readonly #port: BootPort;
  readonly #clock: Clock;
  readonly #before: ReadonlySet<string> | undefined;
  readonly #owed = new Set<string>();
  #timer: Disposable | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(port: BootPort, clock: Clock) {
    this.#port = port;
    this.#clock = clock;
    this.#before = port.owed && new Set(port.owed);
  }

  get args(): Readonly<Record<string, string>> {
    return this.#port.args;
  }

  /** Whether this subscription has not been served. */
  owes(subscription: string): boolean {
    return this.#before?.has(subscription) ?? true;
  }

  /** It is on its way. @returns to be called once it is delivered, or nobody waits for it any more */
  under(subscription: string): () => void {
    this.#owed.add(subscription);
    return () => {
      this.#owed.delete(subscription);
      this.#timer ??= this.#clock.timer(settleMs, () => this.keep());
    };
  }

  /** Everybody has been told who can be: from now on only those who have not been served matter. */
  keep(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const owed = [...this.#owed];
    this.#turn = this.#turn.then(() => this.#port.keep(owed)).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer) this.keep();
    await this.#turn;
  }
}
