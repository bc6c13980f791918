import type { Protocol } from '../api.ts';
import type { ObjectDefinition, ParameterDefinition, Schema, SchemaView } from './types.ts';

/**
 * A schema with further tables laid over it: objects that only they have, and parameters that they add to its objects. What the
 * schema itself says is never changed.
 */
export function layerSchemas(base: Schema, tables: readonly Schema[]): Schema {
  if (tables.length === 0) return base;
  const over = (protocol: Protocol): SchemaView =>
    tables.reduce<SchemaView>((view, table) => new LayeredView(view, table.view(protocol)), base.view(protocol));
  const views: Record<Protocol, SchemaView> = { cwmp: over('cwmp'), usp: over('usp') };
  return { model: base.model, view: (protocol) => views[protocol] };
}

class LayeredView implements SchemaView {
  readonly protocol: Protocol;
  readonly #base: SchemaView;
  readonly #table: SchemaView;
  /** Objects that both have. */
  readonly #joined = new Map<string, ObjectDefinition>();

  constructor(base: SchemaView, table: SchemaView) {
    this.protocol = base.protocol;
    this.#base = base;
    this.#table = table;
  }

  object(path: string): ObjectDefinition | undefined {
    const known = this.#joined.get(path);
    if (known) return known;
    const base = this.#base.object(path);
    const more = this.#table.object(path);
    if (!base || !more) return base ?? more;
    const parameters = new Map([...more.parameters, ...base.parameters].map((each) => [each.name, each]));
    const joined: ObjectDefinition = {
      ...base,
      parameters: [...parameters.values()],
      parameter: (name) => parameters.get(name),
    };
    this.#joined.set(path, joined);
    return joined;
  }

  parameter(path: string): ParameterDefinition | undefined {
    const dot = path.lastIndexOf('.') + 1;
    return this.object(path.slice(0, dot))?.parameter(path.slice(dot));
  }

  has(objectPath: string): boolean {
    return this.#base.has(objectPath) || this.#table.has(objectPath);
  }

  unasked(): readonly string[] {
    return union(this.#base.unasked(), this.#table.unasked());
  }

  children(path: string): readonly string[] {
    return union(this.#base.children(path), this.#table.children(path));
  }

  below(path: string): readonly string[] {
    return union(this.#base.below(path), this.#table.below(path));
  }
}

/** Both are in path order, and so is what comes of them. */
function union(first: readonly string[], second: readonly string[]): readonly string[] {
  return second.length === 0 ? first : [...new Set([...first, ...second])].sort();
}
