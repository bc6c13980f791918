import type { Protocol } from '../api.ts';
import { Decoder } from './decode.ts';
import { Table } from './table.ts';
import type { ObjectDefinition, ParameterDefinition, Schema, SchemaView } from './types.ts';

/** Objects that a view keeps decoded; the one that was asked for longest ago goes first. */
const objectsKept = 96;

/**
 * Opens a compiled data model (`datamodel/tr181.bin`). Reads 20 bytes; everything else is decoded on demand.
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
  readonly #kept = new Map<string, ObjectDefinition | null>();

  constructor(table: Table, protocol: Protocol) {
    this.protocol = protocol;
    this.#table = table;
    this.#decoder = new Decoder(table, protocol);
  }

  object(path: string): ObjectDefinition | undefined {
    const kept = this.#kept.get(path);
    if (kept !== undefined) {
      this.#kept.delete(path);
      this.#kept.set(path, kept);
      return kept ?? undefined;
    }
    const index = this.#indexOf(path);
    const object = index === undefined || !this.#decoder.has(index) ? undefined : this.#decoder.object(index);
    if (this.#kept.size >= objectsKept) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    this.#kept.set(object?.path ?? path, object ?? null);
    return object;
  }

  parameter(path: string): ParameterDefinition | undefined {
    const dot = path.lastIndexOf('.');
    return dot < 0 ? undefined : this.object(path.slice(0, dot + 1))?.parameter(path.slice(dot + 1));
  }

  has(objectPath: string): boolean {
    const index = this.#indexOf(objectPath);
    return index !== undefined && this.#decoder.has(index);
  }

  children(path: string): readonly string[] {
    const paths: string[] = [];
    if (path !== '' && !path.endsWith('.')) return paths;
    let index = this.#table.lowerBound(Buffer.from(path, 'latin1'));
    while (index < this.#table.objectCount) {
      const found = this.#table.objectPath(index);
      if (!found.startsWith(path)) break;
      if (found === path) {
        index++;
        continue;
      }
      const child = firstLevel(path, found);
      if (child === found && this.#decoder.has(index)) paths.push(child);
      // No path holds this byte: it stands behind everything that is below the child.
      index = this.#table.lowerBound(Buffer.from(`${child}\xff`, 'latin1'));
    }
    return paths;
  }

  below(path: string): readonly string[] {
    const paths: string[] = [];
    if (path !== '' && !path.endsWith('.')) return paths;
    for (let index = this.#table.lowerBound(Buffer.from(path, 'latin1')); index < this.#table.objectCount; index++) {
      const found = this.#table.objectPath(index);
      if (!found.startsWith(path)) break;
      if (this.#decoder.has(index)) paths.push(found);
    }
    return paths;
  }

  #indexOf(path: string): number | undefined {
    const index = this.#table.lowerBound(Buffer.from(path, 'latin1'));
    return index < this.#table.objectCount && this.#table.objectPath(index) === path ? index : undefined;
  }
}

/** The direct child of `path` that `below` is or is in: `X.` or `X.{i}.` */
function firstLevel(path: string, below: string): string {
  const dot = below.indexOf('.', path.length) + 1;
  return below.startsWith('{i}.', dot) ? below.slice(0, dot + 4) : below.slice(0, dot);
}
