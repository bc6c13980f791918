import type { Protocol } from '../api.ts';
import { Decoder } from './decode.ts';
import { maskOf, unaskedMark } from './format.ts';
import { Table } from './table.ts';
import type { ObjectDefinition, ParameterDefinition, Schema, SchemaView } from './types.ts';

/** Objects that a view keeps decoded: half of them at least, of those that were asked for last, and so many at most. */
const objectsKept = 96;

/**
 * Opens a compiled data model (`datamodel/tr181.bin`). Reads the paths of the objects; everything else is decoded on demand.
 * @throws TandemError SCHEMA_FORMAT when the bytes are not such a table
 */
export function openSchema(bytes: Uint8Array): Schema {
  const table = new Table(bytes);
  const views: Record<Protocol, SchemaView> = { usp: new View(table, 'usp'), cwmp: new View(table, 'cwmp') };
  return { model: table.model, view: (protocol) => views[protocol] };
}

class View implements SchemaView {
  readonly protocol: Protocol;
  readonly #table: Table;
  readonly #decoder: Decoder;
  /** `null`: this view has no such object; that is asked as often. */
  #kept = new Map<string, ObjectDefinition | null>();
  /** Those of the time before; what is asked for again comes back from it. A hit among the others changes nothing. */
  #before = new Map<string, ObjectDefinition | null>();

  constructor(table: Table, protocol: Protocol) {
    this.protocol = protocol;
    this.#table = table;
    this.#decoder = new Decoder(table, protocol);
  }

  object(path: string): ObjectDefinition | undefined {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept ?? undefined;
    const object = this.#before.get(path) ?? this.#decode(path);
    if (this.#kept.size >= objectsKept / 2) {
      this.#before = this.#kept;
      this.#kept = new Map();
    }
    this.#kept.set(object?.path ?? path, object);
    return object ?? undefined;
  }

  #decode(path: string): ObjectDefinition | null {
    const index = this.#indexOf(path);
    return (index === undefined ? undefined : this.#decoder.object(index)) ?? null;
  }

  parameter(path: string): ParameterDefinition | undefined {
    const dot = path.lastIndexOf('.');
    return dot < 0 ? undefined : this.object(path.slice(0, dot + 1))?.parameter(path.slice(dot + 1));
  }

  has(objectPath: string): boolean {
    return this.#indexOf(objectPath) !== undefined;
  }

  unasked(): readonly string[] {
    return this.#table.paths.filter((_, index) => this.#shows(index) && (this.#table.marks(index) & unaskedMark) !== 0);
  }

  children(path: string): readonly string[] {
    const found: string[] = [];
    if (path !== '' && !path.endsWith('.')) return found;
    const { paths } = this.#table;
    let index = this.#table.lowerBound(path);
    while (index < paths.length) {
      const below = paths[index]!;
      if (!below.startsWith(path)) break;
      if (below === path) {
        index++;
        continue;
      }
      const child = firstLevel(path, below);
      if (child === below && this.#shows(index)) found.push(child);
      // No path holds this character: it stands behind everything that is below the child.
      index = this.#table.lowerBound(`${child}\xff`);
    }
    return found;
  }

  below(path: string): readonly string[] {
    const found: string[] = [];
    if (path !== '' && !path.endsWith('.')) return found;
    const { paths } = this.#table;
    for (let index = this.#table.lowerBound(path); paths[index]?.startsWith(path); index++) {
      if (this.#shows(index)) found.push(paths[index]!);
    }
    return found;
  }

  #indexOf(path: string): number | undefined {
    const index = this.#table.indexOf(path);
    return index !== undefined && this.#shows(index) ? index : undefined;
  }

  #shows(index: number): boolean {
    return (this.#table.marks(index) & maskOf[this.protocol]) !== 0;
  }
}

/** The direct child of `path` that `below` is or is in: `X.` or `X.{i}.` */
function firstLevel(path: string, below: string): string {
  const dot = below.indexOf('.', path.length) + 1;
  return below.startsWith('{i}.', dot) ? below.slice(0, dot + 4) : below.slice(0, dot);
}
