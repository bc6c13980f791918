import { createHash } from 'node:crypto';
import type { Log } from '#base';
import type { StateStore } from '#platform';
import type { RowChange } from './stored-file.ts';

const name = 'journal';

/** What a transaction that is under way replaces: enough to undo it, whoever is there to do so. */
export interface Undoing {
  /** `before`: the text, `null`: there was no such package. `after`: digest of what it is made, to tell it from a foreign edit. */
  readonly packages: Readonly<Record<string, { readonly before: string | null; readonly after: string }>>;
  /** State that is replaced along with it; `null`: there was none. */
  readonly state: Readonly<Record<string, string | null>>;
  /** What puts the stored rows back. */
  readonly rows: readonly RowChange[];
}

/** `undefined`: no file. */
export const digestOf = (text: string | undefined): string =>
  text === undefined ? '' : createHash('sha256').update(text).digest('base64');

/** The record on flash of a transaction that is under way. As long as it is there the transaction has not happened. */
export class Journal {
  readonly #state: StateStore;
  readonly #log: Log;

  constructor(state: StateStore, log: Log) {
    this.#state = state;
    this.#log = log;
  }

  write(undoing: Undoing): Promise<void> {
    return this.#state.write(name, JSON.stringify(undoing));
  }

  /** @returns what was under way when the agent ended; `undefined`: nothing */
  read(): Undoing | undefined {
    const text = this.#state.read(name);
    if (text === undefined) return undefined;
    try {
      const { packages = {}, state = {}, rows = [] } = JSON.parse(text) as Partial<Undoing>;
      return { packages, state, rows };
    } catch (error) {
      this.#log.error('the journal can not be read', { error });
      return { packages: {}, state: {}, rows: [] };
    }
  }

  /** The transaction has happened, or has been undone. */
  remove(): Promise<void> {
    return this.#state.remove(name);
  }
}
