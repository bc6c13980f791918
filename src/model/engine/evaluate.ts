import type { BlobTable, UciSection } from '#platform';
import type { DeclaredRow, ModelFault, Protocol } from '../api.ts';
import type { CompiledObject, CompiledParameter } from '../mapping/compiled.ts';
import { toParameter, zeroValue } from '../mapping/convert.ts';
import { evaluateFormula, type Formula, type Surroundings, textOf } from '../mapping/expression.ts';
import { isPlausible } from '../mapping/plausible.ts';
import type { ReadScope } from '../mapping/sources.ts';
import { parentObjectPath } from '../path/index.ts';
import type { Instances } from './instances.ts';
import { type FoundRow, type RowTools, rowsOf, sectionOf } from './mapped-rows.ts';
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
  /** Neither the row nor what is below it can be written. */
  readonly readOnly?: boolean;
  /** What the row stands for; empty for single objects. */
  readonly identity: string;
  readonly section: { readonly package: string; readonly section: UciSection } | undefined;
  readonly item: unknown;
  /** Of a member of an answer: the keys that led to it, outermost first. */
  readonly keys?: readonly string[];
  /** The members themselves. */
  readonly around?: readonly unknown[];
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
  /** Milliseconds since 1970, the same for all values of a request. */
  readonly #now: number;
  #children = new Map<string, Node[]>();

  readonly #tools: RowTools = {
    uci: (name) => this.scope.uci(name),
    anonymous: (pack, section) => this.#instances.anonymous.token(pack, section),
    surroundings: (node, mapped) => this.#surroundings(node, mapped, undefined, node.section),
  };

  constructor(tree: Tree, instances: Instances, scope: ReadScope) {
    this.#tree = tree;
    this.#instances = instances;
    this.scope = scope;
    this.#now = scope.now;
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
    const binding = this.#tree.binding(schemaPath);
    const tablePath = tableOf(parent, schemaPath);
    if (binding?.stored) {
      const row = binding.stored.at(tablePath, instance);
      return row && this.#storedNode(parent, schemaPath, row);
    }
    if (!binding?.mapped || binding.derived || this.#children.has(`${parent.path} ${schemaPath}`)) {
      return this.children(parent, schemaPath).find((row) => row.instances.at(-1) === instance);
    }
    const { mapped } = binding;
    // All of them get their numbers, so that these do not depend on which is asked for first.
    let wanted: FoundRow | undefined;
    for (const found of rowsOf(mapped, parent, this.#tools)) {
      if (this.#instances.numberOf(tablePath, found.identity, mapped.keep) === instance) wanted = found;
    }
    const node = wanted && foundNode(parent, schemaPath, binding, tablePath, wanted, instance);
    return node && this.#isThere(node, mapped) ? node : undefined;
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
      const section = mapped?.rows.kind === 'section' ? sectionOf(mapped.rows, this.#tools) : parent.section;
      const node: Node = {
        path: base,
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
        variables: new Map(),
      };
      if (mapped?.when && this.#values(mapped.when, node, mapped).length === 0) return [];
      return [node];
    }
    const row = (found: FoundRow, number: number): Node => foundNode(parent, schemaPath, binding, base, found, number);
    if (binding.stored) {
      return binding.stored.of(base).map((stored) => this.#storedNode(parent, schemaPath, stored));
    }
    if (binding.derived) {
      return binding.derived
        .rows(this)
        .map(({ identity, values }) =>
          row({ identity, section: undefined, item: values }, this.#instances.numberOf(base, identity, true)),
        )
        .sort((a, b) => a.instances.at(-1)! - b.instances.at(-1)!);
    }
    const mapped = binding.mapped;
    if (!mapped) return [];
    const numbered = rowsOf(mapped, parent, this.#tools).map((found) =>
      row(found, this.#instances.numberOf(base, found.identity, mapped.keep)),
    );
    return numbered
      .filter((node) => this.#isThere(node, mapped))
      .sort((a, b) => a.instances.at(-1)! - b.instances.at(-1)!);
  }

  #isThere(node: Node, { when }: CompiledObject): boolean {
    return !when || this.#values(when, node, node.binding.mapped!).length > 0;
  }

  #mappedValue(node: Node, mapped: CompiledObject, parameter: CompiledParameter): Evaluated {
    const { rule, definition } = parameter;
    if (rule.is !== undefined) return { value: rule.is };
    let failed: string | undefined;
    let values: unknown[] = [];
    for (const formula of parameter.expressions) {
      values = this.#values(
        formula,
        node,
        mapped,
        (reason) => {
          failed = reason;
        },
        parameter.section && sectionOf(parameter.section, this.#tools),
      );
      if (rule.missing !== undefined) values = values.filter((value) => value !== rule.missing);
      if (parameter.pick) values = picked(values, parameter.pick);
      if (values.length > 0) break;
    }
    if (values.length === 0 && rule.default !== undefined) {
      values = parameter.pick ? picked([rule.default], parameter.pick) : [rule.default];
    }
    const value =
      rule.as === 'ref'
        ? this.#reference(definition.type.list ? values : values.flat().slice(0, 1), rule.to!, rule.by)
        : toParameter(values, rule, definition, {
            now: this.#now,
            base: this.base(node, parameter),
          });
    if (value !== undefined && isPlausible(definition, value)) return { value };
    if (value !== undefined) failed = 'the source gave something of another type';
    const zero = zeroValue(definition);
    if (failed === undefined) return { value: zero };
    return { value: zero, fault: { kind: 'internal', message: failed, path: node.path + definition.name } };
  }

  #reference(values: readonly unknown[], to: string, by: string | undefined): string | undefined {
    const wanted = values
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .flatMap((value) => textOf(value) ?? []);
    if (wanted.length === 0) return undefined;
    const paths = wanted.flatMap((identity) => {
      const row = this.rowsOf(to).find((candidate) => this.#matches(candidate, by, identity));
      return row ? [row.path.slice(0, -1)] : [];
    });
    return paths.join(',');
  }

  #matches(row: Node, by: string | undefined, identity: string): boolean {
    if (by !== undefined) return (textOf(this.variable(row, by)) ?? '') === identity;
    // What UCI calls a section without a name holds for as long as the package is as it was read.
    return (
      row.identity === identity || (row.section?.section.anonymous && row.section.section.name === identity) === true
    );
  }

  /** What a value of the parameter is relative to: `of`. */
  base(node: Node, parameter: CompiledParameter): string | undefined {
    const value = parameter.base && this.#values(parameter.base, node, node.binding.mapped!)[0];
    return textOf(value);
  }

  /** Where a write of the parameter goes: the row's own section, or the one that its rule names. */
  sectionFor(node: Node, parameter: CompiledParameter): Node['section'] {
    return parameter.section ? sectionOf(parameter.section, this.#tools) : node.section;
  }

  /** The identity (or `by` variable) of the row that a reference names: what a write of the reference stores. */
  referenced(to: string, by: string | undefined, path: string): string | undefined {
    const row = this.rowsOf(to).find((candidate) => candidate.path === `${path}.`);
    if (!row) return undefined;
    return by === undefined ? row.identity : (textOf(this.variable(row, by)) ?? '');
  }

  /** The row that a reference names, where it stands for a section that has no name to be referred to by. */
  namelessRow(to: string, path: string): Node | undefined {
    const row = this.rowsOf(to).find((candidate) => candidate.path === `${path}.`);
    return row?.section?.section.anonymous ? row : undefined;
  }

  /** A `let` of the row or of one above it, or one of the built-in variables. */
  variable(node: Node, name: string): unknown {
    if (name === 'id') return node.section?.section.name ?? node.identity;
    if (name === 'item') return node.item;
    if (name === 'instance') return node.instances.at(-1);
    if (name === 'of') return node.keys?.at(-2);
    if (name === 'above') return node.around?.at(-2);
    if (name === 'parent') return node.parent && (node.parent.section?.section.name ?? node.parent.identity);
    for (let at: Node | undefined = node; at; at = at.parent) {
      const variable = at.binding.mapped?.variables.get(name);
      if (!variable) continue;
      if (at.variables.has(name)) return at.variables.get(name);
      const values = this.#values(variable.formula, at, at.binding.mapped!);
      const value = variable.all ? values : values[0];
      if (this.scope.settled) at.variables.set(name, value);
      return value;
    }
    return undefined;
  }

  #values(
    formula: Formula,
    node: Node,
    mapped: CompiledObject,
    failed?: (reason: string) => void,
    section?: Node['section'],
  ): unknown[] {
    return evaluateFormula(formula, this.#surroundings(node, mapped, failed, section ?? node.section));
  }

  #surroundings(
    node: Node,
    mapped: CompiledObject,
    failed: ((reason: string) => void) | undefined,
    section: Node['section'],
  ): Surroundings {
    return {
      option: (name) => section?.section.options.get(name),
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
    const asked = namedBy(source, (variable) => this.variable(node, variable));
    if (!asked) return undefined;
    const answer = this.scope.answer(asked, args as BlobTable);
    if (!answer) return undefined;
    if (answer.ok) return answer.value;
    failed?.(answer.reason);
    return undefined;
  }
}

/** Rows of stored tables have no `let`. */
const noVariables = new Map<string, unknown>();

/** @param base instance path of the table */
function foundNode(
  parent: Node,
  schemaPath: string,
  binding: Binding,
  base: string,
  { identity, section, item, keys = [], around = [], readOnly = false }: FoundRow,
  number: number,
): Node {
  return {
    path: `${base}${number}.`,
    schemaPath,
    instances: [...parent.instances, number],
    parent,
    binding,
    identity,
    section,
    item,
    keys,
    around,
    readOnly: readOnly || parent.readOnly === true,
    variables: new Map(),
  };
}

/** Instance path of a table below a row. */
function tableOf(parent: Node, schemaPath: string): string {
  return `${parent.path}${schemaPath.slice(parent.schemaPath.length).split('.')[0]}.`;
}

/** `hostapd.$ifname` names the object by a variable, `/sys/class/net/$ifname/mtu` the file. `undefined`: the variable has no value that could be a name. */
function namedBy(
  source: CompiledObject['sources'][string],
  variable: (name: string) => unknown,
): typeof source | undefined {
  const named = source.ubus?.[0] ?? source.file ?? '';
  if (!named.includes('$')) return source;
  let complete = true;
  const name = named.replace(/\$(\w+)/g, (_, of: string) => {
    const value = textOf(variable(of)) ?? '';
    complete &&= /^[\w.@:-]+$/.test(value) && value !== '..';
    return value;
  });
  if (!complete) return undefined;
  return source.ubus ? { ...source, ubus: [name, source.ubus[1]] } : { ...source, file: name };
}

/** Of each value what the pattern's group, or the whole of it, matches. */
function picked(values: readonly unknown[], pattern: RegExp): string[] {
  return values.flat().flatMap((value) => {
    const match = pattern.exec(textOf(value) ?? '');
    return match ? (match.length > 1 ? (match[1] ?? []) : match[0]) : [];
  });
}

export function declaredRow(node: Node): DeclaredRow {
  return { path: node.path, instances: node.instances, values: node.binding.stored?.row(node.path)?.values ?? {} };
}
