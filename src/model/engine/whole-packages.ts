import type { Origin } from '../api.ts';
import { emptyPlan } from './plan.ts';
import type { AppliedWrite, DataModelPorts, StateChange } from './ports.ts';
import type { Reloads } from './reloads.ts';
import { noRows, type ReplacedPackages, type Transactions } from './transaction.ts';
import { isGiven } from './writer.ts';

/** What is done to packages as a whole, each in the writers' turn. */
export class WholePackages {
  readonly #ports: DataModelPorts;
  readonly #transactions: Transactions;
  readonly #reloads: Reloads;
  readonly #changed: () => Promise<void>;

  /** @param changed whoever watches is to be told of the difference */
  constructor(ports: DataModelPorts, transactions: Transactions, reloads: Reloads, changed: () => Promise<void>) {
    this.#ports = ports;
    this.#transactions = transactions;
    this.#reloads = reloads;
    this.#changed = changed;
  }

  /**
   * Undoes what a write made of packages, as one more write of the device itself.
   * @param states what goes to flash along with it, all or nothing
   * @returns false: a package has been changed by somebody else since, and nothing was undone
   * @throws ApplyError
   */
  async putBack(packages: ReplacedPackages, states: readonly StateChange[]): Promise<boolean> {
    const back = await this.#transactions.putBack(packages, states);
    await this.#reloads.pay();
    if (back) await this.#changed();
    return back;
  }

  /** Services take over what writes have postponed. */
  async applyPostponed(): Promise<void> {
    if (!this.#reloads.release()) return;
    this.#ports.tookOver?.();
    await this.#reloads.pay();
    await this.#changed();
  }

  /**
   * Replaces packages by what an operator has kept of them, as one write: all or nothing, journalled, on probation like any other.
   * @param packages their texts
   * @param states what goes to flash along with them
   * @throws ApplyError
   */
  async restore(packages: ReadonlyMap<string, string>, origin: Origin, states: readonly StateChange[]): Promise<void> {
    const plan = { ...emptyPlan(), whole: new Map(packages) };
    const write = (replaced: ReplacedPackages): AppliedWrite => ({
      packages: replaced,
      origin,
      paths: [],
      postponed: false,
    });
    const replaced = await this.#transactions.apply(plan, new Map(), {
      states: (about) => [...states, this.#ports.applying?.(write(about))].filter(isGiven),
      rows: noRows,
    });
    this.#ports.applied?.(write(replaced));
    await this.#reloads.pay();
    await this.#changed();
  }
}
