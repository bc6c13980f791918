import type { ModelFault, Origin } from '../api.ts';
import { textOf } from '../mapping/expression.ts';
import { parentObjectPath, tablePathOf } from '../path/index.ts';
import type { Instances } from './instances.ts';
import { foundNode, type Node, storedNode } from './node.ts';
import { changesOf, type Plan } from './plan.ts';
import type { Reading } from './read.ts';
import type { SectionNames } from './section-names.ts';
import type { ItemStager } from './stage-items.ts';
import type { StoredRow, StoredRows } from './stored.ts';
import type { Binding } from './tree.ts';

/** Rows that come and go by a plan. */
export class RowStager {
  readonly #reading: Reading;
  readonly #origin: Origin;
  readonly #instances: Instances;
  readonly #names: SectionNames;
  readonly #items: ItemStager;
  readonly #schemaDefaults = new Map<string, Record<string, string>>();

  constructor(reading: Reading, origin: Origin, instances: Instances, names: SectionNames, items: ItemStager) {
    this.#reading = reading;
    this.#origin = origin;
    this.#instances = instances;
    this.#names = names;
    this.#items = items;
  }

  /** A new row, with its defaults. @param tablePath instance path of the table */
  add(parent: Node, schemaPath: string, tablePath: string, plan: Plan): Node {
    const binding = this.#reading.tree.binding(schemaPath)!;
    if (binding.mapped?.rows.kind === 'listed') return this.#items.add(parent, schemaPath, tablePath, binding, plan);
    return binding.stored
      ? this.#addStored(parent, schemaPath, tablePath, binding, binding.stored, plan)
      : this.#addSection(parent, schemaPath, tablePath, binding, plan);
  }

  #addStored(
    parent: Node,
    schemaPath: string,
    tablePath: string,
    binding: Binding,
    stored: StoredRows,
    plan: Plan,
  ): Node {
    const number = stored.takeNumber();
    const values = { ...this.#defaults(schemaPath, stored) };
    if (stored.columns.has('Alias')) values.Alias = `cpe-${number}`;
    Object.assign(values, stored.declaration.defaults?.(this.#origin));
    const row: StoredRow = { path: `${tablePath}${number}.`, instances: [...parent.instances, number], values };
    plan.storedRows.set(row.path, row);
    return storedNode(parent, schemaPath, binding, row);
  }

  /** What the schema gives to every new row. */
  #defaults(schemaPath: string, { columns }: StoredRows): Record<string, string> {
    let values = this.#schemaDefaults.get(schemaPath);
    if (!values) {
      values = {};
      const definition = this.#reading.tree.definition(schemaPath)!;
      for (const column of columns) {
        const parameter = definition.parameter(column);
        if (parameter?.default?.kind === 'object') values[column] = parameter.default.value;
      }
      this.#schemaDefaults.set(schemaPath, values);
    }
    return values;
  }

  #addSection(parent: Node, schemaPath: string, tablePath: string, binding: Binding, plan: Plan): Node {
    const { rows, keep, add } = binding.mapped!;
    if (rows.kind !== 'sections') throw new Error('only sections can be added');
    // Rows that nobody has looked at yet get their numbers before the new one does.
    const present = this.#reading.evaluator.children(parent, schemaPath);
    const name = this.#names.fresh(rows.type);
    const number = this.#instances.numberOf(tablePath, name, keep);
    plan.created.push({ table: tablePath, identity: name });
    const changes = changesOf(plan, rows.package);
    changes.push({ op: 'add', section: name, type: rows.type });
    const options = new Map<string, string>();
    for (const [option, text] of Object.entries(add ?? {})) {
      const [, next] = /^\$next:(.+)$/.exec(text) ?? [];
      const made = next ? this.#next(next, present, tablePath, plan) : this.#added(text, parent, plan);
      const value = text === '$self' ? name : made;
      if (value === '') continue;
      changes.push({ op: 'set', section: name, option, value });
      options.set(option, value);
    }
    const section = { name, type: rows.type, anonymous: false, index: -1, options };
    const found = { identity: name, section: { package: rows.package, section }, item: undefined };
    return foundNode(parent, schemaPath, binding, tablePath, found, number);
  }

  /** One more than the largest value of a parameter in the rows of the table, those of this plan counted. */
  #next(parameter: string, present: readonly Node[], tablePath: string, plan: Plan): string {
    const { evaluator, view } = this.#reading;
    const values = present.map((row) => Number(evaluator.value(view.protocol, row, parameter).value) || 0);
    const created = plan.created.filter(({ table }) => table === tablePath).length;
    return String(values.reduce((most, value) => Math.max(most, value), 0) + created);
  }

  /** What `add` says of an option: a text, or a variable of the row around. */
  #added(text: string, parent: Node, plan: Plan): string {
    if (!text.startsWith('$')) return text;
    if (text === '$parent') return parent.section ? this.#names.of(parent, plan) : parent.identity;
    return textOf(this.#reading.evaluator.mapped.variable(parent, text.slice(1))) ?? '';
  }

  /** The row comes to be in this plan. */
  isNew(node: Node, plan: Plan): boolean {
    const { stored } = node.binding;
    if (stored) return stored.row(node.path) === undefined;
    return plan.created.some(({ identity }) => identity === node.identity);
  }

  /** Rows below whose sections say that they are of this row: they mean nothing without it. */
  #belonging(node: Node, plan: Plan): readonly Node[] {
    const { tree, evaluator } = this.#reading;
    return [...tree.paths]
      .filter((path) => path.startsWith(node.schemaPath) && parentObjectPath(path) === node.schemaPath)
      .filter((path) => {
        const mapped = tree.binding(path)?.mapped;
        return mapped?.add && mapped.rows.kind === 'sections' && mapped.rows.conditions.length > 0;
      })
      .flatMap((path) => evaluator.children(node, path))
      .filter(({ section, readOnly }) => !readOnly && section && section.section !== node.section!.section)
      .filter(({ path }) => !plan.gone.has(path));
  }

  /** @returns why the row is not to be deleted by who asks for it */
  mayGo({ path, schemaPath }: Node): ModelFault | undefined {
    const { tree, view } = this.#reading;
    const info = tree.supported(view.protocol).object(schemaPath);
    if (!info?.table) return { kind: 'not-a-table', message: 'only rows are deleted', path };
    if (!info.deletable) return { kind: 'not-deletable', message: 'this row can not be deleted', path };
    const allowed = view.access?.allows('InstantiatedObj', 'w', path) ?? true;
    return allowed ? undefined : { kind: 'denied', message: 'not permitted', path };
  }

  /** @returns why it can not: the device made the row itself */
  remove(node: Node, plan: Plan): ModelFault | undefined {
    const { binding, section, path } = node;
    if (binding.stored) {
      plan.storedGone.add(path);
      plan.storedRows.delete(path);
      return undefined;
    }
    const listed = binding.mapped?.rows.kind === 'listed';
    if (node.readOnly || !(listed || section))
      return { kind: 'not-deletable', message: 'the device made this row itself', path };
    if (listed) {
      this.#items.remove(node, plan);
      return undefined;
    }
    for (const row of this.#belonging(node, plan)) this.remove(row, plan);
    plan.gone.add(path);
    const name = this.#names.of(node, plan);
    changesOf(plan, section!.package).push({ op: 'delete', section: name });
    const identity = section!.section.anonymous ? name : node.identity;
    plan.effects.push(() => this.#instances.drop(tablePathOf(path), identity));
    return undefined;
  }
}
