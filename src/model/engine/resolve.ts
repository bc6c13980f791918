import { ok, type Result, refused } from '#base';
import type { Access, ModelFault, Protocol } from '../api.ts';
import { fillInstances, type ParsedPath, parsePath, type SearchTerm, type Segment } from '../path/index.ts';
import type { ParameterDefinition } from '../schema/index.ts';
import { checkTerm, equalityKey, matchesTerm, splitList } from '../validate/index.ts';
import type { Evaluator, WantedValue } from './evaluate.ts';
import type { Node } from './node.ts';
import type { Tree } from './tree.ts';

/** Where a path leads: objects that exist now, and what it ends in. */
export interface Resolved {
  readonly nodes: readonly Node[];
  readonly leaf: ParsedPath['leaf'];
  /** The path ends in a table rather than in rows: `Device.WiFi.SSID.` */
  readonly table: { readonly parent: Node; readonly schemaPath: string }[];
  /** Schema path of the object that the path ends in. */
  readonly schemaPath: string;
  /** There was a wildcard or search: that nothing matches is no fault. */
  readonly searching: boolean;
}

const fault = (kind: ModelFault['kind'], message: string, path: string): ModelFault => ({ kind, message, path });
const referenceDepthLimit = 4;

/** @param access who searches: a parameter that may not be read, or whose value is not shown, finds nothing (TR-369 R-GIN.0) */
export function resolvePath(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  text: string,
  access?: Access,
): Result<Resolved, ModelFault> {
  const parsed = parseAgain(text, protocol);
  if (!parsed.ok) return refused(fault('path-syntax', parsed.fault.message, text));
  return resolveParsed(tree, evaluator, protocol, parsed.value, text, 0, access);
}

/** Paths come again and again: those of the last requests are not read anew. */
const parsedPaths: Readonly<Record<Protocol, Map<string, ReturnType<typeof parsePath>>>> = {
  cwmp: new Map(),
  usp: new Map(),
};
const parsedLimit = 256;
const longestKept = 160;

function parseAgain(text: string, protocol: Protocol): ReturnType<typeof parsePath> {
  const kept = parsedPaths[protocol];
  const known = kept.get(text);
  if (known) return known;
  const parsed = parsePath(text, protocol);
  if (text.length > longestKept) return parsed;
  if (kept.size >= parsedLimit) kept.clear();
  kept.set(text, parsed);
  return parsed;
}

function resolveParsed(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  path: ParsedPath,
  text: string,
  depth: number,
  access?: Access,
): Result<Resolved, ModelFault> {
  const { segments, leaf } = path;
  if (segments.length > 0 && (segments[0]!.kind !== 'name' || segments[0]!.name !== 'Device')) {
    return refused(fault('unsupported-path', 'paths begin with Device.', text));
  }
  let nodes: Node[] = [evaluator.root()];
  let schemaPath = 'Device.';
  let table: Resolved['table'] = [];
  let searching = false;
  /** The path has come to a table and has not chosen rows yet. */
  let rowMissing = false;
  for (let at = 1; at < segments.length; at++) {
    const segment = segments[at]!;
    if (segment.kind === 'name') {
      if (rowMissing) return refused(fault('unsupported-path', `'${segment.name}' follows a table`, text));
      const child = tree.child(protocol, schemaPath, segment.name);
      if (child === undefined) {
        const missing = fillInstances(`${schemaPath}${segment.name}.`, nodes[0]?.instances ?? []);
        return refused(fault('unsupported-path', `no object ${missing}`, text));
      }
      schemaPath = child;
      rowMissing = child.endsWith('{i}.');
      if (rowMissing) table = nodes.map((parent) => ({ parent, schemaPath: child }));
      else nodes = below(evaluator, nodes, child);
      continue;
    }
    if (segment.kind === 'reference') {
      const followed = follow(tree, evaluator, protocol, nodes, schemaPath, segment, text, depth, access);
      if (!followed.ok) return followed;
      nodes = followed.value.nodes;
      schemaPath = followed.value.schemaPath;
      searching = true;
      continue;
    }
    if (segment.kind === 'schema') return refused(fault('path-syntax', '{i} stands for no row', text));
    if (!rowMissing) return refused(fault('unsupported-path', `${schemaPath} is not a table`, text));
    const rows = table.flatMap(({ parent }) => candidates(tree, evaluator, protocol, parent, schemaPath, segment));
    const chosen = choose(tree, evaluator, protocol, rows, schemaPath, segment, text, access);
    if (!chosen.ok) return chosen;
    nodes = chosen.value;
    table = [];
    rowMissing = false;
    if (segment.kind === 'wildcard' || segment.kind === 'search') searching = true;
    else if (nodes.length === 0 && !searching) return refused(fault('no-instance', 'no such row', text));
  }
  if (rowMissing) nodes = [];
  if (nodes.length === 0 && table.length === 0 && !searching)
    return refused(fault('no-instance', 'not there now', text));
  if (leaf.kind !== 'object' && rowMissing) {
    return refused(fault('unsupported-path', `${schemaPath} is a table: the row is missing`, text));
  }
  return ok({ nodes, leaf, table, schemaPath, searching });
}

function below(evaluator: Evaluator, parents: readonly Node[], child: string): Node[] {
  return parents.length === 1
    ? evaluator.children(parents[0]!, child)
    : parents.flatMap((parent) => evaluator.children(parent, child));
}

/** Rows that may be meant: the one of a number, those of an index, or all. What a segment asks is checked on them by `choose`. */
function candidates(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  parent: Node,
  schemaPath: string,
  segment: Exclude<Segment, { kind: 'name' | 'schema' | 'reference' }>,
): Node[] {
  if (segment.kind === 'instance') {
    const row = evaluator.child(parent, schemaPath, segment.instance);
    return row ? [row] : [];
  }
  const exact = segment.kind === 'wildcard' ? [] : exactly(tree, protocol, schemaPath, segment);
  const found = exact.length > 0 && evaluator.having(protocol, parent, schemaPath, exact);
  if (found) return found;
  return evaluator.children(parent, schemaPath);
}

/** What the rows are known by: an Alias, or the terms of a search that ask for one value. A secret is in no index. */
function exactly(
  tree: Tree,
  protocol: Protocol,
  schemaPath: string,
  segment: Extract<Segment, { kind: 'alias' | 'search' }>,
): WantedValue[] {
  const asked =
    segment.kind === 'alias'
      ? [{ name: 'Alias', text: segment.alias }]
      : segment.terms.flatMap(({ steps: [step, ...more], operator, constant: { text } }) =>
          operator === '==' && more.length === 0 && step?.follow === undefined ? [{ name: step!.name, text }] : [],
        );
  return asked.flatMap(({ name, text }) => {
    const definition = tree.view(protocol).parameter(schemaPath + name);
    if (!definition || definition.hidden || definition.secured) return [];
    const key = equalityKey(definition.type, text);
    return key === undefined ? [] : [{ name, type: definition.type, key }];
  });
}

function choose(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  rows: Node[],
  schemaPath: string,
  segment: Exclude<Segment, { kind: 'name' | 'schema' | 'reference' }>,
  text: string,
  access?: Access,
): Result<Node[], ModelFault> {
  switch (segment.kind) {
    case 'instance':
      return ok(rows.filter((row) => row.instances.at(-1) === segment.instance));
    case 'wildcard':
      return ok(rows);
    case 'alias':
      return ok(rows.filter((row) => evaluator.value(protocol, row, 'Alias').value === segment.alias));
    case 'search': {
      let kept = rows;
      for (const term of segment.terms) {
        const searched = search(tree, evaluator, protocol, kept, schemaPath, term, text, access);
        if (!searched.ok) return searched;
        kept = searched.value;
      }
      return ok(kept);
    }
  }
}

/** TR-369 "Searching with Expressions": the term's path is relative to the row and may follow references. */
function search(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  rows: Node[],
  schemaPath: string,
  term: SearchTerm,
  text: string,
  access?: Access,
): Result<Node[], ModelFault> {
  const view = tree.view(protocol);
  const plain = term.steps.every((step) => step.follow === undefined);
  if (plain) {
    const definition = view.parameter(schemaPath + term.steps.map((step) => step.name).join('.'));
    if (!definition) return refused(fault('path-syntax', 'a search compares a parameter of the row', text));
    const checked = checkTerm(definition.type, term);
    if (!checked.ok) return refused({ ...checked.fault, path: text });
  }
  let wrong: ModelFault | undefined;
  const kept = rows.filter((row) => {
    let at: Node[] = [row];
    for (const [index, step] of term.steps.entries()) {
      if (index === term.steps.length - 1) {
        return at.some((node) => {
          const definition = view.parameter(node.schemaPath + step.name);
          if (!definition || !mayCompare(definition, node.path + step.name, access)) return false;
          // Of what type it is shows where a reference leads.
          const checked = plain ? ok(undefined) : checkTerm(definition.type, term);
          if (!checked.ok) wrong ??= { ...checked.fault, path: text };
          return checked.ok && matchesTerm(definition.type, evaluator.value(protocol, node, step.name).value, term);
        });
      }
      at = at.flatMap((node) =>
        step.follow === undefined
          ? evaluator.children(node, `${node.schemaPath}${step.name}.`)
          : mayFollow(view, node, step.name, access)
            ? targets(tree, evaluator, protocol, node, step.name, step.follow, 0)
            : [],
      );
    }
    return false;
  });
  return wrong ? refused(wrong) : ok(kept);
}

function mayCompare({ hidden, secured }: ParameterDefinition, path: string, access: Access | undefined): boolean {
  if (!access) return true;
  return access.allows('Param', 'r', path) && !hidden && (!secured || access.showsSecured?.(path) === true);
}

/** Where a reference leads tells its value: who may not read that is led nowhere (TR-369 R-GET.1). */
function mayFollow(view: ReturnType<Tree['view']>, { schemaPath, path }: Node, name: string, access?: Access): boolean {
  const definition = view.parameter(schemaPath + name);
  return definition !== undefined && mayCompare(definition, path + name, access);
}

function follow(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  nodes: Node[],
  schemaPath: string,
  segment: Extract<Segment, { kind: 'reference' }>,
  text: string,
  depth: number,
  access: Access | undefined,
): Result<{ nodes: Node[]; schemaPath: string }, ModelFault> {
  const definition = tree.view(protocol).parameter(schemaPath + segment.name);
  if (!definition?.type.pathReference) return refused(fault('path-syntax', `${segment.name} is not a reference`, text));
  const reached = nodes
    .filter((node) => mayCompare(definition, node.path + segment.name, access))
    .flatMap((node) => targets(tree, evaluator, protocol, node, segment.name, segment.item, depth));
  const to = reached[0]?.schemaPath ?? definition.type.pathReference.targets[0] ?? 'Device.';
  return ok({ nodes: reached.filter((node) => node.schemaPath === to), schemaPath: to });
}

function targets(
  tree: Tree,
  evaluator: Evaluator,
  protocol: Protocol,
  node: Node,
  name: string,
  item: number | '*',
  depth: number,
): Node[] {
  if (depth >= referenceDepthLimit) return [];
  const paths = splitList(evaluator.value(protocol, node, name).value);
  const wanted = item === '*' ? paths : paths.slice(item - 1, item);
  return wanted.flatMap((path) => {
    const parsed = parsePath(`${path}.`, protocol);
    if (!parsed.ok) return [];
    const resolved = resolveParsed(tree, evaluator, protocol, parsed.value, path, depth + 1);
    return resolved.ok ? [...resolved.value.nodes] : [];
  });
}
