import type { UciChange } from '#platform';
import type { FollowUp } from './follow-ups.ts';
import type { StoredRow } from './stored.ts';

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
  /** Unique keys that rows of this transaction have taken: key → row. */
  readonly keys: Map<string, string>;
  /** Rows (by path) whose state within this transaction differs from what the scope reads. */
  readonly storedRows: Map<string, StoredRow>;
  /** Anonymous sections that were given a name: package and old name → new name. */
  readonly named: Map<string, string>;
  /** Instance numbers that were given to new rows. */
  readonly created: { readonly table: string; readonly identity: string }[];
}

export const emptyPlan = (): Plan => ({
  uci: new Map(),
  whole: new Map(),
  effects: [],
  followUps: new Map(),
  written: new Set(),
  gone: new Set(),
  storedGone: new Set(),
  values: new Map(),
  options: new Map(),
  keys: new Map(),
  storedRows: new Map(),
  named: new Map(),
  created: [],
});

/** For a write that stands for itself: what it adds is thrown away with it when it is refused. */
export function copyOf(plan: Plan): Plan {
  return {
    uci: new Map([...plan.uci].map(([pack, changes]) => [pack, [...changes]])),
    whole: new Map(plan.whole),
    effects: [...plan.effects],
    followUps: new Map(plan.followUps),
    written: new Set(plan.written),
    gone: new Set(plan.gone),
    storedGone: new Set(plan.storedGone),
    values: new Map(plan.values),
    options: new Map(plan.options),
    keys: new Map(plan.keys),
    storedRows: new Map(plan.storedRows),
    named: new Map(plan.named),
    created: [...plan.created],
  };
}

export function changesOf(plan: Plan, pack: string): UciChange[] {
  const known = plan.uci.get(pack);
  if (known) return known;
  const changes: UciChange[] = [];
  plan.uci.set(pack, changes);
  return changes;
}
