import type { ModelFault } from '../api.ts';
import type { Node } from './node.ts';
import type { Plan } from './plan.ts';
import type { StoredRow } from './stored.ts';
import type { Tree } from './tree.ts';

/**
 * Unique keys (TR-106 section 2.3.3.6) of the tables that the model keeps itself; by index, whatever their size.
 * @param tablePath instance path of the table
 */
export function storedKeyTaken(tree: Tree, node: Node, tablePath: string, plan: Plan): ModelFault | undefined {
  const { stored } = node.binding;
  const definition = tree.definition(node.schemaPath);
  const row = plan.storedRows.get(node.path);
  if (!stored || !definition || !row) return undefined;
  for (const { parameters } of definition.uniqueKeys) {
    if (!parameters.every((name) => stored.columns.has(name))) continue;
    const values = valuesOf(row, parameters);
    const key = `${tablePath} ${parameters.join()} ${values}`;
    const holder = plan.keys.get(key);
    const byOther = holder !== undefined && holder !== row.path && plan.storedRows.has(holder);
    // The last parameter of a key tells most: `ID` in `Recipient, ID`.
    const last = parameters.at(-1)!;
    let taken = byOther;
    for (const other of stored.having(tablePath, last, row.values[last] ?? '')) {
      taken ||=
        other.path !== row.path &&
        !plan.storedGone.has(other.path) &&
        valuesOf(plan.storedRows.get(other.path) ?? other, parameters) === values;
    }
    if (taken) {
      const message = `another row has the same ${parameters.join(', ')}`;
      return { kind: 'duplicate-key', message, path: node.path };
    }
    plan.keys.set(key, row.path);
  }
  return undefined;
}

const valuesOf = ({ values }: StoredRow, names: readonly string[]): string =>
  names.length === 1 ? (values[names[0]!] ?? '') : JSON.stringify(names.map((name) => values[name] ?? ''));
