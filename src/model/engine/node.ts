import type { UciSection } from '#platform';
import type { DeclaredRow } from '../api.ts';
import type { FoundRow } from './mapped-rows.ts';
import type { StoredRow } from './stored.ts';
import type { Binding } from './tree.ts';

/** One object instance as this read scope sees it. */
export interface Node {
  /** `Device.WiFi.SSID.1.` */
  readonly path: string;
  readonly schemaPath: string;
  readonly instances: readonly number[];
  readonly parent: Node | undefined;
  readonly binding: Binding;
  /** Neither the row nor what is below it can be written. */
  readonly readOnly?: boolean;
  /** What the row stands for; empty for single objects. */
  readonly identity: string;
  readonly section: { readonly package: string; readonly section: UciSection } | undefined;
  readonly item: unknown;
  /** Of a member of an answer: the keys that led to it, outermost first. */
  readonly keys?: readonly string[];
  /** The members themselves. */
  readonly around?: readonly unknown[];
  /** Variables that only rows of the same source have. */
  readonly lets?: FoundRow['lets'];
  /** Which of the rows of its table it is in the source's order, from 1. */
  readonly position?: number | undefined;
  variables?: Map<string, unknown> | undefined;
  /** What the evaluator has made below it. */
  below?: Map<string, Node[]> | undefined;
}

/** @param base instance path of the table */
export function foundNode(
  parent: Node,
  schemaPath: string,
  binding: Binding,
  base: string,
  { identity, section, item, keys = [], around = [], readOnly = false, lets }: FoundRow,
  number: number,
  position?: number,
): Node {
  return {
    path: `${base}${number}.`,
    schemaPath,
    instances: [...parent.instances, number],
    parent,
    binding,
    identity,
    section,
    item,
    keys,
    around,
    position,
    readOnly: readOnly || parent.readOnly === true,
    lets,
  };
}

export function storedNode(parent: Node, schemaPath: string, binding: Binding, row: StoredRow): Node {
  return {
    path: row.path,
    schemaPath,
    instances: row.instances,
    parent,
    binding,
    identity: row.path,
    section: undefined,
    item: undefined,
  };
}

/** The node and those around it, without what a read scope has found out of them. */
export const untouched = (node: Node, parent = node.parent && untouched(node.parent)): Node => ({
  ...node,
  parent,
  variables: undefined,
  below: undefined,
});

/** Instance path of an object or table directly below a node. */
export function tableOf(parent: Node, schemaPath: string): string {
  return `${parent.path}${schemaPath.slice(parent.schemaPath.length).split('.')[0]}.`;
}

export function declaredRow(node: Node): DeclaredRow {
  return { path: node.path, instances: node.instances, values: node.binding.stored?.row(node.path)?.values ?? {} };
}
