import type { Clock, Log } from '#base';
import type { StateStore } from '#platform';
import { AnonymousSections, type SavedSections } from './anonymous.ts';
import { isDraft, listedIdentity } from './listed-identity.ts';

const stateName = 'instances';
const saveAfterMs = 1000;

interface SavedTable {
  readonly next: number;
  readonly rows: readonly [string, number][];
  readonly aliases: readonly [string, string][];
}

interface SavedInstances {
  readonly tables: Readonly<Record<string, SavedTable>>;
  readonly anonymous: SavedSections;
}

interface TableNumbers {
  next: number;
  readonly byIdentity: Map<string, number>;
  readonly aliases: Map<string, string>;
}

/**
 * Instance numbers by the identity of what they stand for: stable, persisted, never used again (TR-106 section 3.3.2). Tables whose
 * rows come and go by themselves keep their numbers in memory only, so that a passing phone costs no flash.
 */
export class Instances implements AsyncDisposable {
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tables = new Map<string, TableNumbers>();
  readonly #volatile = new Set<string>();
  readonly anonymous = new AnonymousSections(() => this.#changed());
  #timer: Disposable | undefined;
  /** Grows whenever a number that was given, or an Alias, may be another. */
  epoch = 0;
  /** How often something has changed: in memory, in what was last handed out to be saved, on flash. */
  #changes = 0;
  #pendingChanges = 0;
  #savedChanges = 0;
  /** Of a state that could not be saved: it is tried again later, and not by everybody. */
  #failedChanges = -1;

  constructor(state: StateStore, clock: Clock, log: Log) {
    this.#state = state;
    this.#clock = clock;
    this.#log = log;
    this.#load();
  }

  /** @param table instance path of the table: `Device.WiFi.SSID.` */
  numberOf(table: string, identity: string, keep: boolean): number {
    const numbers = this.#table(table, keep);
    const known = numbers.byIdentity.get(identity);
    if (known !== undefined) return known;
    const number = numbers.next++;
    numbers.byIdentity.set(identity, number);
    if (keep) this.#changed();
    return number;
  }

  /**
   * An anonymous section was given a name: every row that stands for it, in whatever table, is now known by that.
   * @returns undoes it
   */
  rename(from: string, to: string): () => void {
    const sections = this.anonymous.saved();
    this.#rename(from, to);
    return () => {
      this.#rename(to, from);
      this.anonymous.restore(sections);
    };
  }

  #rename(from: string, to: string): void {
    for (const numbers of this.#tables.values()) {
      moved(numbers, from, to);
      const inside = [...numbers.byIdentity.keys()].filter((identity) => identity.startsWith(listedIdentity(from, '')));
      for (const identity of inside) moved(numbers, identity, to + identity.slice(from.length));
    }
    this.#touch();
  }

  /** Identities of the table's rows that are not complete yet. */
  drafts(table: string): readonly string[] {
    return [...(this.#tables.get(table)?.byIdentity.keys() ?? [])].filter(isDraft);
  }

  /** A row of the table stands for something else than it did: it keeps its number and Alias. @returns undoes it */
  restate(table: string, from: string, to: string): () => void {
    const numbers = this.#tables.get(table);
    if (numbers) moved(numbers, from, to);
    this.#touch();
    return () => {
      if (numbers) moved(numbers, to, from);
      this.#touch();
    };
  }

  /** The row is gone for good; its number is not used again. @returns undoes it */
  drop(table: string, identity: string): () => void {
    const numbers = this.#tables.get(table);
    const number = numbers?.byIdentity.get(identity);
    if (!numbers || number === undefined) return () => {};
    const alias = numbers.aliases.get(identity);
    const below = [...this.#tables].filter(([path]) => path.startsWith(`${table}${number}.`));
    const sections = this.anonymous.saved();
    numbers.byIdentity.delete(identity);
    numbers.aliases.delete(identity);
    // The number of the row is not used again, so nothing will be below it.
    for (const [path] of below) this.#tables.delete(path);
    this.#touch();
    return () => {
      numbers.byIdentity.set(identity, number);
      if (alias !== undefined) numbers.aliases.set(identity, alias);
      for (const [path, rows] of below) this.#tables.set(path, rows);
      this.anonymous.restore(sections);
      this.#touch();
    };
  }

  /** TR-181 Alias: what a controller gave the row, or `cpe-N`. */
  aliasOf(table: string, identity: string, number: number): string {
    return this.#tables.get(table)?.aliases.get(identity) ?? `cpe-${number}`;
  }

  /** @returns undoes it */
  setAlias(table: string, identity: string, alias: string): () => void {
    const numbers = this.#table(table, true);
    const before = numbers.aliases.get(identity);
    numbers.aliases.set(identity, alias);
    this.#touch();
    return () => {
      if (before === undefined) numbers.aliases.delete(identity);
      else numbers.aliases.set(identity, before);
      this.#touch();
    };
  }

  /** What has to go to flash along with a transaction; `undefined`: nothing has changed. */
  pending(): { readonly name: string; readonly text: string } | undefined {
    if (this.#changes === this.#savedChanges) return undefined;
    this.#pendingChanges = this.#changes;
    const tables: Record<string, SavedTable> = {};
    for (const [path, numbers] of this.#tables) {
      if (this.#volatile.has(path)) continue;
      tables[path] = { next: numbers.next, rows: [...numbers.byIdentity], aliases: [...numbers.aliases] };
    }
    const saved: SavedInstances = { tables, anonymous: this.anonymous.saved() };
    return { name: stateName, text: JSON.stringify(saved) };
  }

  /** What was pending is on flash. */
  saved(): void {
    this.#savedChanges = this.#pendingChanges;
    if (this.#changes !== this.#savedChanges) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** A number that somebody is told has to be the same after a power cut: it is saved first. */
  get unsaved(): boolean {
    return this.#changes !== this.#savedChanges && this.#changes !== this.#failedChanges;
  }

  async save(): Promise<void> {
    const pending = this.pending();
    if (!pending) return;
    const changes = this.#changes;
    try {
      await this.#state.write(pending.name, pending.text);
      this.#savedChanges = Math.max(this.#savedChanges, changes);
    } catch (error) {
      this.#failedChanges = changes;
      this.#log.error('instance numbers could not be saved', { error });
    }
  }

  /** What is on flash has been put back to what it was before. */
  reload(): void {
    this.epoch++;
    this.#tables.clear();
    this.#volatile.clear();
    this.#load();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.save();
  }

  #table(path: string, keep: boolean): TableNumbers {
    let numbers = this.#tables.get(path);
    if (!numbers) {
      numbers = { next: 1, byIdentity: new Map(), aliases: new Map() };
      this.#tables.set(path, numbers);
      if (!keep) this.#volatile.add(path);
    }
    return numbers;
  }

  /** A number or an Alias is another. */
  #touch(): void {
    this.epoch++;
    this.#changed();
  }

  #changed(): void {
    this.#changes++;
    this.#timer ??= this.#clock.timer(saveAfterMs, () => {
      this.#timer = undefined;
      void this.save();
    });
  }

  #load(): void {
    const text = this.#state.read(stateName);
    if (text === undefined) return;
    try {
      const { tables, anonymous } = JSON.parse(text) as SavedInstances;
      this.anonymous.restore(anonymous);
      for (const [path, { next, rows, aliases }] of Object.entries(tables)) {
        this.#tables.set(path, { next, byIdentity: new Map(rows), aliases: new Map(aliases) });
      }
    } catch (error) {
      this.#log.error('saved instance numbers are unusable; rows are numbered anew', { error });
    }
  }
}

function moved(numbers: TableNumbers, from: string, to: string): void {
  const number = numbers.byIdentity.get(from);
  if (number === undefined) return;
  numbers.byIdentity.delete(from);
  numbers.byIdentity.set(to, number);
  const alias = numbers.aliases.get(from);
  if (alias === undefined) return;
  numbers.aliases.delete(from);
  numbers.aliases.set(to, alias);
}
