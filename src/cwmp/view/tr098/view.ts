import { type Log, ok, type Result, refused } from '#base';
import type {
  InstanceReading,
  Model,
  ModelFault,
  NameReading,
  ObjectInfo,
  ObjectReading,
  PathReading,
  SupportedModel,
  View,
  Write,
  WriteAnswer,
  WriteOptions,
} from '#model';
import type { StateStore } from '#platform';
import type { AcsModel } from '../acs-model.ts';
import { type Look, lookAt } from './look.ts';
import { needsOf } from './needs.ts';
import { Numbers } from './numbers.ts';
import { tr098 } from './table.ts';
import { childrenOf, type Node, root, Supported, Tree } from './tree.ts';
import { readLeaf } from './values.ts';
import { watchTr098 } from './watch.ts';
import { answerOf, type Translated, tableAt, translate } from './write.ts';

interface Seen {
  readonly look: Look;
  readonly tree: Tree;
}

const fault = (kind: ModelFault['kind'], message: string, path: string): ModelFault => ({ kind, message, path });

/** The data model under the root `InternetGatewayDevice.` (TR-098), for ACS that know no other. */
export function tr098View(model: Model, state: StateStore, log: Log): AcsModel {
  const numbers = new Numbers(state, log);

  const see = async (view: View, paths: readonly string[], signal?: AbortSignal): Promise<Seen> => {
    const { roots, withStack } = needsOf(paths);
    const look = await lookAt(model, view, roots, withStack, signal);
    const tree = new Tree(look, new Supported(model), numbers);
    await numbers.save();
    return { look, tree };
  };

  const readObject = ({ look, tree }: Seen, node: Node, names?: ReadonlySet<string>): ObjectReading => ({
    path: node.path,
    info: node.info,
    parameters: node.leaves
      .filter(({ info }) => !names || names.has(info.name))
      .map((leaf) => readLeaf(node, leaf, look, tree)),
  });

  const below = (node: Node): Node[] => [node, ...node.children.flatMap(below)];

  /** Objects that a path ends in: one, the rows of a table, or none when there is no such path. */
  const nodesAt = ({ tree }: Seen, path: string): readonly Node[] | undefined => {
    const node = tree.node(path);
    if (node) return [node];
    const table = tableAt(tree, path);
    return table?.parent.children.filter(({ schemaPath }) => schemaPath === table.schemaPath);
  };

  const read = (seen: Seen, path: string): Result<readonly ObjectReading[], ModelFault> => {
    if (path.endsWith('.')) {
      const nodes = nodesAt(seen, path);
      if (!nodes) return refused(fault('unsupported-path', 'no such object', path));
      return ok(nodes.flatMap(below).map((node) => readObject(seen, node)));
    }
    const object = path.slice(0, path.lastIndexOf('.') + 1);
    const name = path.slice(object.length);
    const node = seen.tree.node(object);
    if (!node?.leaves.some(({ info }) => info.name === name)) {
      return refused(fault('unsupported-path', 'no such parameter', path));
    }
    return ok([readObject(seen, node, new Set([name]))]);
  };

  const get = async (
    view: View,
    paths: readonly string[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly PathReading[]> => {
    const seen = await see(view, paths, options.signal);
    return paths.map((requested) => ({ requested, result: read(seen, requested) }));
  };

  /** Tables stand after the parameters and before their rows, as under TR-181's root. */
  const namesOf = (node: Node, deep: boolean, into: NameReading[]): void => {
    for (const { info } of node.leaves) into.push({ path: node.path + info.name, writable: info.writable });
    for (const child of childrenOf.get(node.schemaPath) ?? []) {
      const rows = node.children.filter(({ schemaPath }) => schemaPath === child);
      if (node.tables.has(child)) {
        const path = node.path + child.slice(node.schemaPath.length, -'{i}.'.length);
        into.push({ path, writable: creatable(child, node) });
        if (!deep) continue;
      }
      for (const row of rows) {
        into.push({ path: row.path, writable: row.info.deletable });
        if (deep) namesOf(row, true, into);
      }
    }
  };
  const creatable = (child: string, parent: Node): boolean =>
    new Supported(model).object(child)!.creatable && (parent.path !== '' || tr098[child]!.add !== undefined);

  const names = async (
    view: View,
    path: string,
    nextLevel: boolean,
  ): Promise<Result<readonly NameReading[], ModelFault>> => {
    if (path === '' && nextLevel) return ok([{ path: root, writable: false }]);
    const asked = path === '' ? root : path;
    const seen = await see(view, [asked]);
    const found: NameReading[] = [];
    if (!asked.endsWith('.')) {
      const reading = read(seen, asked);
      if (!reading.ok) return reading;
      if (nextLevel) return refused(fault('value-conflict', 'a parameter has no next level', path));
      return ok([{ path: asked, writable: reading.value[0]!.parameters[0]!.info.writable }]);
    }
    const node = seen.tree.node(asked);
    if (node) {
      if (!nextLevel) found.push({ path: node.path, writable: node.info.deletable });
      namesOf(node, !nextLevel, found);
      return ok(found);
    }
    const table = tableAt(seen.tree, asked);
    if (!table) return refused(fault('unsupported-path', 'no such object', path));
    if (!nextLevel) found.push({ path: asked, writable: creatable(table.schemaPath, table.parent) });
    for (const row of nodesAt(seen, asked)!) {
      found.push({ path: row.path, writable: row.info.deletable });
      if (!nextLevel) namesOf(row, true, found);
    }
    return ok(found);
  };

  const write = async (view: View, writes: readonly Write[], options: WriteOptions): Promise<WriteAnswer> => {
    const paths = writes.map(({ path }) => path);
    // The tables that rows are added to need what their rows are made from.
    const seen = await see({ ...view, reveal: true }, [...paths, ...paths.map((path) => path.replace(/[^.]+\.$/, ''))]);
    const translated = writes.map((one) => translate(one, seen.tree, seen.look, model));
    const all = translated.flatMap((one) => one.writes);
    // Something was refused here already: TR-181 is asked all the same, so that every parameter at fault is told, and given one
    // write that it must refuse, so that it keeps nothing.
    const stop: Write[] = translated.some((one) => one.fault)
      ? [{ op: 'set', path: 'Device.', parameters: [nothing] }]
      : [];
    const answer = await model.write(view, [...all, ...stop], options);
    let at = 0;
    const parts = translated.map((one) => {
      const first = at;
      at += one.writes.length;
      return answer.outcomes.slice(first, at);
    });
    const rows = await rowsWritten(view, writes, translated, parts, answer.committed);
    return {
      committed: answer.committed,
      ...(answer.postponed && { postponed: true }),
      outcomes: writes.map((one, index) => answerOf(one, translated[index]!, parts[index]!, rows[index]!)),
    };
  };

  /** Where the rows are found that TR-181 has made. */
  const rowsWritten = async (
    view: View,
    writes: readonly Write[],
    translated: readonly Translated[],
    parts: readonly WriteAnswer['outcomes'][],
    committed: boolean,
  ): Promise<readonly (readonly string[])[]> => {
    const added = committed && writes.some(({ op }) => op === 'add');
    const seen = added
      ? await see(
          view,
          writes.map(({ path }) => path),
        )
      : undefined;
    return writes.map(({ op, path }, index) => {
      if (op !== 'add' || !seen || translated[index]!.fault) return [path];
      const made = parts[index]!.flatMap(({ result }) => (result.ok ? result.value.map((row) => row.path) : []));
      return made.flatMap((row) => {
        const place = seen.tree.toTr098(row.slice(0, -1));
        return place === undefined ? [] : [`${place}.`];
      });
    });
  };

  /** Where in TR-181 the parameters at these paths are now. */
  const placesOf = async (view: View, paths: readonly string[]): Promise<string[]> => {
    const seen = await see(view, paths);
    return paths.flatMap((path) => {
      const object = path.slice(0, path.lastIndexOf('.') + 1);
      const name = path.slice(object.length);
      const nodes = (nodesAt(seen, object) ?? []).flatMap((node) => (name === '' ? below(node) : [node]));
      return nodes.flatMap(({ leaves }) =>
        leaves
          .filter(({ info }) => name === '' || info.name === name)
          .flatMap(({ place }) => (place === undefined || place.endsWith('.') ? [] : [place])),
      );
    });
  };

  const supported: SupportedModel = {
    object: (path) => visible(path),
    below: (path) => objectsBelow(path),
    children: (path) => (childrenOf.get(path.slice(root.length)) ?? []).flatMap((child) => visible(root + child) ?? []),
    paths: (path) => objectsBelow(path).map((object) => object.path),
    unasked: () =>
      objectsBelow(root)
        .filter(({ parameters }) =>
          parameters.some((info) => info.forcedInform || info.activeNotify.startsWith('force')),
        )
        .map((object) => object.path),
  };
  const visible = (path: string): ObjectInfo | undefined =>
    path.startsWith(root) ? new Supported(model).object(path.slice(root.length)) : undefined;
  const objectsBelow = (path: string): ObjectInfo[] => {
    const all = new Supported(model);
    const walk = (schemaPath: string): ObjectInfo[] => {
      const own = all.object(schemaPath);
      if (!own) return [];
      const children = (childrenOf.get(schemaPath) ?? []).flatMap(walk);
      return own.parameters.length === 0 && children.length === 0 ? [] : [own, ...children];
    };
    return path.startsWith(root) ? walk(path.slice(root.length)) : [];
  };

  return {
    root,
    alwaysInformed: async () => {
      const { tree } = await see({ protocol: 'cwmp' }, [`${root}WANDevice.`]);
      return tree.defaultConnection === undefined ? [] : [`${tree.defaultConnection}ExternalIPAddress`];
    },
    pathOf: async (devicePath) => {
      const seen = await see({ protocol: 'cwmp' }, [root]);
      for (const node of below(seen.tree.top)) {
        const leaf = node.leaves.find(({ place }) => place === devicePath);
        if (leaf) return node.path + leaf.info.name;
      }
      return undefined;
    },
    applyPostponed: () => model.applyPostponed(),
    supported: () => supported,
    coverage: (protocol) => model.coverage(protocol),
    get,
    names,
    async instances(view, path, firstLevelOnly): Promise<Result<readonly InstanceReading[], ModelFault>> {
      const seen = await see(view, [path]);
      const nodes = nodesAt(seen, path);
      if (!nodes) return refused(fault('unsupported-path', 'no such object', path));
      const rows = (firstLevelOnly ? nodes : nodes.flatMap(below)).filter(({ info }) => info.table);
      return ok(rows.map((node) => ({ path: node.path, uniqueKeys: {} })));
    },
    write,
    operate: (view, request) => model.operate(view, request),
    watch: (view, request, heard) => watchTr098(model, { get, placesOf }, view, request, heard, log),
    declare: (declaration) => model.declare(declaration),
    declareTable: (declaration) => model.declareTable(declaration),
    raise: (path, args, origin) => model.raise(path, args, origin),
    begin: (operation) => model.begin(operation),
    changed: () => model.changed(),
  };
}

/** No parameter has such a name. */
const nothing = { name: 'NotInThisView', value: '', required: true };
