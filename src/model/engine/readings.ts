import type { ObjectReading, PathReading, Protocol, View } from '../api.ts';
import { ReadScope } from '../mapping/read-scope.ts';
import type { Sources } from '../mapping/sources.ts';
import { Evaluator } from './evaluate.ts';
import type { Instances } from './instances.ts';
import { MappedIndexes } from './mapped-index.ts';
import { type Reading, readInstances, readPath } from './read.ts';
import { resolvePath } from './resolve.ts';
import type { Tree } from './tree.ts';
import type { Look, Place } from './watch.ts';

// Each pass can reveal one more level of sources (rows, then what is asked by row); more than this is a mapping that chases its tail.
const passLimit = 6;
/** Evaluates in read scopes: again and again until every source that was wanted has answered. */
export class Readings {
  readonly #tree: Tree;
  readonly #sources: Sources;
  readonly #instances: Instances;
  readonly #indexes = new MappedIndexes();

  constructor(tree: Tree, sources: Sources, instances: Instances) {
    this.#tree = tree;
    this.#sources = sources;
    this.#instances = instances;
  }

  async evaluate<T>(view: View, signal: AbortSignal | undefined, evaluate: (reading: Reading) => T): Promise<T> {
    const { result } = await this.evaluateIn(view, signal, evaluate);
    if (this.#instances.unsaved) await this.#instances.save();
    return result;
  }

  async evaluateIn<T>(
    view: View,
    signal: AbortSignal | undefined,
    evaluate: (reading: Reading) => T,
  ): Promise<{ result: T; reading: Reading }> {
    const scope = new ReadScope(this.#sources, signal);
    const evaluator = new Evaluator(this.#tree, this.#instances, scope, this.#indexes);
    const reading: Reading = { tree: this.#tree, evaluator, view, whole: new Map() };
    for (let pass = 1; ; pass++) {
      const result = evaluate(reading);
      if (scope.settled || pass >= passLimit) return { result, reading };
      await scope.settle();
      signal?.throwIfAborted();
      evaluator.restart();
    }
  }

  async objectsAt(view: View, path: string): Promise<string[]> {
    const resolved = await this.evaluate(view, undefined, ({ tree, evaluator }) =>
      resolvePath(tree, evaluator, view.protocol, path),
    );
    if (!resolved.ok) return [];
    const { nodes, table } = resolved.value;
    const below = (schemaPath: string, parent: string): string => schemaPath.slice(parent.length).split('.')[0]!;
    const tables = table.map(({ parent, schemaPath }) => `${parent.path}${below(schemaPath, parent.schemaPath)}.`);
    return [...nodes.map((node) => node.path), ...tables];
  }

  async lookAt(protocol: Protocol, places: readonly Place[]): Promise<Look[]> {
    const view: View = { protocol, reveal: true };
    return this.evaluate(view, undefined, (plain) =>
      places.map(({ path, chooser }) => {
        const reading = chooser ? { ...plain, chooser } : plain;
        const searching = path.includes('[');
        const chosen = objectsOf(readPath(reading, path, 0));
        const rows = path.endsWith('.') ? readInstances(reading, path, false) : undefined;
        const all = rows && searching ? readInstances(reading, withoutSearches(path), false) : undefined;
        return {
          ...(all?.ok && { existing: new Set(all.value.map((row) => row.path)) }),
          objects: searching ? objectsOf(readPath(plain, withoutSearches(path), 0)) : chosen,
          ...(searching && { chosen: new Set(chosen.map((object) => object.path)) }),
          rows: new Map(rows?.ok ? rows.value.map((row) => [row.path, row.uniqueKeys]) : []),
        };
      }),
    );
  }
}

const objectsOf = ({ result }: PathReading): readonly ObjectReading[] => (result.ok ? result.value : []);

/** Every row in place of those that are searched for. */
const withoutSearches = (path: string): string => path.replace(/\[(?:"[^"]*"|[^\]"])*\](?=\.)/g, '*');
