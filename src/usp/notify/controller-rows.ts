import type { Log } from '#base';
import {
  type Change,
  type DeclaredRow,
  type Model,
  type ModelFault,
  type Origin,
  type StoredTable,
  type StoredTableDeclaration,
  toSchemaPath,
  type View,
} from '#model';

export interface ControllerRowsParts {
  readonly model: Model;
  readonly log: Log;
  /** @param path instance path of its row, without the last dot; `undefined`: not enabled or not there */
  readonly recipient: (path: string) => { readonly view: View } | undefined;
  readonly controllerRow: (endpointId: string) => string | undefined;
  readonly isController: (path: string) => boolean;
}

export interface RowsKind<Running extends Disposable>
  extends Pick<StoredTableDeclaration, 'path' | 'columns' | 'events' | 'parameters' | 'commands'> {
  /** Whether a row, perhaps with values that are still to come, can be. */
  readonly check: (row: DeclaredRow) => ModelFault | undefined;
  /** What an enabled row makes the agent do, with the rights of its controller; `undefined`: nothing yet. */
  readonly begin: (row: DeclaredRow, view: View) => Promise<Running | undefined>;
}

/**
 * A table whose rows controllers make, each to watch something on its own account and with its own rights (TR-181 LocalAgent.Threshold, .Monitor, .Watchdog). A row
 * goes with its controller.
 */
export class ControllerRows<Running extends Disposable> implements AsyncDisposable {
  readonly #parts: ControllerRowsParts;
  readonly #kind: RowsKind<Running>;
  readonly #table: StoredTable;
  readonly #running = new Map<string, { readonly row: DeclaredRow; readonly it: Running }>();
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ControllerRowsParts, kind: RowsKind<Running>) {
    this.#parts = parts;
    this.#kind = kind;
    const { begin: _, check, columns, ...declaration } = kind;
    this.#table = parts.model.declareTable({
      ...declaration,
      columns: ['Alias', 'Enable', ...columns, 'Controller'],
      defaults: (origin) => ({ Controller: this.#creator(origin) }),
      validate: (row) =>
        row.values.Controller === ''
          ? { kind: 'value-conflict', message: 'only a controller can set one', path: row.path }
          : check(row),
      committed: () => void this.sync(),
    });
  }

  /** What the row at this path has begun. */
  at(path: string): Running | undefined {
    return this.#running.get(path)?.it;
  }

  /** Brings what is watched in line with the table and the controllers. */
  sync(): Promise<void> {
    const { log } = this.#parts;
    this.#turn = this.#turn.then(() => this.#sync()).catch((error) => log.error(this.#kind.path, { error }));
    return this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#turn;
    for (const { it } of this.#running.values()) it[Symbol.dispose]();
    this.#running.clear();
  }

  #creator(origin: Origin): string {
    return (origin.by === 'usp' && origin.peer !== undefined && this.#parts.controllerRow(origin.peer)) || '';
  }

  async #sync(): Promise<void> {
    if (this.#stopped) return;
    const { model, recipient, isController } = this.#parts;
    const rows = new Map(this.#table.rows().map((row) => [row.path, row]));
    for (const [path, { row: was, it }] of [...this.#running]) {
      const row = rows.get(path);
      if (row === was && recipient(row.values.Controller ?? '')) continue;
      it[Symbol.dispose]();
      this.#running.delete(path);
    }
    const orphans: string[] = [];
    for (const row of rows.values()) {
      const { Controller = '', Enable } = row.values;
      const view = recipient(Controller)?.view;
      if (!isController(Controller)) orphans.push(row.path);
      else if (!this.#running.has(row.path) && view && Enable === 'true') {
        const it = await this.#kind.begin(row, view);
        if (it) this.#running.set(row.path, { row, it });
      }
    }
    if (orphans.length === 0) return;
    const writes = orphans.map((path) => ({ op: 'delete', path }) as const);
    void model.write({ protocol: 'usp' }, writes, { origin: { by: 'device' }, partial: true });
  }
}

export type ValueChange = Extract<Change, { kind: 'value' }>;

/**
 * Hears changes of values that the view may read, each with the value before. Of a parameter that has come since, the first change has none.
 * @returns `undefined`: the paths can not be watched, and the log says why
 */
export async function watchValues(
  { model, log }: Pick<ControllerRowsParts, 'model' | 'log'>,
  view: View,
  paths: readonly string[],
  heard: (change: ValueChange, before: string | undefined) => void,
): Promise<Disposable | undefined> {
  const known = new Map<string, string>();
  const watch = await model.watch(view, { paths, kinds: ['value'] }, (change) => {
    if (change.kind !== 'value' || view.access?.allows('Param', 'r', change.path) === false) return;
    const before = known.get(change.path);
    known.set(change.path, change.value);
    heard(change, before);
  });
  if (!watch.ok) {
    log.warn('parameters can not be watched', { paths: paths.join(' '), reason: watch.fault.message });
    return undefined;
  }
  for (const [path, value] of await readValues(model, view, paths)) if (!known.has(path)) known.set(path, value);
  return watch.value;
}

/** By full path. */
export async function readValues(model: Model, view: View, paths: readonly string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { result } of await model.get(view, paths)) {
    if (!result.ok) continue;
    for (const { path, parameters } of result.value) {
      for (const { info, value } of parameters) values.set(path + info.name, value);
    }
  }
  return values;
}

/** The schema path of what a path with rows, wildcards or search expressions means. */
export function meantBy(path: string): string {
  return toSchemaPath(path.replace(/\[(?:"[^"]*"|[^\]"])*\](?=\.)/g, '{i}').replaceAll('.*.', '.{i}.'));
}
