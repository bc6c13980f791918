import { splitList } from '../validate/index.ts';
import type { Evaluator } from './evaluate.ts';
import type { DerivedTable, Tree } from './tree.ts';

export const interfaceStack = 'Device.InterfaceStack.{i}.';

/** `Device.InterfaceStack.{i}.` (TR-181 section 4.2): one row for each link from an interface to one below it, as their LowerLayers say. */
export function interfaceStackOf(tree: Tree): DerivedTable {
  return {
    columns: new Set(['HigherLayer', 'LowerLayer', 'HigherAlias', 'LowerAlias']),
    rows(evaluator) {
      const layered = [...tree.paths].filter((path) => {
        const binding = tree.binding(path);
        return binding?.mapped?.maps('LowerLayers') || binding?.stored?.columns.has('LowerLayers');
      });
      const interfaces = new Map(
        layered.flatMap((path) => evaluator.rowsOf(path)).map((row) => [row.path.slice(0, -1), row]),
      );
      const alias = (path: string): string => {
        const row = interfaces.get(path);
        return row ? evaluator.value('usp', row, 'Alias').value : '';
      };
      return [...interfaces].flatMap(([higher, row]) =>
        splitList(lowerLayersOf(evaluator, row)).map((lower) => ({
          identity: `${higher} ${lower}`,
          values: { HigherLayer: higher, LowerLayer: lower, HigherAlias: alias(higher), LowerAlias: alias(lower) },
        })),
      );
    },
  };
}

const lowerLayersOf = (evaluator: Evaluator, row: Parameters<Evaluator['value']>[1]): string =>
  evaluator.value('usp', row, 'LowerLayers').value;
