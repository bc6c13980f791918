import { ok, type Result, refused } from '#base';
import type { Model, ModelFault, ObjectWritten, ParameterRefusal, Write, WriteOutcome, WriteRefused } from '#model';
import { isSecurityPart, toTr181 } from './convert.ts';
import type { Look } from './look.ts';
import { type Bindings, placeOf, type SecurityPart, schemaPlaceOf } from './rules.ts';
import { readSecurity, writeSecurity } from './security.ts';
import { tr098 } from './table.ts';
import type { Leaf, Node, Tree } from './tree.ts';

/** A write of TR-098 in terms of TR-181. */
export interface Translated {
  /** In order; none when it was refused here. */
  readonly writes: readonly Write[];
  /** Path in TR-181 → the paths in TR-098 that wanted it. */
  readonly wanted: ReadonlyMap<string, readonly string[]>;
  readonly refusals: readonly ParameterRefusal[];
  readonly fault: ModelFault | undefined;
}

const fault = (kind: ModelFault['kind'], message: string, path: string): ModelFault => ({ kind, message, path });
const refusedWhole = (given: ModelFault): Translated => ({
  writes: [],
  wanted: new Map(),
  refusals: [],
  fault: given,
});

/** @param model tells which parameters of a new row can be written */
export function translate(write: Write, tree: Tree, look: Look, model: Model): Translated {
  switch (write.op) {
    case 'set':
      return translateSet(write, tree, look);
    case 'add':
      // Rows of TR-098 have no Alias to be made by, and come with their defaults.
      return write.parameters.length > 0
        ? refusedWhole(fault('no-instance', 'no such row', write.path))
        : translateAdd(write.path, tree, model);
    case 'delete': {
      const node = tree.node(write.path);
      if (!node) return refusedWhole(fault('no-instance', 'no such row', write.path));
      const row = node.rule.remove && node.bindings[node.rule.remove];
      if (row === undefined || !node.info.deletable) {
        return refusedWhole(fault('not-deletable', 'this can not be deleted', write.path));
      }
      return { writes: [{ op: 'delete', path: row }], wanted: new Map(), refusals: [], fault: undefined };
    }
  }
}

function translateSet(write: Extract<Write, { op: 'set' }>, tree: Tree, look: Look): Translated {
  const node = tree.node(write.path);
  if (!node) return refusedWhole(fault('no-instance', 'no such object', write.path));
  const refusals: ParameterRefusal[] = [];
  const wanted = new Map<string, string[]>();
  const values = new Map<string, string>();
  const want = (place: string, value: string, name: string): void => {
    values.set(place, value);
    wanted.set(place, [...(wanted.get(place) ?? []), write.path + name]);
  };
  const refuse = (name: string, kind: ModelFault['kind'], message: string): void => {
    const path = write.path + name;
    refusals.push({ path, fault: fault(kind, message, path) });
  };
  const security = new Map<SecurityPart, { readonly name: string; readonly value: string; readonly place: string }>();
  for (const { name, value } of write.parameters) {
    const leaf = node.leaves.find(({ info }) => info.name === name);
    if (!leaf) refuse(name, 'unsupported-path', 'no such parameter');
    else if (!leaf.info.writable || leaf.place === undefined) refuse(name, 'not-writable', 'can not be written');
    else if (leaf.rule.as !== undefined && isSecurityPart(leaf.rule.as)) {
      security.set(leaf.rule.as, { name, value, place: leaf.place });
    } else {
      // Several items of one list can be written at once.
      const current = values.get(leaf.place) ?? look.value(leaf.place);
      const converted = leaf.rule.as === undefined ? value : toTr181(leaf.rule.as, value, current, tree);
      if (converted === undefined) refuse(name, 'invalid-value', 'has no counterpart on this device');
      else for (const place of [leaf.place, ...besides(leaf, node.bindings)]) want(place, converted, name);
    }
  }
  const [first] = security.values();
  if (first) {
    const parts = new Map([...security].map(([part, { value }]) => [part, value]));
    const mode = writeSecurity(look.value(first.place), parts);
    for (const [part, { name, value, place }] of security) {
      // What the mode can not say, such as another cipher than its own, is refused rather than forgotten.
      if (mode === undefined || readSecurity(mode, part) !== value) {
        refuse(name, 'invalid-value', 'does not go with the security mode on this device');
      } else want(place, mode, name);
    }
  }
  const byObject = new Map<string, { name: string; value: string; required: boolean }[]>();
  for (const [place, value] of values) {
    const object = place.slice(0, place.lastIndexOf('.') + 1);
    const parameters = byObject.get(object) ?? [];
    parameters.push({ name: place.slice(object.length), value, required: true });
    byObject.set(object, parameters);
  }
  return {
    writes: [...byObject].map(([path, parameters]) => ({ op: 'set', path, parameters })),
    wanted,
    refusals,
    fault: refusals.length > 0 ? refusals[0]!.fault : undefined,
  };
}

const besides = ({ rule }: Leaf, bindings: Bindings): string[] =>
  (rule.also ?? []).flatMap((at) => placeOf(at, bindings) ?? []);

function translateAdd(path: string, tree: Tree, model: Model): Translated {
  const found = tableAt(tree, path);
  if (!found) return refusedWhole(fault('not-a-table', 'rows are added to a table', path));
  const { parent, schemaPath } = found;
  const rule = tr098[schemaPath]!;
  const table = rule.add === undefined ? undefined : placeOf(rule.add, parent.bindings);
  const info = table === undefined ? undefined : model.supported('cwmp').object(`${schemaPlaceOf(rule.add!)}{i}.`);
  if (!info?.creatable) return refusedWhole(fault('not-creatable', 'rows can not be added', path));
  const parameters = Object.entries(rule.addWith ?? {}).flatMap(([name, binding]) => {
    const row = placeOf(`${binding}.`, parent.bindings);
    const writable = info.parameters.some((parameter) => parameter.name === name && parameter.writable);
    return row !== undefined && writable ? [{ name, value: row.slice(0, -1), required: true }] : [];
  });
  return { writes: [{ op: 'add', path: table!, parameters }], wanted: new Map(), refusals: [], fault: undefined };
}

/** The object that a table is in, and the schema path of its rows. @param path with its dot, without a row */
export function tableAt(tree: Tree, path: string): { parent: Node; schemaPath: string } | undefined {
  const parent = tree.node(path.replace(/[^.]+\.$/, ''));
  if (!parent) return undefined;
  const schemaPath = `${parent.schemaPath}${path.slice(parent.path.length)}{i}.`;
  return parent.tables.has(schemaPath) ? { parent, schemaPath } : undefined;
}

/** What TR-181 said to the parts of one write, said of the write itself. @param rows paths of what was written, in TR-098 */
export function answerOf(
  requested: Write,
  translated: Translated,
  parts: readonly WriteOutcome[],
  rows: readonly string[],
): WriteOutcome {
  const refusals = [...translated.refusals];
  let whole = translated.fault;
  for (const { result } of parts) {
    if (result.ok) continue;
    whole ??= { ...result.fault.fault, path: requested.path };
    for (const refusal of result.fault.refusals) {
      for (const path of translated.wanted.get(refusal.path) ?? []) {
        refusals.push({ path, fault: { ...refusal.fault, path } });
      }
    }
  }
  const result: Result<readonly ObjectWritten[], WriteRefused> = whole
    ? refused({ fault: whole, refusals })
    : ok(
        rows.map((path) => ({
          path,
          parameters: requested.op === 'set' ? requested.parameters.map(({ name, value }) => ({ name, value })) : [],
          refusals: [],
          uniqueKeys: {},
        })),
      );
  return { requested, result };
}
