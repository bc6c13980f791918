import type { Protocol } from '../api.ts';
import type { CompiledObject, ListedRows } from '../mapping/compiled.ts';
import { zeroValue } from '../mapping/convert.ts';
import type { ReadScope } from '../mapping/read-scope.ts';
import { parentObjectPath, tablePathOf } from '../path/index.ts';
import type { ValueType } from '../schema/index.ts';
import { equalityKey } from '../validate/index.ts';
import type { Instances } from './instances.ts';
import type { IndexedRows, MappedIndexes } from './mapped-index.ts';
import { type FoundRow, type Place, placesOf, type RowTools, rowsOf, sectionOf } from './mapped-rows.ts';
import { type Evaluated, MappedValues } from './mapped-values.ts';
import { declaredRow, foundNode, type Node, storedNode, tableOf, untouched } from './node.ts';
import type { Binding, Tree } from './tree.ts';

/** A value that a parameter is to have. */
export interface WantedValue {
  readonly name: string;
  readonly type: ValueType;
  /** @see equalityKey */
  readonly key: string;
}

/** Rows and values in one read scope. Synchronous: what a source has not answered yet counts as absent until the next pass. */
export class Evaluator {
  readonly scope: ReadScope;
  readonly #tree: Tree;
  readonly #instances: Instances;
  readonly #tools: RowTools;
  /** What the mappings make of the sources. */
  readonly mapped: MappedValues;
  #root: Node | undefined;
  /** Made without an answer that is still on its way. */
  #provisional: Map<readonly Node[], { readonly below: Map<string, Node[]>; readonly key: string }> | undefined;
  readonly #indexes: MappedIndexes;
  /** Something came from code or from stored rows. */
  #passing = false;

  constructor(tree: Tree, instances: Instances, scope: ReadScope, indexes: MappedIndexes) {
    this.#tree = tree;
    this.#indexes = indexes;
    this.#instances = instances;
    this.scope = scope;
    this.#tools = {
      uci: (name) => scope.uci(name),
      anonymous: (pack, section) => instances.anonymous.token(pack, section),
      drafts: (tablePath) => instances.drafts(tablePath),
      surroundings: (node, mapped) => this.mapped.surroundings(node, mapped, undefined, node.section),
    };
    this.mapped = new MappedValues(scope, this.#tools, (schemaPath) => this.rowsOf(schemaPath));
  }

  /** Before a new pass: forget what was derived from incomplete answers. */
  restart(): void {
    for (const { below, key } of this.#provisional?.values() ?? []) below.delete(key);
    this.#provisional = undefined;
  }

  root(): Node {
    if (this.#root) return this.#root;
    const binding = this.#tree.binding('Device.');
    if (!binding) throw new Error('nothing is mapped');
    this.#root = {
      path: 'Device.',
      schemaPath: 'Device.',
      instances: [],
      parent: undefined,
      binding,
      identity: '',
      section: undefined,
      item: undefined,
    };
    return this.#root;
  }

  /** The single object, or the rows of the table, at `schemaPath` directly below `parent`. Rows by instance number. */
  children(parent: Node, schemaPath: string): Node[] {
    return this.#once(parent, schemaPath, () => {
      const binding = this.#tree.binding(schemaPath);
      return binding === undefined ? [] : this.#makeChildren(parent, schemaPath, binding);
    });
  }

  /** One row by its number, without making the others. */
  child(parent: Node, schemaPath: string, instance: number): Node | undefined {
    const binding = this.#tree.binding(schemaPath);
    if (binding?.stored) {
      const row = binding.stored.at(tableOf(parent, schemaPath), instance);
      return row && storedNode(parent, schemaPath, binding, row);
    }
    const { mapped, derived } = binding ?? {};
    if (!mapped || derived || parent.below?.has(schemaPath)) {
      return this.children(parent, schemaPath).find((row) => row.instances.at(-1) === instance);
    }
    return this.#once(parent, `${schemaPath}${instance}`, () => {
      const tablePath = tableOf(parent, schemaPath);
      // All of them get their numbers, so that these do not depend on which is asked for first.
      let wanted: FoundRow | undefined;
      let position = 0;
      for (const [index, found] of this.#found(parent, schemaPath, binding!, mapped).entries()) {
        if (this.#instances.numberOf(tablePath, found.identity, mapped.keep) !== instance) continue;
        wanted = found;
        position = index + 1;
      }
      const node = wanted && foundNode(parent, schemaPath, binding!, tablePath, wanted, instance, position);
      return node && this.#isThere(node, mapped) ? [node] : [];
    })[0];
  }

  /** Made once for the request, or once for each pass as long as it lacks an answer. */
  #once(parent: Node, key: string, make: () => Node[]): Node[] {
    const known = parent.below?.get(key);
    if (known) {
      if (this.#provisional?.has(known)) this.scope.miss();
      return known;
    }
    const before = this.scope.missed;
    const nodes = make();
    parent.below ??= new Map();
    parent.below.set(key, nodes);
    if (this.scope.missed !== before) {
      this.#provisional ??= new Map();
      this.#provisional.set(nodes, { below: parent.below, key });
    }
    return nodes;
  }

  /** Rows that have the first of these values, of all of them the one that fewest have; `undefined`: there is no index for any of them. */
  having(protocol: Protocol, parent: Node, schemaPath: string, wanted: readonly WantedValue[]): Node[] | undefined {
    const binding = this.#tree.binding(schemaPath);
    const candidates = wanted
      .filter(({ name }) => !binding?.parameters.has(name))
      .flatMap(({ name, key, type }) => {
        if (type.base === 'string' && binding?.stored?.columns.has(name)) {
          const rows = [...binding.stored.having(tableOf(parent, schemaPath), name, key)];
          return [rows.map((row) => storedNode(parent, schemaPath, binding, row))];
        }
        if (!binding?.mapped || binding.derived) return [];
        const rows = this.#index(protocol, parent, schemaPath, name, type).get(key) ?? [];
        return [rows.map((row) => untouched(row, parent))];
      });
    return candidates.sort((a, b) => a.length - b.length)[0];
  }

  #index(
    protocol: Protocol,
    parent: Node,
    schemaPath: string,
    name: string,
    type: ValueType,
  ): ReadonlyMap<string, readonly Node[]> {
    const make = (): IndexedRows => {
      // By itself, so that all that it takes is seen: nothing has been found out before.
      const evaluator = new Evaluator(this.#tree, this.#instances, this.scope, this.#indexes);
      const above = untouched(parent);
      const rows = new Map<string, Node[]>();
      for (const row of evaluator.children(above, schemaPath)) {
        const key = equalityKey(type, evaluator.value(protocol, row, name).value);
        if (key === undefined) continue;
        const same = rows.get(key);
        if (same) same.push(untouched(row, above));
        else rows.set(key, [untouched(row, above)]);
      }
      return { rows, passing: evaluator.#passing };
    };
    const table = `${protocol} ${tableOf(parent, schemaPath)}${name}`;
    return this.#indexes.rows(table, parent, this.scope, () => this.#instances.epoch, make);
  }

  /** The sections whose items rows of a table, below this parent, are. */
  places(parent: Node, rows: ListedRows, mapped: CompiledObject): readonly Place[] {
    return placesOf(rows, parent, mapped, this.#tools);
  }

  /** All rows of a table anywhere, for references. */
  rowsOf(schemaPath: string): Node[] {
    if (schemaPath === 'Device.') return [this.root()];
    return this.#once(this.root(), `all ${schemaPath}`, () =>
      this.rowsOf(parentObjectPath(schemaPath)).flatMap((parent) => this.children(parent, schemaPath)),
    );
  }

  value(protocol: Protocol, node: Node, name: string): Evaluated {
    const { binding } = node;
    const declared = binding.parameters.get(name);
    if (declared || binding.stored || binding.derived) this.#passing = true;
    if (declared) return { value: declared.get(declaredRow(node)) };
    if (binding.stored?.columns.has(name)) {
      const stored = binding.stored.row(node.path)?.values[name];
      if (stored !== undefined) return { value: stored };
    }
    if (binding.derived?.columns.has(name)) return { value: (node.item as Record<string, string>)[name] ?? '' };
    const mapped = binding.mapped?.parameters.get(name);
    if (mapped) return this.mapped.of(node, binding.mapped!, mapped);
    if (name === 'Alias' && node.identity !== '') {
      return { value: this.#instances.aliasOf(tablePathOf(node.path), node.identity, node.instances.at(-1)!) };
    }
    const counted = this.#tree.countedTable(protocol, node.schemaPath, name);
    if (counted) return { value: String(this.children(node, counted).length) };
    const definition = this.#tree.definition(node.schemaPath)?.parameter(name);
    return { value: definition ? zeroValue(definition) : '' };
  }

  #makeChildren(parent: Node, schemaPath: string, binding: Binding): Node[] {
    return schemaPath.endsWith('{i}.')
      ? this.#makeRows(parent, schemaPath, binding)
      : this.#makeSingle(parent, schemaPath, binding);
  }

  #makeSingle(parent: Node, schemaPath: string, binding: Binding): Node[] {
    const { mapped } = binding;
    const section = mapped?.rows.kind === 'section' ? sectionOf(mapped.rows, this.#tools) : parent.section;
    const node: Node = {
      path: tableOf(parent, schemaPath),
      schemaPath,
      instances: parent.instances,
      parent,
      binding,
      identity: '',
      section,
      item: parent.item,
      keys: parent.keys ?? [],
      around: parent.around ?? [],
      readOnly: parent.readOnly === true,
    };
    return !mapped || this.#isThere(node, mapped) ? [node] : [];
  }

  #makeRows(parent: Node, schemaPath: string, binding: Binding): Node[] {
    const base = tableOf(parent, schemaPath);
    const { stored, derived, mapped } = binding;
    if (stored || derived) this.#passing = true;
    if (stored) return stored.of(base).map((row) => storedNode(parent, schemaPath, binding, row));
    const numbered = (found: FoundRow, keep: boolean, index: number): Node => {
      const number = this.#instances.numberOf(base, found.identity, keep);
      return foundNode(parent, schemaPath, binding, base, found, number, index + 1);
    };
    const nodes = derived
      ? derived
          .rows(this)
          .map(({ identity, values }, at) => numbered({ identity, section: undefined, item: values }, true, at))
      : mapped
        ? this.#found(parent, schemaPath, binding, mapped)
            .map((found, at) => numbered(found, mapped.keep, at))
            .filter((node) => this.#isThere(node, mapped))
        : [];
    return nodes.sort((a, b) => a.instances.at(-1)! - b.instances.at(-1)!);
  }

  /** Of a row that several sources know, the first of them. */
  #found(parent: Node, schemaPath: string, binding: Binding, mapped: CompiledObject): FoundRow[] {
    const found = rowsOf(mapped, parent, this.#tools);
    if (mapped.same.length === 0) return found;
    const alike = (row: FoundRow): string => {
      const node = foundNode(parent, schemaPath, binding, '', row, 0);
      return JSON.stringify(mapped.same.map((parameter) => this.mapped.of(node, mapped, parameter).value));
    };
    const first = new Set(found.filter(({ readOnly }) => !readOnly).map(alike));
    return found.filter((row) => !row.readOnly || !first.has(alike(row)));
  }

  #isThere(node: Node, { when }: CompiledObject): boolean {
    return !when || this.mapped.values(when, node, node.binding.mapped!).length > 0;
  }
}
