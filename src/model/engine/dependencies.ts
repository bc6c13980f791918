import type { Protocol } from '../api.ts';
import type { CompiledObject, RowSource } from '../mapping/compiled.ts';
import type { Expression, Formula } from '../mapping/expression.ts';
import type { SourceText } from '../mapping/grammar.ts';
import { parentObjectPath, parsePath } from '../path/index.ts';
import type { Tree } from './tree.ts';

/** Something outside that values come from: `uci network`, `rows Device.X.{i}.`, `code`, or the JSON of a source. */
export type SourceKey = string;

/** Values that code gives: nobody knows when they change. */
export const codeKey: SourceKey = 'code';
export const uciKey = (pack: string): SourceKey => `uci ${pack}`;
export const rowsKey = (schemaPath: string): SourceKey => `rows ${schemaPath}`;
export const sourceKey = (source: SourceText): SourceKey =>
  source.uci === undefined ? JSON.stringify(source) : uciKey(source.uci);

/**
 * What the values below a path can come from, read off the mappings: a look at the path can only differ from the one before if one of these
 * has changed. Too much is harmless, too little is not: what can't be told depends on everything.
 */
export class Dependencies {
  readonly #tree: Tree;
  #objects = new Map<string, ReadonlySet<SourceKey> | undefined>();
  /** Grows whenever an answer may have become another. */
  version = 0;

  constructor(tree: Tree) {
    this.#tree = tree;
  }

  /** Something has been declared or mapped since. */
  forget(): void {
    this.#objects = new Map();
    this.version++;
  }

  /** @returns `undefined`: everything */
  of(protocol: Protocol, path: string): ReadonlySet<SourceKey> | undefined {
    const parsed = parsePath(path, protocol);
    if (!parsed.ok) return undefined;
    const { segments, leaf } = parsed.value;
    let schemaPath = '';
    for (const segment of segments) {
      // A search may ask other rows, and a reference leads anywhere.
      if (segment.kind === 'reference') return undefined;
      if (segment.kind === 'search' && segment.terms.some(({ steps }) => steps.length > 1)) return undefined;
      schemaPath += segment.kind === 'name' ? `${segment.name}.` : '{i}.';
    }
    const keys = new Set<SourceKey>();
    if (leaf.kind === 'object') return this.#below(schemaPath, keys) ? keys : undefined;
    return this.#around(schemaPath, keys) && this.#tables(protocol, schemaPath, keys) ? keys : undefined;
  }

  /** Everything at and below an object, and what it takes to get there. */
  #below(start: string, keys: Set<SourceKey>): boolean {
    const table = `${start}{i}.`;
    for (const path of this.#tree.paths) {
      const inside = path.startsWith(start) || path === table;
      if (inside && !this.#around(path, keys)) return false;
    }
    return this.#around(start, keys);
  }

  /** Rows that a counting parameter of the object counts. */
  #tables(protocol: Protocol, schemaPath: string, keys: Set<SourceKey>): boolean {
    return this.#tree.children(protocol, schemaPath).every((child) => this.#take(child, keys));
  }

  /** The object itself and those around it. */
  #around(schemaPath: string, keys: Set<SourceKey>): boolean {
    for (let path = schemaPath; path !== ''; path = parentObjectPath(path)) {
      if (!this.#take(path, keys)) return false;
      if (path === 'Device.') break;
    }
    return true;
  }

  #take(path: string, keys: Set<SourceKey>): boolean {
    if (!this.#objects.has(path)) {
      // While it is being found out, a table that refers to itself adds nothing.
      this.#objects.set(path, new Set());
      this.#objects.set(path, this.#object(path));
    }
    const own = this.#objects.get(path);
    for (const key of own ?? []) keys.add(key);
    return own !== undefined;
  }

  #object(path: string): ReadonlySet<SourceKey> | undefined {
    const binding = this.#tree.binding(path);
    const keys = new Set<SourceKey>();
    if (!binding) return keys;
    if (binding.derived) return undefined;
    if (binding.stored) keys.add(rowsKey(path));
    if (binding.parameters.size > 0) keys.add(codeKey);
    const { mapped } = binding;
    if (!mapped) return keys;
    for (const rows of [mapped.rows, ...mapped.more]) this.#rows(rows, mapped, keys);
    this.#variables(mapped.variables, mapped, keys);
    if (mapped.when) this.#formula(mapped.when, mapped, keys);
    for (const { targets, expressions, base, section } of mapped.parameters.values()) {
      for (const formula of [...expressions, ...base]) this.#formula(formula, mapped, keys);
      if (section) keys.add(uciKey(section.package));
      // The rows that a reference names are looked for among all of them.
      if (!targets.every(({ table }) => this.#around(table, keys))) return undefined;
    }
    return keys;
  }

  #variables(variables: RowSource['variables'], mapped: CompiledObject, keys: Set<SourceKey>): void {
    for (const { formula } of variables?.values() ?? []) this.#formula(formula, mapped, keys);
  }

  #rows(rows: RowSource, mapped: CompiledObject, keys: Set<SourceKey>): void {
    this.#variables(rows.variables, mapped, keys);
    if (rows.kind === 'sections' || rows.kind === 'section') keys.add(uciKey(rows.package));
    if (rows.kind === 'listed' && rows.from) keys.add(uciKey(rows.from.package));
    if (rows.kind !== 'members') return;
    this.#expression(rows.expression, mapped, keys);
    if (rows.id) this.#formula(rows.id, mapped, keys);
  }

  #formula(formula: Formula, mapped: CompiledObject, keys: Set<SourceKey>): void {
    const parts = isExpression(formula) ? [formula] : formula;
    for (const part of parts) if (typeof part !== 'string') this.#expression(part, mapped, keys);
  }

  #expression({ head }: Expression, { sources }: CompiledObject, keys: Set<SourceKey>): void {
    const source = head.kind === 'source' ? sources[head.name] : undefined;
    if (source) keys.add(sourceKey(source));
  }
}

const isExpression = (formula: Formula): formula is Expression => 'head' in formula;
