import type { BlobTable, InvokeOptions } from '#platform';
import { UbusError, ubusStatus } from '../../src/platform/ubus/error.ts';
import { FakeBus } from './fake-bus.ts';
import type { HandClock } from './hand-clock.ts';

/** A bus that may stop to answer: calls end by their time limit, as those of the client do. */
export class HangingBus extends FakeBus {
  readonly #clock: HandClock;
  readonly #now: () => number;
  readonly #late: (() => void)[] = [];
  #from: number | undefined;

  /** @param now the step that is under way */
  constructor(
    clock: HandClock,
    now: () => number,
    answers: Record<string, (args: BlobTable) => BlobTable | Promise<BlobTable>>,
  ) {
    super(answers);
    this.#clock = clock;
    this.#now = now;
  }

  /** From the step with this index on nothing is answered. */
  hangAt(step: number): void {
    this.#from = step;
  }

  get hanging(): boolean {
    return this.#from !== undefined && this.#now() >= this.#from;
  }

  /** It answers again; what it was asked before it does now, and nobody waits for the answers. */
  comeBack(): void {
    this.#from = undefined;
    for (const work of this.#late.splice(0)) work();
  }

  override invoke(
    object: string,
    method: string,
    args: BlobTable = {},
    options: InvokeOptions = {},
  ): Promise<BlobTable> {
    if (!this.hanging) return super.invoke(object, method, args);
    this.#late.push(() => void super.invoke(object, method, args));
    const { timeoutMs = 5000 } = options;
    return new Promise((_, reject) => {
      this.#clock.timer(timeoutMs, () =>
        reject(new UbusError(ubusStatus.timeout, `${object} ${method}: no answer within ${timeoutMs} ms`)),
      );
    });
  }
}
