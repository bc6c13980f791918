import type { ReadNote, ReadScope } from '../mapping/read-scope.ts';
import type { Node } from './node.ts';

/** Indexes that are kept; each holds its rows in memory. */
const keptLimit = 16;

/** Rows of one mapped table by the value of one parameter, and what they were made from. */
interface MappedIndex {
  readonly rows: ReadonlyMap<string, readonly Node[]>;
  readonly sources: readonly ReadNote[];
  readonly around: readonly unknown[];
  readonly epoch: number;
}

/** What an index is made of. */
export interface IndexedRows {
  readonly rows: ReadonlyMap<string, readonly Node[]>;
  /** Something in it comes from code or stored rows, of which no source tells. */
  readonly passing: boolean;
}

/**
 * Unique keys and Aliases of mapped tables are looked up, not searched for. An index notes every package and answer that it was made from, and holds
 * for as long as a read scope finds the very same ones: a file that was written or an answer that is no longer fresh is another.
 */
export class MappedIndexes {
  readonly #kept = new Map<string, MappedIndex>();

  /**
   * @param name what is indexed: instance path of the table and parameter
   * @param parent of the table
   * @param epoch grows whenever a number or an Alias becomes another
   * @returns rows with their values, as they were when the index was made: without what a read scope has found out meanwhile
   */
  rows(
    name: string,
    parent: Node,
    scope: ReadScope,
    epoch: () => number,
    make: () => IndexedRows,
  ): ReadonlyMap<string, readonly Node[]> {
    const around = whatStandsFor(parent);
    const known = this.#kept.get(name);
    if (
      known?.epoch === epoch() &&
      known.around.every((thing, at) => thing === around[at]) &&
      known.sources.every((note) => scope.stillReads(note))
    ) {
      return known.rows;
    }
    this.#kept.delete(name);
    const { result, notes, complete } = scope.noting(make);
    if (complete && !result.passing) {
      if (this.#kept.size >= keptLimit) this.#kept.delete(this.#kept.keys().next().value!);
      this.#kept.set(name, { rows: result.rows, sources: notes, around, epoch: epoch() });
    }
    return result.rows;
  }
}

/** The sections and members that the rows around a table stand for: what rows below can be made of besides the sources. */
function whatStandsFor(parent: Node): unknown[] {
  const things: unknown[] = [];
  for (let at: Node | undefined = parent; at; at = at.parent) things.push(at.identity, at.section?.section, at.item);
  return things;
}
