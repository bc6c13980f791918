import { type ObjectRule, schemaPlaceOf } from './rules.ts';
import { tr098 } from './table.ts';
import { childrenOf, root, rulesOf } from './tree.ts';

export interface Needs {
  /** Paths of TR-181 to read. */
  readonly roots: ReadonlySet<string>;
  readonly withStack: boolean;
}

/** What has to be read of TR-181 for these paths of TR-098; a path that is none needs nothing. */
export function needsOf(paths: readonly string[]): Needs {
  const roots = new Set<string>();
  let withStack = false;
  const rowsOf = (rule: ObjectRule): void => {
    if (rule.rows === undefined || rule.rows === 'one') return;
    if ('stack' in rule.rows) withStack = true;
    else roots.add(tableOf(rule.rows.each));
  };
  for (const requested of paths) {
    if (requested !== '' && !requested.startsWith(root)) continue;
    const schemaPath = `${requested.slice(root.length).replace(/[^.]*$/, '')}`.replace(
      /(^|\.)[1-9][0-9]*(?=\.)/g,
      '$1{i}',
    );
    for (const [path, rule] of Object.entries(tr098)) {
      if (schemaPath.startsWith(path)) rowsOf(rule);
      // A leaf needs its own object only, an object everything below it; a table is a prefix of its rows.
      if (requested === '' || requested.endsWith('.') ? !path.startsWith(schemaPath) : path !== schemaPath) continue;
      rowsOf(rule);
      if (rule.when !== undefined) withStack = true;
      for (const [, { at, as, count }] of rulesOf(rule)) {
        // A path can be of any row.
        if (as === 'path') withStack = true;
        if (at !== undefined) roots.add(tableOf(at));
        if (count === undefined) continue;
        const child = childrenOf.get(path)?.find((name) => name === `${path}${count}.{i}.`);
        if (child) rowsOf(tr098[child]!);
      }
    }
  }
  return { roots, withStack };
}

/** The object or, for what is in a row, the outermost table. */
function tableOf(at: string): string {
  const place = schemaPlaceOf(at);
  const row = place.indexOf('{i}');
  return row >= 0 ? place.slice(0, row) : place.slice(0, place.lastIndexOf('.') + 1);
}
