import { ok, type Result, refused } from '#base';
import type { Model, ModelFault, Origin, Write } from '#model';
import { AliasResolver, type MissingRow } from './instance-names.ts';
import { acsView } from './verbs/verb.ts';

/** Tables in tables: more levels than any path of TR-181 has. */
const depthLimit = 6;

/** A name of SetParameterValues with its rows by number, or as a parameter of a row that is made with it. */
export type Target = { readonly path: string } | { readonly missing: MissingRow };

export interface Targets {
  readonly of: ReadonlyMap<string, Target>;
  /** Deletes the rows that had to be made before the values could be written. */
  readonly undo: () => Promise<void>;
}

/**
 * Finds where the values of SetParameterValues go, making the rows that an alias names and that are not there (TR-069 A.3.2.1,
 * AutoCreateInstances). A row whose own parameters are all that is set comes to be in the same write; one of whose parts are set is made
 * before, and deleted again by `undo`.
 */
export async function findTargets(
  model: Model,
  names: readonly string[],
  autoCreate: boolean,
  origin: Origin,
  signal: AbortSignal,
): Promise<Result<Targets, { readonly name: string; readonly fault: ModelFault }>> {
  const made: string[] = [];
  const undo = async (): Promise<void> => {
    const writes = made.splice(0).map((path): Write => ({ op: 'delete', path }));
    if (writes.length > 0) await model.write(acsView, writes.reverse(), { origin, partial: true });
  };
  for (let depth = 0; depth < depthLimit; depth++) {
    const resolver = new AliasResolver(model);
    const of = new Map<string, Target>();
    for (const name of names) of.set(name, await resolver.resolve(name));
    const missing = [...of].flatMap(([name, target]) => ('missing' in target ? [{ name, row: target.missing }] : []));
    const first = missing[0];
    if (first && !autoCreate) {
      return refused({ name: first.name, fault: { kind: 'no-instance', message: 'no row has this alias' } });
    }
    const before = missing.find(({ row }) => row.rest.includes('.'));
    if (!before) return ok({ of, undo });
    const { table, alias } = before.row;
    const add: Write = { op: 'add', path: table, parameters: [{ name: 'Alias', value: alias, required: true }] };
    const answer = await model.write(acsView, [add], { origin, partial: false, signal });
    const { result } = answer.outcomes[0]!;
    const row = result.ok ? result.value[0] : undefined;
    if (!row) {
      await undo();
      const kind = result.ok ? 'no-instance' : (result.fault.refusals[0]?.fault ?? result.fault.fault).kind;
      return refused({ name: before.name, fault: { kind, message: 'the row can not be made' } });
    }
    made.push(row.path);
  }
  await undo();
  return refused({ name: names[0]!, fault: { kind: 'path-syntax', message: 'too many aliases in a path' } });
}
