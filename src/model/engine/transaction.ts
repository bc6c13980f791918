import { type Log, TandemError } from '#base';
import type { StateStore, Uci } from '#platform';
import type { Plan } from './plan.ts';

const journalName = 'journal';

/** Applying failed after everything had been validated; what was done has been undone. */
export class ApplyError extends TandemError {
  constructor(message: string, cause: unknown) {
    super('MODEL_APPLY', message, { cause });
  }
}

/**
 * Applies a plan, all or nothing: the packages' texts go into a journal on flash before the first is replaced, and the
 * journal goes after the last. A journal found at start is of a transaction that was cut off, and is undone.
 */
export class Transactions {
  readonly #uci: Uci;
  readonly #state: StateStore;
  readonly #log: Log;
  /** Tells the device's services that a package has changed (procd's config.change). */
  readonly #reload: (pack: string) => Promise<void>;

  constructor(uci: Uci, state: StateStore, log: Log, reload: (pack: string) => Promise<void>) {
    this.#uci = uci;
    this.#state = state;
    this.#log = log;
    this.#reload = reload;
  }

  /** Before anything else at start. */
  async recover(): Promise<void> {
    const journal = this.#state.read(journalName);
    if (journal === undefined) return;
    this.#log.warn('a transaction was cut off; its packages are put back');
    const before = JSON.parse(journal) as Record<string, string | undefined>;
    for (const [pack, text] of Object.entries(before)) if (text !== undefined) await this.#uci.replace(pack, text);
    await this.#state.remove(journalName);
  }

  /**
   * @param persist runs last, when everything else is in place; its failure undoes the transaction as well
   * @throws ApplyError
   */
  async apply(plan: Plan, persist: () => Promise<void>): Promise<ReplacedPackages> {
    const undo: (() => void | Promise<void>)[] = [];
    let journalled = false;
    const packages = [...[...plan.uci].filter(([, changes]) => changes.length > 0), ...plan.whole];
    const replaced = new Map<string, ReplacedPackage>();
    try {
      if (packages.length > 0) {
        const before: Record<string, string | undefined> = {};
        const after = new Map<string, string>();
        for (const [pack, made] of packages) {
          before[pack] = this.#uci.text(pack);
          after.set(pack, typeof made === 'string' ? made : this.#uci.preview(pack, made));
        }
        await this.#state.write(journalName, JSON.stringify(before));
        journalled = true;
        for (const [pack, text] of after) {
          undo.push(async () => {
            if (before[pack] !== undefined) await this.#uci.replace(pack, before[pack]);
          });
          await this.#uci.replace(pack, text);
          replaced.set(pack, { before: before[pack], after: text });
        }
      }
      for (const effect of plan.effects) undo.push(await effect());
      await persist();
      if (packages.length > 0) await this.#state.remove(journalName);
    } catch (error) {
      let undone = true;
      for (const step of undo.reverse()) {
        try {
          await step();
        } catch (failure) {
          undone = false;
          this.#log.error('undoing a failed transaction failed; it is tried again at the next start', {
            error: failure,
          });
        }
      }
      // As long as something could not be put back the journal is what remembers it.
      if (journalled && undone) await this.#state.remove(journalName);
      throw new ApplyError('the change could not be applied; nothing was kept', error);
    }
    for (const [pack] of packages) await this.#reload(pack);
    return replaced;
  }

  /**
   * Puts packages back as they were before, all or nothing, unless somebody has changed one of them since.
   * @returns false: a package is no longer what the transaction made it, and all stay as they are
   * @throws ApplyError
   */
  async putBack(replaced: ReplacedPackages): Promise<boolean> {
    for (const [pack, { after }] of replaced) if (this.#uci.text(pack) !== after) return false;
    const now = Object.fromEntries([...replaced].map(([pack, { after }]) => [pack, after]));
    try {
      await this.#state.write(journalName, JSON.stringify(now));
      for (const [pack, { before }] of replaced) if (before !== undefined) await this.#uci.replace(pack, before);
      await this.#state.remove(journalName);
    } catch (error) {
      await this.recover();
      throw new ApplyError('the packages could not be put back', error);
    }
    for (const pack of replaced.keys()) await this.#reload(pack);
    return true;
  }
}

export interface ReplacedPackage {
  /** `undefined`: there was none. */
  readonly before: string | undefined;
  readonly after: string;
}
export type ReplacedPackages = ReadonlyMap<string, ReplacedPackage>;
