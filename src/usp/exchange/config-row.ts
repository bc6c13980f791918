import type { RetryPolicy } from '#base';
import type { Model, ObjectReading } from '#model';

/** One row and the single objects below it. */
export class Row {
  readonly path: string;
  readonly #objects: ReadonlyMap<string, ReadonlyMap<string, string>>;
  constructor(path: string, objects: ReadonlyMap<string, ReadonlyMap<string, string>>) {
    this.path = path;
    this.#objects = objects;
  }
  /** @param name `Port` or `WebSocket.Port` */
  text(name: string): string {
    const dot = name.lastIndexOf('.') + 1;
    return this.#objects.get(this.path + name.slice(0, dot))?.get(name.slice(dot)) ?? '';
  }
  flag(name: string): boolean {
    return this.text(name) === 'true';
  }
  number(name: string, otherwise: number): number {
    const value = Number(this.text(name));
    return this.text(name) !== '' && Number.isFinite(value) ? value : otherwise;
  }
  /** Of a list of references, or of one. */
  references(name: string): string[] {
    return this.text(name).split(',').filter(Boolean);
  }
}

/** Rows that are enabled, by the path of their table; a table without `Enable` is taken whole. Secrets included. */
export interface Rows {
  /** @param which `all`: the others too */
  (table: string, which?: 'all'): Row[];
  /** A single object. */
  one(path: string): Row;
}

/** Reads these objects at once. */
export async function readRows(model: Model, paths: readonly string[]): Promise<Rows> {
  const objects = new Map<string, ReadonlyMap<string, string>>();
  for (const { result } of await model.get({ protocol: 'usp', reveal: true }, paths)) {
    if (!result.ok) continue;
    for (const object of result.value) objects.set(object.path, valuesOf(object));
  }
  const rows = (table: string, which?: 'all'): Row[] =>
    [...objects]
      .filter(([path]) => path.startsWith(table) && /^[0-9]+\.$/.test(path.slice(table.length)))
      .map(([path]) => new Row(path, objects))
      .filter((row) => which === 'all' || row.text('Enable') !== 'false');
  return Object.assign(rows, { one: (path: string) => new Row(path, objects) });
}

function valuesOf(object: ObjectReading): ReadonlyMap<string, string> {
  return new Map(object.parameters.map(({ info, value }) => [info.name, value]));
}

/** @param minimum names of the parameters: m in seconds, k in thousandths, where there is one the longest wait in seconds */
export function retryOf(row: Row, minimum: string, multiplier: string, maximum?: string): RetryPolicy {
  const longest = maximum === undefined ? 0 : row.number(maximum, 0);
  return {
    minimumWaitSeconds: row.number(minimum, 5) || 5,
    intervalMultiplier: row.number(multiplier, 2000) || 2000,
    ...(longest > 0 && { maximumWaitSeconds: longest }),
  };
}
