import { errorCode, type Log, TandemError } from '#base';
import type { StateStore, Uci, UciHold } from '#platform';
import { digestOf, Journal, type Undoing } from './journal.ts';
import type { Plan } from './plan.ts';
import type { Reloads } from './reloads.ts';
import type { RowChange } from './stored-file.ts';

/** Applying failed after everything had been validated; what was done has been undone. */
export class ApplyError extends TandemError {
  constructor(message: string, cause: unknown) {
    super('MODEL_APPLY', message, { cause });
  }
}

/** Somebody else has changed a package since the plan was made; nothing has been touched. */
export class ForeignEditError extends TandemError {
  constructor(pack: string) {
    super('MODEL_FOREIGN_EDIT', `package '${pack}' has been changed by somebody else meanwhile`);
  }
}

/** Somebody else has a change of the package under way that may yet be undone, and ours with it; nothing has been touched. */
export class ContestedError extends TandemError {
  constructor() {
    super('MODEL_CONTESTED', 'a change by somebody else waits for its confirmation');
  }
}

/** What goes to flash along with the packages. */
export interface Companions {
  /** State to be replaced; `undefined` text: it goes. Asked when everything in memory is as it will be. */
  states(replaced: ReplacedPackages): readonly { readonly name: string; readonly text: string | undefined }[];
  readonly rows: CompanionRows;
}

export interface CompanionRows {
  /** Makes the rows in memory what they will be. @returns undoes it */
  place(): () => void;
  /** What puts the rows on flash back as they are. Empty: the transaction changes none. */
  inverse(): readonly RowChange[];
  /** @throws StateError */
  save(): Promise<void>;
}

/**
 * Applies a plan, all or nothing. Everything that can fail for want of space comes before the first file is replaced: a journal with
 * what is there now, the new texts beside their files, the state and the rows. Then the files take their places, and with the journal's
 * removal the transaction has happened. A journal found at start is of one that was cut off, and is undone. What replaces one single
 * thing on flash needs no journal: that is all or nothing by itself.
 */
export class Transactions {
  readonly #uci: Uci;
  readonly #state: StateStore;
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #reloads: Reloads;
  readonly #contested: (packages: readonly string[]) => Promise<boolean>;
  readonly #restoreRows: (inverse: readonly RowChange[]) => Promise<void>;
  /** A transaction could not be undone: nothing else may be begun before. */
  #unfinished = false;

  /**
   * @param contested whether somebody else may yet undo what is in these packages
   * @param restoreRows makes the stored rows on flash what an inverse says, if they are not
   */
  constructor(
    uci: Uci,
    state: StateStore,
    log: Log,
    reloads: Reloads,
    contested: (packages: readonly string[]) => Promise<boolean>,
    restoreRows: (inverse: readonly RowChange[]) => Promise<void>,
  ) {
    this.#uci = uci;
    this.#state = state;
    this.#log = log;
    this.#journal = new Journal(state, log);
    this.#reloads = reloads;
    this.#contested = contested;
    this.#restoreRows = restoreRows;
  }

  /**
   * Before anything else at start.
   * @returns whether something was undone
   * @throws UciError, StateError: it could not be undone now
   */
  async recover(): Promise<boolean> {
    const undoing = this.#journal.read();
    if (undoing === undefined) {
      this.#unfinished = false;
      return false;
    }
    this.#unfinished = true;
    this.#log.warn('a transaction was cut off; what it did is undone', {
      packages: Object.keys(undoing.packages).join(','),
    });
    const back = await this.#uci.hold(Object.keys(undoing.packages), (held) => this.#undo(undoing, held));
    // A service may have started with what was half done.
    await this.#reloads.owe(back);
    await this.#journal.remove();
    this.#unfinished = false;
    return true;
  }

  /**
   * @param seen revisions of the packages as the plan saw them
   * @param postponed packages that the services are not told of yet
   * @throws ForeignEditError, ContestedError, ApplyError
   */
  async apply(
    plan: Plan,
    seen: ReadonlyMap<string, string | undefined>,
    companions: Companions,
    postponed: ReadonlySet<string> = new Set(),
  ): Promise<ReplacedPackages> {
    const edited = [...plan.uci].filter(([, changes]) => changes.length > 0).map(([name]) => name);
    const names = [...new Set([...edited, ...plan.whole.keys()])];
    const replaced = await this.#holding(names, async (held) => {
      if (names.length > 0 && (await this.#contested(names))) throw new ContestedError();
      const packages = new Map<string, ReplacedPackage>();
      for (const name of names) {
        if (seen.has(name) && this.#uci.revision(name) !== seen.get(name)) throw new ForeignEditError(name);
        const after = plan.whole.get(name) ?? this.#uci.preview(name, plan.uci.get(name)!);
        packages.set(name, { before: this.#uci.text(name), after });
      }
      const undo: (() => void)[] = [];
      try {
        undo.push(companions.rows.place());
        for (const effect of plan.effects) undo.push(await effect());
        await this.#commit(packages, companions.states(packages), companions.rows, held);
      } catch (error) {
        for (const step of undo.reverse()) step();
        throw error;
      }
      return packages;
    });
    this.#reloads.postpone(names.filter((name) => postponed.has(name)));
    this.#reloads.hurry(names.filter((name) => !postponed.has(name)));
    return replaced;
  }

  /**
   * Puts packages back as they were before, all or nothing, unless somebody has changed one of them since. Packages that are back already
   * are left as they are.
   * @returns false: a package is no longer what the transaction made it, and all stay as they are
   * @throws ApplyError
   */
  async putBack(
    replaced: ReplacedPackages,
    states: readonly { readonly name: string; readonly text: string | undefined }[],
  ): Promise<boolean> {
    const is = (which: 'before' | 'after'): boolean =>
      [...replaced].every(([name, texts]) => this.#uci.text(name) === texts[which]);
    return this.#holding([...replaced.keys()], async (held) => {
      const already = is('before');
      if (!already && !is('after')) return false;
      const back = new Map([...replaced].map(([name, { before, after }]) => [name, { before: after, after: before }]));
      await this.#commit(already ? new Map() : back, states, noRows, held);
      return true;
    });
  }

  async #holding<T>(names: readonly string[], work: (held: UciHold) => Promise<T>): Promise<T> {
    try {
      if (this.#unfinished) await this.recover();
      return names.length === 0 ? await work(noFiles) : await this.#uci.hold(names, work);
    } catch (error) {
      if (error instanceof ForeignEditError || error instanceof ContestedError) throw error;
      throw new ApplyError('the change could not be applied; nothing was kept', error);
    }
  }

  async #commit(
    packages: ReplacedPackages,
    states: readonly { readonly name: string; readonly text: string | undefined }[],
    rows: CompanionRows,
    held: UciHold,
  ): Promise<void> {
    const inverse = rows.inverse();
    const undoing: Undoing = {
      packages: Object.fromEntries(
        [...packages].map(([name, { before, after }]) => [name, { before: before ?? null, after: digestOf(after) }]),
      ),
      state: Object.fromEntries(states.map(({ name }) => [name, this.#state.read(name) ?? null])),
      rows: inverse,
    };
    const names = [...packages.keys()];
    const journalled = names.length + states.length + (inverse.length > 0 ? 1 : 0) > 1;
    try {
      if (journalled) {
        this.#unfinished = true;
        await this.#journal.write(undoing);
      }
      for (const [name, { after }] of packages) held.stage(name, after);
      for (const state of states) await this.#put(state.name, state.text);
      if (inverse.length > 0) await rows.save();
      if (names.length > 0) await this.#reloads.owe(names);
      held.place();
      if (journalled) await this.#journal.remove();
      this.#unfinished = false;
    } catch (error) {
      // What was staged goes first: on a full flash that is the space which undoing needs.
      held.discard();
      await this.#undoNow(undoing, journalled, held);
      await this.#reloads.forget(names);
      throw error;
    }
  }

  async #undoNow(undoing: Undoing, journalled: boolean, held: UciHold): Promise<void> {
    try {
      await this.#undo(undoing, held);
      if (journalled) await this.#journal.remove();
      this.#unfinished = false;
    } catch (error) {
      // The journal is what remembers it.
      this.#log.error('undoing a failed transaction failed; it is tried again before the next one', { error });
    }
  }

  /** May be done any number of times. @returns packages that were put back */
  async #undo({ packages, state, rows }: Undoing, held: UciHold): Promise<string[]> {
    const back: string[] = [];
    for (const [name, { before, after }] of Object.entries(packages)) {
      const now = this.#uci.text(name);
      if (now === (before ?? undefined)) continue;
      if (digestOf(now) !== after) {
        this.#log.error('a package was changed by somebody else after the transaction was cut off, and stays', {
          name,
        });
        continue;
      }
      // One after the other: a flash that is nearly full has room for one.
      held.stage(name, before ?? undefined);
      held.place();
      back.push(name);
    }
    for (const [name, text] of Object.entries(state)) {
      if ((this.#state.read(name) ?? null) !== text) await this.#put(name, text ?? undefined);
    }
    if (rows.length > 0) await this.#restoreRows(rows);
    return back;
  }

  #put(name: string, text: string | undefined): Promise<void> {
    return text === undefined ? this.#state.remove(name) : this.#state.write(name, text);
  }
}

/** A transaction that changes no stored rows. */
export const noRows: CompanionRows = { place: () => () => {}, inverse: () => [], save: async () => {} };
const noFiles: UciHold = { stage: () => {}, place: () => {}, discard: () => {} };

const spaceCodes = new Set(['ENOSPC', 'EDQUOT', 'UCI_LIMIT', 'STATE_LIMIT']);

/** Whether it failed for want of space, or of a limit of ours. */
export const isOutOfSpace = (error: unknown): boolean => isCaused(error, (code) => spaceCodes.has(code));
export const isReadOnly = (error: unknown): boolean => isCaused(error, (code) => code === 'EROFS');

function isCaused(error: unknown, by: (code: string) => boolean): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (by(errorCode(at) ?? '')) return true;
  return false;
}

/** Whether somebody else held on to what was needed. */
export function isBusy(error: unknown): boolean {
  const locked = isCaused(error, (code) => code === 'UCI_BUSY');
  return locked || error instanceof ForeignEditError || error instanceof ContestedError;
}

export interface ReplacedPackage {
  /** `undefined`: there was none. */
  readonly before: string | undefined;
  /** `undefined`: there is none any more. */
  readonly after: string | undefined;
}
export type ReplacedPackages = ReadonlyMap<string, ReplacedPackage>;
