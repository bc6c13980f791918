import type { BlobTable, UciSection } from '#platform';
import type { DeclaredRow, ModelFault, Protocol } from '../api.ts';
import type { CompiledObject, CompiledParameter } from '../mapping/compile.ts';
import { toParameter, zeroValue } from '../mapping/convert.ts';
import { type Expression, evaluate, meets, type Surroundings } from '../mapping/expression.ts';
import type { ReadScope } from '../mapping/sources.ts';
import { parentObjectPath } from '../path/index.ts';
import type { Instances } from './instances.ts';
import type { StoredRow } from './stored.ts';
import type { Binding, Tree } from './tree.ts';

/** One object instance as this read scope sees it. */
export interface Node {
  /** `Device.WiFi.SSID.1.` */
  readonly path: string;
  readonly schemaPath: string;
  readonly instances: readonly number[];
  readonly parent: Node | undefined;
  readonly binding: Binding;
  /** What the row stands for; empty for single objects. */
  readonly identity: string;
  readonly section: { readonly package: string; readonly section: UciSection } | undefined;
  readonly item: unknown;
  readonly variables: Map<string, unknown>;
}

export interface Evaluated {
  readonly value: string;
  readonly fault?: ModelFault;
}

/** Rows and values in one read scope. Synchronous: what a source has not answered yet counts as absent until the next pass. */
export class Evaluator {
  readonly scope: ReadScope;
  readonly #tree: Tree;
  readonly #instances: Instances;
  #children = new Map<string, Node[]>();

  constructor(tree: Tree, instances: Instances, scope: ReadScope) {
    this.#tree = tree;
    this.#instances = instances;
    this.scope = scope;
  }

  /** Before a new pass: forget what was derived from incomplete answers. */
  restart(): void {
    this.#children = new Map();
  }

  root(): Node {
    const binding = this.#tree.binding('Device.');
    if (!binding) throw new Error('nothing is mapped');
    return {
      path: 'Device.',
      schemaPath: 'Device.',
      instances: [],
      parent: undefined,
      binding,
      identity: '',
      section: undefined,
      item: undefined,
      variables: new Map(),
    };
  }

  /** The single object, or the rows of the table, at `schemaPath` directly below `parent`. Rows by instance number. */
  children(parent: Node, schemaPath: string): Node[] {
    const key = `${parent.path} ${schemaPath}`;
    const known = this.#children.get(key);
    if (known) return known;
    const binding = this.#tree.binding(schemaPath);
    const nodes = binding === undefined ? [] : this.#makeChildren(parent, schemaPath, binding);
    this.#children.set(key, nodes);
    return nodes;
  }

  /** One row by its number, without making the others. */
  child(parent: Node, schemaPath: string, instance: number): Node | undefined {
    const stored = this.#tree.binding(schemaPath)?.stored;
    if (!stored) return this.children(parent, schemaPath).find((row) => row.instances.at(-1) === instance);
    const row = stored.at(tableOf(parent, schemaPath), instance);
    return row && this.#storedNode(parent, schemaPath, row);
  }

  /** Rows that have all of these values, by the index that leaves the fewest; `undefined`: there is none for any of them. */
  having(
    parent: Node,
    schemaPath: string,
    wanted: readonly { readonly name: string; readonly value: string }[],
  ): Node[] | undefined {
    const binding = this.#tree.binding(schemaPath);
    const stored = binding?.stored;
    if (!stored) return undefined;
    const found = wanted
      .filter(({ name }) => stored.columns.has(name) && !binding.parameters.has(name))
      .map(({ name, value }) => stored.having(tableOf(parent, schemaPath), name, value))
      .sort((a, b) => a.size - b.size)[0];
    return found && [...found].map((row) => this.#storedNode(parent, schemaPath, row));
  }

  #storedNode(parent: Node, schemaPath: string, row: StoredRow): Node {
    return {
      path: row.path,
      schemaPath,
      instances: row.instances,
      parent,
      binding: this.#tree.binding(schemaPath)!,
      identity: row.path,
      section: undefined,
      item: undefined,
      variables: noVariables,
    };
  }

  /** All rows of a table anywhere, for references. */
  rowsOf(schemaPath: string): Node[] {
    if (schemaPath === 'Device.') return [this.root()];
    return this.rowsOf(parentObjectPath(schemaPath)).flatMap((parent) => this.children(parent, schemaPath));
  }

  value(protocol: Protocol, node: Node, name: string): Evaluated {
    const { binding } = node;
    const declared = binding.parameters.get(name);
    if (declared) return { value: declared.get(declaredRow(node)) };
    if (binding.stored?.columns.has(name)) {
      const stored = binding.stored.row(node.path)?.values[name];
      if (stored !== undefined) return { value: stored };
    }
    if (binding.derived?.columns.has(name)) return { value: (node.item as Record<string, string>)[name] ?? '' };
    const mapped = binding.mapped?.parameters.get(name);
    if (mapped) return this.#mappedValue(node, binding.mapped!, mapped);
    if (name === 'Alias' && node.identity !== '') {
      const table = node.path.replace(/[0-9]+\.$/, '');
      return { value: this.#instances.aliasOf(table, node.identity, node.instances.at(-1)!) };
    }
    const counted = this.#tree.countedTable(protocol, node.schemaPath, name);
    if (counted) return { value: String(this.children(node, counted).length) };
    const definition = this.#tree.definition(node.schemaPath)?.parameter(name);
    return { value: definition ? zeroValue(definition) : '' };
  }

  #makeChildren(parent: Node, schemaPath: string, binding: Binding): Node[] {
    const name = schemaPath.slice(parent.schemaPath.length).split('.')[0]!;
    const base = `${parent.path}${name}.`;
    if (!schemaPath.endsWith('{i}.')) {
      const mapped = binding.mapped;
      const section = mapped?.rows.kind === 'section' ? this.#section(mapped) : parent.section;
      const node: Node = {
        path: base,
        schemaPath,
        instances: parent.instances,
        parent,
        binding,
        identity: '',
        section,
        item: parent.item,
        variables: new Map(),
      };
      if (mapped?.when && this.#values(mapped.when, node, mapped).length === 0) return [];
      return [node];
    }
    const row = (identity: string, number: number, section: Node['section'], item: unknown): Node => ({
      path: `${base}${number}.`,
      schemaPath,
      instances: [...parent.instances, number],
      parent,
      binding,
      identity,
      section,
      item,
      variables: new Map(),
    });
    if (binding.stored) {
      return binding.stored.of(base).map((stored) => this.#storedNode(parent, schemaPath, stored));
    }
    if (binding.derived) {
      return binding.derived
        .rows(this)
        .map(({ identity, values }) => row(identity, this.#instances.numberOf(base, identity, true), undefined, values))
        .sort((a, b) => a.instances.at(-1)! - b.instances.at(-1)!);
    }
    const mapped = binding.mapped;
    if (!mapped) return [];
    const numbered = this.#identities(parent, mapped).map(({ identity, section, item }) =>
      row(identity, this.#instances.numberOf(base, identity, mapped.keep), section, item),
    );
    return numbered
      .filter((node) => !mapped.when || this.#values(mapped.when, node, mapped).length > 0)
      .sort((a, b) => a.instances.at(-1)! - b.instances.at(-1)!);
  }

  #identities(parent: Node, mapped: CompiledObject): { identity: string; section: Node['section']; item: unknown }[] {
    const { rows } = mapped;
    switch (rows.kind) {
      case 'sections': {
        const pack = this.scope.uci(rows.package);
        let position = 0;
        return (pack?.sections ?? []).flatMap((section) => {
          if (section.type !== rows.type) return [];
          // An anonymous section has no name to go by until a write gives it one.
          const identity = section.anonymous ? `@${rows.type}[${position}]` : section.name;
          position++;
          const around = this.#surroundings(parent, mapped);
          const options = Object.fromEntries([...section.options, ['.name', section.name]]);
          return meets(options, rows.conditions, around)
            ? [{ identity, section: { package: rows.package, section }, item: undefined }]
            : [];
        });
      }
      case 'members': {
        const seen = new Set<string>();
        return this.#entries(rows.expression, parent, mapped).flatMap(({ key, value }) => {
          const identity = rows.id ? this.#identityOf(rows.id, parent, mapped, value, key) : key;
          if (identity === '' || seen.has(identity)) return [];
          seen.add(identity);
          return [{ identity, section: parent.section, item: withKey(value, key) }];
        });
      }
      case 'items': {
        const option = parent.section?.section.options.get(rows.option);
        const items = typeof option === 'string' ? option.split(/\s+/).filter(Boolean) : (option ?? []);
        return [...new Set(items)].map((item) => ({ identity: item, section: parent.section, item }));
      }
      default:
        return [];
    }
  }

  /** Members of what the expression without its last step reaches, with their keys. */
  #entries(expression: Expression, parent: Node, mapped: CompiledObject): { key: string; value: unknown }[] {
    const last = expression.steps.at(-1);
    const around = this.#surroundings(parent, mapped);
    const containers = evaluate({ head: expression.head, steps: expression.steps.slice(0, -1) }, around);
    if (!last) return [];
    return containers.flatMap((container) => {
      if (container === null || typeof container !== 'object') return [];
      const entries =
        last.kind === 'every'
          ? Object.entries(container)
          : Object.entries((container as Record<string, unknown>)[last.name] ?? {});
      return entries.flatMap(([key, value]) => (meets(value, last.conditions, around) ? [{ key, value }] : []));
    });
  }

  #identityOf(id: Expression, parent: Node, mapped: CompiledObject, item: unknown, key: string): string {
    const node: Node = { ...parent, identity: key, item, variables: new Map() };
    const found = this.#values(id, node, mapped)[0];
    return found === undefined || found === null ? '' : String(found);
  }

  #section(mapped: CompiledObject): Node['section'] {
    if (mapped.rows.kind !== 'section') return undefined;
    const { package: name, type, name: sectionName } = mapped.rows;
    const pack = this.scope.uci(name);
    const section = sectionName
      ? pack?.section(sectionName)
      : pack?.sections.find((candidate) => candidate.type === type);
    return section && section.type === type ? { package: name, section } : undefined;
  }

  #mappedValue(node: Node, mapped: CompiledObject, parameter: CompiledParameter): Evaluated {
    const { rule, definition } = parameter;
    if (rule.is !== undefined) return { value: rule.is };
    let failed: string | undefined;
    let values: unknown[] = [];
    for (const expression of parameter.expressions) {
      values = this.#values(expression, node, mapped, (reason) => {
        failed = reason;
      });
      if (rule.missing !== undefined) values = values.filter((value) => value !== rule.missing);
      if (values.length > 0) break;
    }
    if (values.length === 0 && rule.default !== undefined) values = [rule.default];
    const value =
      rule.as === 'ref'
        ? this.#reference(definition.type.list ? values : values.flat().slice(0, 1), rule.to!, rule.by)
        : toParameter(values, rule, definition);
    if (value !== undefined) return { value };
    const zero = zeroValue(definition);
    if (failed === undefined) return { value: zero };
    return { value: zero, fault: { kind: 'internal', message: failed, path: node.path + definition.name } };
  }

  #reference(values: readonly unknown[], to: string, by: string | undefined): string | undefined {
    const wanted = values.flatMap((value) => (Array.isArray(value) ? value : [value])).map(String);
    if (wanted.length === 0) return undefined;
    const paths = wanted.flatMap((identity) => {
      const row = this.rowsOf(to).find((candidate) => this.#matches(candidate, by, identity));
      return row ? [row.path.slice(0, -1)] : [];
    });
    return paths.join(',');
  }

  #matches(row: Node, by: string | undefined, identity: string): boolean {
    return by === undefined ? row.identity === identity : String(this.variable(row, by) ?? '') === identity;
  }

  /** The identity (or `by` variable) of the row that a reference names: what a write of the reference stores. */
  referenced(to: string, by: string | undefined, path: string): string | undefined {
    const row = this.rowsOf(to).find((candidate) => candidate.path === `${path}.`);
    if (!row) return undefined;
    return by === undefined ? row.identity : String(this.variable(row, by) ?? '');
  }

  /** A `let` of the row or of one above it, or one of the built-in variables. */
  variable(node: Node, name: string): unknown {
    if (name === 'id') return node.section?.section.name ?? node.identity;
    if (name === 'item') return node.item;
    if (name === 'instance') return node.instances.at(-1);
    if (name === 'parent') return node.parent && (node.parent.section?.section.name ?? node.parent.identity);
    for (let at: Node | undefined = node; at; at = at.parent) {
      const expression = at.binding.mapped?.variables.get(name);
      if (!expression) continue;
      if (at.variables.has(name)) return at.variables.get(name);
      const value = this.#values(expression, at, at.binding.mapped!)[0];
      if (this.scope.settled) at.variables.set(name, value);
      return value;
    }
    return undefined;
  }

  #values(expression: Expression, node: Node, mapped: CompiledObject, failed?: (reason: string) => void): unknown[] {
    return evaluate(expression, this.#surroundings(node, mapped, failed));
  }

  #surroundings(node: Node, mapped: CompiledObject, failed?: (reason: string) => void): Surroundings {
    return {
      option: (name) => node.section?.section.options.get(name),
      variable: (name) => this.variable(node, name),
      source: (name) => this.#source(name, node, mapped, failed),
    };
  }

  #source(name: string, node: Node, mapped: CompiledObject, failed?: (reason: string) => void): unknown {
    const source = mapped.sources[name];
    if (!source) return undefined;
    if (source.uci) {
      const pack = this.scope.uci(source.uci);
      if (!pack) return undefined;
      return Object.fromEntries(
        pack.sections.map((section) => [
          section.name,
          Object.fromEntries([...section.options, ['.name', section.name], ['.type', section.type]]),
        ]),
      );
    }
    const args: Record<string, string | number | boolean> = {};
    for (const [key, value] of Object.entries(source.args ?? {})) {
      if (typeof value !== 'string' || !value.startsWith('$')) {
        args[key] = value;
        continue;
      }
      const resolved = this.variable(node, value.slice(1));
      if (typeof resolved !== 'string' && typeof resolved !== 'number') return undefined;
      args[key] = resolved;
    }
    const answer = this.scope.answer(
      objectOf(source, (variable) => this.variable(node, variable)),
      args as BlobTable,
    );
    if (!answer) return undefined;
    if (answer.ok) return answer.value;
    failed?.(answer.reason);
    return undefined;
  }
}

/** Rows of stored tables have no `let`. */
const noVariables = new Map<string, unknown>();

/** Instance path of a table below a row. */
function tableOf(parent: Node, schemaPath: string): string {
  return `${parent.path}${schemaPath.slice(parent.schemaPath.length).split('.')[0]}.`;
}

/** `hostapd.$ifname` names the object by a variable. */
function objectOf(source: CompiledObject['sources'][string], variable: (name: string) => unknown): typeof source {
  if (!source.ubus?.[0].includes('$')) return source;
  const object = source.ubus[0].replace(/\$(\w+)/g, (_, name: string) => String(variable(name) ?? ''));
  return { ...source, ubus: [object, source.ubus[1]] };
}

function withKey(value: unknown, key: string): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return { ...value, '.key': key };
}

export function declaredRow(node: Node): DeclaredRow {
  return { path: node.path, instances: node.instances, values: node.binding.stored?.row(node.path)?.values ?? {} };
}
