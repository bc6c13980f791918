import type { ModelFault } from '../api.ts';
import type { ObjectDefinition, UniqueKey } from '../schema/index.ts';
import type { Node } from './node.ts';
import type { Plan } from './plan.ts';
import type { Reading } from './read.ts';

/**
 * Unique keys of mapped tables (TR-106 section 2.3.3.6): a functional key binds enabled rows only, and a key with an empty value binds nobody. What the other
 * rows have is read once for a transaction and table, so that a thousand writes do not look at each other one by one.
 */
export class MappedKeys {
  readonly #reading: Reading;
  /** By table and key: the rows as they are on the device, by the key's values. */
  readonly #present = new Map<string, Map<string, string[]>>();

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** @param tablePath instance path of the table */
  taken(node: Node, tablePath: string, plan: Plan): ModelFault | undefined {
    const { tree, view } = this.#reading;
    const definition = tree.definition(node.schemaPath);
    const info = tree.supported(view.protocol).object(node.schemaPath);
    if (!definition?.table || !info) return undefined;
    for (const key of definition.uniqueKeys) {
      // A key that is not supported as a whole can not be held; the Alias has its own check.
      const supported = key.parameters.every((name) => info.parameters.some((parameter) => parameter.name === name));
      if (!supported || key.parameters.includes('Alias')) continue;
      // Nothing of it is written: what is there stays as good as it was.
      const touched = [...key.parameters, definition.enableParameter ?? ''].some((name) =>
        plan.values.has(node.path + name),
      );
      if (!touched) continue;
      const values = this.#valuesOf(node, key, definition, plan);
      if (values === undefined) continue;
      const entry = `${tablePath} ${key.parameters.join()} ${values}`;
      const holder = plan.keys.get(entry);
      const staged = holder !== undefined && holder !== node.path;
      const present = this.#presentRows(node, tablePath, key, definition).get(values) ?? [];
      const conflict = present.find((path) => path !== node.path && this.#stillHas(path, key, definition, plan));
      if (staged || conflict !== undefined) {
        const message = `another row has the same ${key.parameters.join(', ')}`;
        return { kind: 'duplicate-key', message, path: node.path };
      }
      plan.keys.set(entry, node.path);
    }
    return undefined;
  }

  /** Rows of the table by the values of the key, before this transaction. */
  #presentRows(node: Node, tablePath: string, key: UniqueKey, definition: ObjectDefinition): Map<string, string[]> {
    const name = `${tablePath} ${key.parameters.join()}`;
    const known = this.#present.get(name);
    if (known) return known;
    const rows = new Map<string, string[]>();
    this.#present.set(name, rows);
    const siblings = node.parent ? this.#reading.evaluator.children(node.parent, node.schemaPath) : [];
    for (const sibling of siblings) {
      const values = this.#valuesOf(sibling, key, definition, undefined);
      if (values !== undefined) rows.set(values, [...(rows.get(values) ?? []), sibling.path]);
    }
    return rows;
  }

  /** A row that this transaction deletes, disables or gives other values no longer holds the key. */
  #stillHas(path: string, key: UniqueKey, { enableParameter = '' }: ObjectDefinition, plan: Plan): boolean {
    const off = key.functional && plan.values.get(path + enableParameter) === 'false';
    return !off && !plan.gone.has(path) && !key.parameters.some((name) => plan.values.has(path + name));
  }

  /** `undefined`: the key does not bind this row. */
  #valuesOf(node: Node, key: UniqueKey, definition: ObjectDefinition, plan: Plan | undefined): string | undefined {
    const { evaluator, view } = this.#reading;
    const value = (name: string): string =>
      plan?.values.get(node.path + name) ?? evaluator.value(view.protocol, node, name).value;
    const { enableParameter } = definition;
    if (key.functional && enableParameter !== undefined && value(enableParameter) !== 'true') return undefined;
    const values = key.parameters.map(value);
    return values.includes('') ? undefined : JSON.stringify(values);
  }
}
