import type { UciChange } from '#platform';
import type { FollowUp } from './follow-ups.ts';
import type { Node } from './node.ts';
import type { StoredRow } from './stored.ts';

/** A row that is, or is going to be, an item of a list in a section. */
export interface PlannedItem {
  /** What its parameters say by now. */
  readonly place: Node['section'];
  readonly text: string;
  /** It is to be in its list as soon as it is complete. */
  readonly enabled: boolean;
  /** What the changes of the plan make of it. */
  readonly identity: string;
  readonly listed: { readonly place: NonNullable<Node['section']>; readonly text: string } | undefined;
}

/** What a transaction is going to do; nothing has been touched yet. */
export interface Plan {
  /** By package, in the order of the request. */
  readonly uci: Map<string, UciChange[]>;
  /** Packages that are replaced as a whole, by their new text. */
  readonly whole: Map<string, string>;
  /** Run in order; each returns what undoes it. */
  readonly effects: (() => (() => void) | Promise<() => void>)[];
  /** What is done when it has been committed, by the path of the parameter. */
  readonly followUps: Map<string, FollowUp>;
  /** Full paths of the parameters that are written, for the origin of what is told afterwards. */
  readonly written: Set<string>;
  /** Paths of rows of mapped tables that go. */
  readonly gone: Set<string>;
  /** Paths of stored rows that go. */
  readonly storedGone: Set<string>;
  /** Values that this transaction gives to rows of mapped tables, by full path. */
  readonly values: Map<string, string>;
  /** Options that this transaction writes, by package, section and name: several parameters may be parts of one. */
  readonly options: Map<string, string | readonly string[]>;
  /** Rows that are items of lists, as this transaction makes them, by path. */
  readonly items: Map<string, PlannedItem>;
  /** Unique keys that rows of this transaction have taken: key → row. */
  readonly keys: Map<string, string>;
  /** Rows (by path) whose state within this transaction differs from what the scope reads. */
  readonly storedRows: Map<string, StoredRow>;
  /** Anonymous sections that were given a name: package and old name → new name. */
  readonly named: Map<string, string>;
  /** Instance numbers that were given to new rows. */
  readonly created: { readonly table: string; readonly identity: string }[];
}

export function emptyPlan(steps?: UndoSteps): Plan {
  const map = <Key, Value>(): Map<Key, Value> => (steps ? new UndoableMap<Key, Value>(steps) : new Map());
  const set = (): Set<string> => (steps ? new UndoableSet(steps) : new Set());
  return {
    uci: map(),
    whole: map(),
    effects: [],
    followUps: map(),
    written: set(),
    gone: set(),
    storedGone: set(),
    values: map(),
    options: map(),
    items: map(),
    keys: map(),
    storedRows: map(),
    named: map(),
    created: [],
  };
}

type UndoSteps = (() => void)[];

/** A plan in which each write stands for itself: what a write has added is taken back when it is refused, whatever the plan has grown to. */
export class PartialPlan {
  readonly #steps: UndoSteps = [];
  readonly plan = emptyPlan(this.#steps);

  /** @param stage false: it was refused, and has never been */
  attempt(stage: () => boolean): void {
    const { effects, created, uci } = this.plan;
    const before = { effects: effects.length, created: created.length };
    const changes = [...uci.values()].map((list) => ({ list, length: list.length }));
    this.#steps.length = 0;
    if (stage()) return;
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) step();
    effects.length = before.effects;
    created.length = before.created;
    for (const { list, length } of changes) list.length = length;
  }
}

class UndoableMap<Key, Value> extends Map<Key, Value> {
  readonly #steps: UndoSteps;

  constructor(steps: UndoSteps) {
    super();
    this.#steps = steps;
  }

  override set(key: Key, value: Value): this {
    this.#note(key);
    return super.set(key, value);
  }

  override delete(key: Key): boolean {
    this.#note(key);
    return super.delete(key);
  }

  #note(key: Key): void {
    const before = this.has(key) ? { value: this.get(key)! } : undefined;
    this.#steps.push(() => (before ? super.set(key, before.value) : super.delete(key)));
  }
}

class UndoableSet extends Set<string> {
  readonly #steps: UndoSteps;

  constructor(steps: UndoSteps) {
    super();
    this.#steps = steps;
  }

  override add(value: string): this {
    if (!this.has(value)) this.#steps.push(() => super.delete(value));
    return super.add(value);
  }
}

export function changesOf(plan: Plan, pack: string): UciChange[] {
  const known = plan.uci.get(pack);
  if (known) return known;
  const changes: UciChange[] = [];
  plan.uci.set(pack, changes);
  return changes;
}
