import type { Origin } from '../api.ts';
import { textOf } from '../mapping/expression.ts';
import { tablePathOf } from '../path/index.ts';
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
    this.#reading.evaluator.children(parent, schemaPath);
    const name = this.#names.fresh(rows.type);
    const number = this.#instances.numberOf(tablePath, name, keep);
    plan.created.push({ table: tablePath, identity: name });
    const changes = changesOf(plan, rows.package);
    changes.push({ op: 'add', section: name, type: rows.type });
    const options = new Map<string, string>();
    for (const [option, text] of Object.entries(add ?? {})) {
      const value = this.#added(text, parent, plan);
      if (value === '') continue;
      changes.push({ op: 'set', section: name, option, value });
      options.set(option, value);
    }
    const section = { name, type: rows.type, anonymous: false, index: -1, options };
    const found = { identity: name, section: { package: rows.package, section }, item: undefined };
    return foundNode(parent, schemaPath, binding, tablePath, found, number);
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

  /** @returns false: the device made the row itself */
  remove(node: Node, plan: Plan): boolean {
    if (node.binding.stored) {
      plan.storedGone.add(node.path);
      plan.storedRows.delete(node.path);
      return true;
    }
    if (node.readOnly) return false;
    if (node.binding.mapped?.rows.kind === 'listed') {
      this.#items.remove(node, plan);
      return true;
    }
    if (!node.section) return false;
    plan.gone.add(node.path);
    const section = this.#names.of(node, plan);
    changesOf(plan, node.section.package).push({ op: 'delete', section });
    const identity = node.section.section.anonymous ? section : node.identity;
    plan.effects.push(() => this.#instances.drop(tablePathOf(node.path), identity));
    return true;
  }
}
