import { ok, type Result, refused } from '#base';
import type {
  Access,
  InstanceReading,
  ModelFault,
  NameReading,
  ObjectInfo,
  ObjectReading,
  ParameterInfo,
  ParameterReading,
  PathReading,
  ReadOptions,
  View,
} from '../api.ts';
import { toSchemaPath } from '../path/index.ts';
import type { Evaluator } from './evaluate.ts';
import type { Node } from './node.ts';
import { resolvePath } from './resolve.ts';
import type { Tree } from './tree.ts';

/** What a request is answered from. */
export interface Reading {
  readonly tree: Tree;
  readonly evaluator: Evaluator;
  readonly view: View;
  /** Who chooses rows by searches and references, where that is not whom the view is of. */
  readonly chooser?: Access;
  /** Objects that an earlier pass has read with every answer that they want. */
  readonly whole: Map<Node, ObjectReading[]>;
}

/** One path after the other, as far as the limit goes. */
export function readPaths(reading: Reading, paths: readonly string[], options: ReadOptions): PathReading[] {
  const { maxDepth = 0, limit = Number.POSITIVE_INFINITY } = options;
  let left = limit;
  const beyond = refused<ModelFault>({ kind: 'resources', message: 'more is asked for than one answer takes' });
  return paths.map((requested) => {
    if (left < 0) return { requested, result: beyond };
    const read = readPath(reading, requested, maxDepth);
    left--;
    if (read.result.ok) for (const { parameters } of read.result.value) left -= parameters.length;
    return left < 0 ? { requested, result: beyond } : read;
  });
}

/** @param maxDepth levels of objects below the path; 0: all */
export function readPath(reading: Reading, requested: string, maxDepth: number): PathReading {
  const { tree, evaluator, view } = reading;
  const resolved = resolvePath(tree, evaluator, view.protocol, requested, reading.chooser ?? view.access);
  if (!resolved.ok) return { requested, result: resolved };
  const { nodes, leaf, table, schemaPath, searching } = resolved.value;
  const supported = tree.supported(view.protocol);
  const asked = { requested, schemaPath, searching, ...(leaf.kind === 'parameter' && { parameter: leaf.name }) };
  if (leaf.kind === 'command' || leaf.kind === 'event') {
    return { requested, result: refused({ kind: 'unsupported-path', message: 'not a parameter', path: requested }) };
  }
  if (leaf.kind === 'parameter') {
    const info = supported.object(schemaPath)?.parameters.find((parameter) => parameter.name === leaf.name);
    if (!info) {
      const object = `${schemaPath}${leaf.name}.`;
      const message =
        (supported.object(object) ?? supported.object(`${object}{i}.`))
          ? `${object} is an object: its path ends with a dot`
          : `${toSchemaPath(schemaPath)}${leaf.name} is not supported`;
      return { requested, result: refused({ kind: 'unsupported-path', message, path: requested }) };
    }
    const objects = nodes.flatMap((node) => readObject(reading, node, [info]));
    return { requested, result: withheld(reading, asked, nodes, objects) ?? ok(objects) };
  }
  const starts = table.length > 0 ? table.flatMap(({ parent }) => evaluator.children(parent, schemaPath)) : nodes;
  const objects: ObjectReading[] = [];
  for (const node of starts) collect(reading, node, maxDepth === 0 ? Number.POSITIVE_INFINITY : maxDepth, objects);
  return { requested, result: withheld(reading, asked, starts, objects) ?? ok(objects) };
}

interface Asked {
  readonly requested: string;
  readonly schemaPath: string;
  /** Without it everything below the object is asked for. */
  readonly parameter?: string;
  readonly searching: boolean;
}

/** TR-369 R-GET.1: what may not be read is not there, not even in the supported data model; whether there are rows of it makes no difference. */
function withheld(
  { view: { access, protocol }, tree }: Reading,
  { requested, schemaPath, parameter, searching }: Asked,
  nodes: readonly Node[],
  objects: readonly ObjectReading[],
): Result<never, ModelFault> | undefined {
  if (!access || objects.length > 0) return undefined;
  const open = (path: string): boolean => access.allows('Obj', 'r', path);
  const readable =
    parameter !== undefined
      ? (searching || nodes.length === 0) && open(schemaPath) && access.allows('Param', 'r', schemaPath + parameter)
      : searching || nodes.length === 0
        ? tree
            .supported(protocol)
            .below(schemaPath)
            .some(({ path }) => open(path))
        : nodes.some(({ path }) => open(path));
  return readable ? undefined : refused({ kind: 'unsupported-path', message: 'not supported', path: requested });
}

function collect(reading: Reading, node: Node, depth: number, into: ObjectReading[]): void {
  const info = reading.tree.supported(reading.view.protocol).object(node.schemaPath);
  if (!info) return;
  into.push(...readWhole(reading, node, info));
  if (depth <= 1) return;
  for (const child of reading.tree.children(reading.view.protocol, node.schemaPath)) {
    for (const row of reading.evaluator.children(node, child)) collect(reading, row, depth - 1, into);
  }
}

function readWhole(reading: Reading, node: Node, info: ObjectInfo): ObjectReading[] {
  const { whole, evaluator } = reading;
  const known = whole.get(node);
  if (known) return known;
  const before = evaluator.scope.missed;
  const read = readObject(reading, node, info.parameters, info);
  if (evaluator.scope.missed === before) whole.set(node, read);
  return read;
}

function readObject(
  reading: Reading,
  node: Node,
  wanted: readonly ParameterInfo[],
  known?: ObjectInfo,
): ObjectReading[] {
  const info = known ?? reading.tree.supported(reading.view.protocol).object(node.schemaPath);
  if (!info || reading.view.access?.allows('Obj', 'r', node.path) === false) return [];
  const parameters = wanted
    .filter((parameter) => reading.view.access?.allows('Param', 'r', node.path + parameter.name) ?? true)
    .map((parameter) => readParameter(reading, node, parameter));
  // A peer that may read nothing of it does not learn that it is there.
  return parameters.length === 0 && wanted.length > 0 ? [] : [{ path: node.path, info, parameters }];
}

function readParameter(reading: Reading, node: Node, info: ParameterInfo): ParameterReading {
  if (!isShown(reading.view, info, node.path + info.name)) return { info, value: '' };
  const { value, fault } = reading.evaluator.value(reading.view.protocol, node, info.name);
  return fault ? { info, value, fault } : { info, value };
}

/** Whether the value is told; else it is empty text. */
export function isShown({ reveal, access }: View, { hidden, secured }: ParameterInfo, path: string): boolean {
  return reveal === true || (!hidden && (!secured || access?.showsSecured?.(path) === true));
}

/** TR-069 A.3.2.3: names below a path; a table itself is a line of its own, writable when rows may be added. */
export function readNames(reading: Reading, path: string, nextLevel: boolean): Result<NameReading[], ModelFault> {
  const { tree, evaluator, view } = reading;
  const supported = tree.supported(view.protocol);
  if (path === '') {
    if (nextLevel) return ok([{ path: 'Device.', writable: false }]);
    return readNames(reading, 'Device.', false);
  }
  const resolved = resolvePath(tree, evaluator, view.protocol, path);
  if (!resolved.ok) return resolved;
  const { nodes, leaf, table, schemaPath } = resolved.value;
  if (leaf.kind === 'parameter') {
    const info = supported.object(schemaPath)?.parameters.find((parameter) => parameter.name === leaf.name);
    if (!info) return refused({ kind: 'unsupported-path', message: 'no such parameter', path });
    if (nextLevel) return refused({ kind: 'value-conflict', message: 'a parameter has no next level', path });
    return ok(nodes.map((node) => ({ path: node.path + leaf.name, writable: info.writable })));
  }
  if (leaf.kind !== 'object') return refused({ kind: 'unsupported-path', message: 'not a parameter or object', path });
  const names: NameReading[] = [];
  const rowOf = (row: Node): NameReading => ({
    path: row.path,
    writable: supported.object(row.schemaPath)?.deletable ?? false,
  });
  const tableLines = (parent: Node, child: string, deep: boolean): void => {
    const name = child.slice(parent.schemaPath.length).split('.')[0]!;
    names.push({ path: `${parent.path}${name}.`, writable: supported.object(child)?.creatable ?? false });
    if (deep) for (const row of evaluator.children(parent, child)) below(row);
  };
  const children = (node: Node, deep: boolean): void => {
    for (const info of supported.object(node.schemaPath)?.parameters ?? []) {
      names.push({ path: node.path + info.name, writable: info.writable });
    }
    for (const child of tree.children(view.protocol, node.schemaPath)) {
      if (child.endsWith('{i}.')) tableLines(node, child, deep);
      else {
        for (const single of evaluator.children(node, child)) {
          if (deep) below(single);
          else names.push(rowOf(single));
        }
      }
    }
  };
  const below = (node: Node): void => {
    names.push(rowOf(node));
    children(node, true);
  };
  for (const { parent, schemaPath: child } of table) {
    if (!nextLevel) tableLines(parent, child, true);
    else for (const row of evaluator.children(parent, child)) names.push(rowOf(row));
  }
  for (const node of nodes) {
    if (nextLevel) children(node, false);
    else below(node);
  }
  return ok(names);
}

/** TR-369 GetInstances. */
export function readInstances(
  reading: Reading,
  path: string,
  firstLevelOnly: boolean,
): Result<InstanceReading[], ModelFault> {
  const { tree, evaluator, view } = reading;
  const resolved = resolvePath(tree, evaluator, view.protocol, path, reading.chooser ?? view.access);
  if (!resolved.ok) return resolved;
  const { nodes, leaf, table, schemaPath, searching } = resolved.value;
  if (leaf.kind !== 'object')
    return refused({ kind: 'path-syntax', message: 'an object path is needed: it ends with a dot', path });
  const found: InstanceReading[] = [];
  // R-GIN.0: a row that may not be seen is not there, nor is what is below it.
  const visit = (node: Node): void => {
    if (node.schemaPath.endsWith('{i}.')) {
      if (view.access?.allows('InstantiatedObj', 'r', node.path) === false) return;
      found.push({ path: node.path, uniqueKeys: readableKeys(view, node, uniqueKeysOf(reading, node)) });
    }
    if (!firstLevelOnly) descend(node);
  };
  const descend = (node: Node): void => {
    for (const child of tree.children(view.protocol, node.schemaPath)) {
      for (const row of evaluator.children(node, child)) {
        if (firstLevelOnly && !child.endsWith('{i}.')) continue;
        visit(row);
      }
    }
  };
  const seen = (node: Node): boolean => mayBeSeen(view, node);
  for (const { parent } of table) {
    if (seen(parent)) for (const row of evaluator.children(parent, schemaPath)) visit(row);
  }
  for (const node of nodes.filter(seen)) {
    if (node.schemaPath.endsWith('{i}.')) visit(node);
    else descend(node);
  }
  const named = searching || found.length > 0 ? [] : [...nodes, ...table.map(({ parent }) => parent)];
  if (named.some((node) => !mayBeSeen(view, node))) {
    return refused({ kind: 'no-instance', message: 'no such row', path });
  }
  return ok(found);
}

/** With all rows that it lies in. */
function mayBeSeen(view: View, node: Node): boolean {
  for (let at: Node | undefined = node; at; at = at.parent) {
    if (at.schemaPath.endsWith('{i}.') && view.access?.allows('InstantiatedObj', 'r', at.path) === false) return false;
  }
  return true;
}

/** TR-369 R-GIN.1 */
function readableKeys({ access }: View, node: Node, keys: Record<string, string>): Record<string, string> {
  if (!access) return keys;
  return Object.fromEntries(Object.entries(keys).filter(([name]) => access.allows('Param', 'r', node.path + name)));
}

/** @param known values that need not be read */
export function uniqueKeysOf(
  reading: Reading,
  node: Node,
  known: (name: string) => string | undefined = () => undefined,
): Record<string, string> {
  const info = reading.tree.supported(reading.view.protocol).object(node.schemaPath);
  const keys: Record<string, string> = {};
  for (const name of new Set(info?.uniqueKeys.flat() ?? [])) {
    const parameter = info!.parameters.find((candidate) => candidate.name === name);
    if (parameter) keys[name] = known(name) ?? readParameter(reading, node, parameter).value;
  }
  return keys;
}
