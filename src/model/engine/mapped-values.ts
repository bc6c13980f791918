import type { BlobTable } from '#platform';
import type { ModelFault } from '../api.ts';
import type { CompiledObject, CompiledParameter, Target } from '../mapping/compiled.ts';
import { toParameter, zeroValue } from '../mapping/convert.ts';
import { evaluateFormula, type Formula, type Surroundings, textOf } from '../mapping/expression.ts';
import type { SourceText } from '../mapping/grammar.ts';
import { isPlausible, withinRange } from '../mapping/plausible.ts';
import type { ReadScope } from '../mapping/read-scope.ts';
import type { Answer } from '../mapping/sources.ts';
import { isEnabled } from './listed-identity.ts';
import { type RowTools, sectionOf } from './mapped-rows.ts';
import type { Node } from './node.ts';

export interface Evaluated {
  readonly value: string;
  readonly fault?: ModelFault;
}

/** What mapped parameters, variables and conditions are worth at a node, in one read scope. */
export class MappedValues {
  readonly #scope: ReadScope;
  readonly #tools: RowTools;
  readonly #rowsOf: (schemaPath: string) => readonly Node[];
  /** Milliseconds since 1970, the same for all values of a request. */
  readonly #now: number;
  /** Of sources that are the same for every row. */
  readonly #answers = new Map<SourceText, Answer>();

  /** @param rowsOf all rows of a table anywhere, for references */
  constructor(scope: ReadScope, tools: RowTools, rowsOf: (schemaPath: string) => readonly Node[]) {
    this.#scope = scope;
    this.#tools = tools;
    this.#rowsOf = rowsOf;
    this.#now = scope.now;
  }

  of(node: Node, mapped: CompiledObject, parameter: CompiledParameter): Evaluated {
    const { rule, definition } = parameter;
    if (rule.is !== undefined) return { value: rule.is };
    let failed: string | undefined;
    let values: unknown[] = [];
    let given = false;
    for (const formula of parameter.expressions) {
      values = this.values(
        formula,
        node,
        mapped,
        (reason) => {
          failed = reason;
        },
        parameter.section && sectionOf(parameter.section, this.#tools),
      );
      if (rule.missing !== undefined) values = values.filter((value) => value !== rule.missing);
      given ||= values.length > 0;
      if (parameter.pick) values = picked(values, parameter.pick);
      // Of several tables a later expression may have the row that the earlier has not.
      if (parameter.targets.length > 1 && !this.reference(node, values, parameter)) values = [];
      if (values.length > 0) break;
    }
    // A list that is there without the item says that it is not among them.
    if (values.length === 0 && rule.default !== undefined && !(given && rule.put !== undefined)) {
      values = parameter.pick ? picked([rule.default], parameter.pick) : [rule.default];
    }
    const value =
      rule.as === 'ref'
        ? this.reference(node, definition.type.list ? values : values.flat().slice(0, 1), parameter)
        : toParameter(values, rule, definition, {
            now: this.#now,
            base: this.base(node, parameter),
          });
    if (value !== undefined && isPlausible(definition, value)) return { value: withinRange(definition, value) };
    if (value !== undefined) failed = 'the source gave something of another type';
    const zero = zeroValue(definition);
    if (failed === undefined) return { value: zero };
    return { value: zero, fault: { kind: 'internal', message: failed, path: node.path + definition.name } };
  }

  /**
   * Paths of the rows that are named, with commas; `undefined`: nothing is named. A table below the same row is meant as that row's own.
   * @param node whose parameter names them
   */
  reference(node: Node, values: readonly unknown[], { rule, targets }: CompiledParameter): string | undefined {
    const wanted = values
      .flatMap((value) => (Array.isArray(value) ? value : [value]))
      .flatMap((value) => textOf(value) ?? []);
    if (wanted.length === 0) return undefined;
    const paths = wanted.flatMap((identity) => {
      for (const target of targets) {
        const rows = this.#named(node, target, identity, rule.every === true);
        if (rows.length > 0) return rows.map((row) => row.path.slice(0, -1));
      }
      return [];
    });
    return paths.join(',');
  }

  #named({ parent }: Node, { table, by }: Target, identity: string, every: boolean): readonly Node[] {
    const own = parent?.schemaPath.endsWith('{i}.') && table.startsWith(parent.schemaPath) ? parent.path : undefined;
    const meant = (row: Node): boolean =>
      (own === undefined || row.path.startsWith(own)) && this.#matches(row, by, identity);
    if (every) return this.#rowsOf(table).filter(meant);
    const first = this.#rowsOf(table).find(meant);
    return first ? [first] : [];
  }

  #matches(row: Node, by: string | undefined, identity: string): boolean {
    if (by !== undefined) return (textOf(this.variable(row, by)) ?? '') === identity;
    // What UCI calls a section without a name holds for as long as the package is as it was read.
    return row.identity === identity || (isNameless(row) && row.section!.section.name === identity);
  }

  /** What a value of the parameter is relative to: `of`. */
  base(node: Node, parameter: CompiledParameter): string | undefined {
    return this.first(parameter.base, node);
  }

  /** The first value that one of the expressions gives. */
  first(formulas: readonly Formula[], node: Node): string | undefined {
    for (const formula of formulas) {
      const value = textOf(this.values(formula, node, node.binding.mapped!)[0]);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Where a write of the parameter goes: the row's own section, or the one that its rule names. */
  sectionFor(node: Node, parameter: CompiledParameter): Node['section'] {
    return parameter.section ? sectionOf(parameter.section, this.#tools) : node.section;
  }

  /** The identity (or `by` variable) of the row that a reference names: what a write of the reference stores, and what reads as that row. */
  referenced(targets: readonly Target[], path: string): string | undefined {
    const found = this.#rowAt(targets, path);
    if (!found) return undefined;
    const { row, at } = found;
    const { by, readOnly } = targets[at]!;
    if (readOnly) return undefined;
    const identity = by === undefined ? row.identity : (textOf(this.variable(row, by)) ?? '');
    // What goes by its own name is the only one in its table.
    const alike = targets.slice(0, by === undefined ? at : at + 1);
    const first = alike.flatMap(
      (target) => this.#rowsOf(target.table).find((other) => this.#matches(other, target.by, identity)) ?? [],
    )[0];
    return identity !== '' && (first === undefined || first === row) ? identity : undefined;
  }

  /** The row that a reference names, where it stands for a section that has no name to be referred to by. */
  namelessRow(targets: readonly Target[], path: string): Node | undefined {
    const found = this.#rowAt(targets, path);
    if (!found || !isNameless(found.row)) return undefined;
    const { by, readOnly } = targets[found.at]!;
    return by === undefined && !readOnly ? found.row : undefined;
  }

  /** Whether what a reference names is there and nothing that a write could name. */
  isReadOnly(targets: readonly Target[], path: string): boolean {
    return this.#rowAt(targets, path)?.row.readOnly === true;
  }

  #rowAt(targets: readonly Target[], path: string): { row: Node; at: number } | undefined {
    for (const [at, { table }] of targets.entries()) {
      const row = this.#rowsOf(table).find((candidate) => candidate.path === `${path}.`);
      if (row) return { row, at };
    }
    return undefined;
  }

  /** A `let` of the row or of one above it, or one of the built-in variables. */
  variable(node: Node, name: string): unknown {
    if (name === 'id') return node.section?.section.name ?? node.identity;
    if (name === 'item') return node.item;
    if (name === 'instance') return node.instances.at(-1);
    if (name === 'position') return node.position;
    if (name === 'listed') return isEnabled(node.identity) ? '1' : '0';
    if (name === 'of') return node.keys?.at(-2);
    if (name === 'above') return node.around?.at(-2);
    if (name === 'parent') return node.parent && (node.parent.section?.section.name ?? node.parent.identity);
    for (let at: Node | undefined = node; at; at = at.parent) {
      const variable = at.lets?.get(name) ?? at.binding.mapped?.variables.get(name);
      if (!variable) continue;
      if (at.variables?.has(name)) return at.variables.get(name);
      const before = this.#scope.missed;
      const values = this.values(variable.formula, at, at.binding.mapped!);
      const value = variable.all ? values : values[0];
      if (this.#scope.missed === before) {
        at.variables ??= new Map();
        at.variables.set(name, value);
      }
      return value;
    }
    return undefined;
  }

  values(
    formula: Formula,
    node: Node,
    mapped: CompiledObject,
    failed?: (reason: string) => void,
    section?: Node['section'],
  ): unknown[] {
    return evaluateFormula(formula, this.surroundings(node, mapped, failed, section ?? node.section));
  }

  surroundings(
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
    if (source.uci) return this.#scope.uciTable(source.uci);
    const answer = this.#answers.get(source) ?? this.#ask(source, node);
    if (!answer) return undefined;
    if (answer.ok) return answer.value;
    failed?.(answer.reason);
    return undefined;
  }

  #ask(source: SourceText, node: Node): Answer | undefined {
    let fixed = true;
    const args: Record<string, string | number | boolean> = {};
    for (const [key, value] of Object.entries(source.args ?? {})) {
      if (typeof value !== 'string' || !value.startsWith('$')) {
        args[key] = value;
        continue;
      }
      fixed = false;
      const resolved = this.variable(node, value.slice(1));
      if (typeof resolved !== 'string' && typeof resolved !== 'number') return undefined;
      args[key] = resolved;
    }
    const asked = namedBy(source, (variable) => this.variable(node, variable));
    if (!asked) return undefined;
    const answer = this.#scope.answer(asked, args as BlobTable);
    if (answer && fixed && asked === source) this.#answers.set(source, answer);
    return answer;
  }
}

/** It stands for a section without a name, and not for something inside one. */
const isNameless = ({ section, item }: Node): boolean => item === undefined && section?.section.anonymous === true;

/** `hostapd.$ifname` names the object by a variable, `/sys/class/net/$ifname/mtu` the file. `undefined`: the variable has no value that could be a name. */
function namedBy(source: SourceText, variable: (name: string) => unknown): SourceText | undefined {
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
