import { ok, type Result, refused } from '#base';
import type {
  Change,
  Coverage,
  Declaration,
  InstanceReading,
  Model,
  ModelFault,
  NameReading,
  OperateOutcome,
  OperateRequest,
  Origin,
  PathReading,
  Protocol,
  ReadOptions,
  StoredRowChange,
  StoredTable,
  StoredTableDeclaration,
  SupportedModel,
  View,
  WatchRequest,
  Write,
  WriteAnswer,
  WriteOptions,
} from '../api.ts';
import type { CompiledObject } from '../mapping/compiled.ts';
import { Sources } from '../mapping/sources.ts';
import { instancesOf } from '../path/index.ts';
import type { Schema } from '../schema/index.ts';
import { ChangeEvents } from './change-events.ts';
import { Commands } from './commands.ts';
import { coverageOf } from './coverage.ts';
import { Dependencies, rowsKey, type SourceKey } from './dependencies.ts';
import { Instances } from './instances.ts';
import { interfaceStack, interfaceStackOf } from './interface-stack.ts';
import { type ActionTools, declareActions } from './mapped-actions.ts';
import { Operations, requestColumns, requestTable } from './operations.ts';
import { emptyPlan } from './plan.ts';
import type { AppliedWrite, DataModelPorts, StateChange } from './ports.ts';
import { readInstances, readNames, readPath } from './read.ts';
import { Readings } from './readings.ts';
import { Reloads } from './reloads.ts';
import { Signals } from './signals.ts';
import type { StoredRow, StoredRows } from './stored.ts';
import { StoredTables } from './stored-tables.ts';
import { noRows, type ReplacedPackages, Transactions } from './transaction.ts';
import { Tree } from './tree.ts';
import { Watches } from './watch.ts';
import { isGiven, Writer } from './writer.ts';

/** An event of the device is often one of several: the look waits for the others. */
const eventSettleMs = 30;

/** The model of `api.ts` on mappings, declarations and stored tables. */
export class DataModel implements Model, AsyncDisposable {
  readonly #ports: DataModelPorts;
  readonly #tree: Tree;
  readonly #sources: Sources;
  readonly #readings: Readings;
  readonly #writer: Writer;
  readonly #commands: Commands;
  readonly #instances: Instances;
  readonly #transactions: Transactions;
  readonly #reloads: Reloads;
  readonly #watches: Watches;
  readonly #dependencies: Dependencies;
  readonly #events: ChangeEvents;
  /** What events have told of, until it is looked at. */
  readonly #affected = new Set<SourceKey>();
  #adjusting = false;
  #stopped = false;
  readonly #stored: StoredTables;
  readonly #signals: Signals;
  readonly #operations: Operations;
  readonly #listening: Disposable[] = [];
  /** Writes are serialised: what a write validates against is what it is applied to. */
  #turn: Promise<unknown> = Promise.resolve();
  #pending: Disposable | undefined;

  constructor(schema: Schema, mapped: readonly CompiledObject[], ports: DataModelPorts) {
    this.#ports = ports;
    this.#tree = new Tree(schema);
    this.#sources = new Sources(ports);
    this.#stored = new StoredTables(ports.state, ports.log);
    this.#instances = new Instances(ports.state, ports.clock, ports.log);
    this.#readings = new Readings(this.#tree, this.#sources, this.#instances);
    for (const object of mapped) this.#tree.map(object);
    this.#listening.push(declareActions(mapped, this.#tree, this.#actionTools()));
    if (mapped.some((object) => object.maps('LowerLayers'))) {
      this.#tree.derive(interfaceStack, interfaceStackOf(this.#tree));
    }
    this.#reloads = new Reloads(ports.bus, ports.runtime, ports.log);
    this.#transactions = new Transactions(
      ports.uci,
      ports.state,
      ports.log,
      this.#reloads,
      async (packages) => (await ports.contested?.(packages)) ?? false,
      (rows) => this.#stored.restore(rows),
    );
    this.#signals = new Signals((view, path) => this.#readings.objectsAt(view, path));
    this.#dependencies = new Dependencies(this.#tree);
    this.#watches = new Watches(
      (protocol, paths) => this.#readings.lookAt(protocol, paths),
      this.#signals,
      this.#dependencies,
      () => this.#watchingChanged(),
    );
    this.#operations = this.#keepRequests();
    this.#events = new ChangeEvents(mapped, { ...ports, changed: (keys) => this.#soon(keys) });
    this.#listening.push(this.#events);
    this.#commands = new Commands({
      clock: ports.clock,
      tree: this.#tree,
      readings: this.#readings,
      operations: this.#operations,
    });
    this.#writer = new Writer({
      ports,
      readings: this.#readings,
      sources: this.#sources,
      instances: this.#instances,
      stored: this.#stored,
      transactions: this.#transactions,
      reloads: this.#reloads,
      watches: this.#watches,
      events: this.#events,
    });
  }

  #actionTools(): ActionTools {
    return {
      ports: this.#ports,
      rowsOf: async (schemaPath) => {
        const view: View = { protocol: 'usp' };
        const { reading, result } = await this.#readings.evaluateIn(view, undefined, ({ evaluator }) =>
          evaluator.rowsOf(schemaPath),
        );
        return { evaluator: reading.evaluator, nodes: result };
      },
      raise: (path, args, origin) => this.raise(path, args, origin),
    };
  }

  /**
   * Undoes a transaction that was cut off, and tells the services what they have not been told. To be awaited before anything else is asked.
   * Where it can't be undone now (flash full or read-only) reading works and every write tries again first.
   */
  async recover(): Promise<void> {
    try {
      if (await this.#transactions.recover()) this.#instances.reload();
    } catch (error) {
      this.#ports.log.error('a transaction that was cut off could not be undone', { error });
    }
    const pay = (): void => {
      this.#turn = this.#turn.then(() => this.#reloads.pay());
    };
    this.#listening.push(
      this.#ports.bus.onState((connected) => {
        if (connected) pay();
      }),
    );
    if (this.#ports.bus.connected) pay();
  }

  /** ubus calls made so far. */
  get sourceCalls(): number {
    return this.#sources.calls;
  }

  supported(protocol: Protocol): SupportedModel {
    return this.#tree.supported(protocol);
  }

  coverage(protocol: Protocol): readonly Coverage[] {
    return coverageOf(this.#tree, protocol);
  }

  get(view: View, paths: readonly string[], options: ReadOptions = {}): Promise<readonly PathReading[]> {
    return this.#readings.evaluate(view, options.signal, (reading) =>
      paths.map((path) => readPath(reading, path, options.maxDepth ?? 0)),
    );
  }

  names(view: View, path: string, nextLevel: boolean): Promise<Result<readonly NameReading[], ModelFault>> {
    return this.#readings.evaluate(view, undefined, (reading) => readNames(reading, path, nextLevel));
  }

  instances(
    view: View,
    path: string,
    firstLevelOnly: boolean,
  ): Promise<Result<readonly InstanceReading[], ModelFault>> {
    return this.#readings.evaluate(view, undefined, (reading) => readInstances(reading, path, firstLevelOnly));
  }

  write(view: View, writes: readonly Write[], options: WriteOptions): Promise<WriteAnswer> {
    const answer = this.#turn.then(() => this.#writer.write(view, writes, options));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  operate(view: View, request: OperateRequest): Promise<Result<readonly OperateOutcome[], ModelFault>> {
    return this.#commands.operate(view, request);
  }

  /** @see Commands.resume */
  resumeOperations(): Promise<void> {
    return this.#commands.resume();
  }

  async watch(
    view: View,
    request: WatchRequest,
    heard: (change: Change) => void,
  ): Promise<Result<Disposable, ModelFault>> {
    const watch = await this.#watches.add(view, request, heard);
    return 'kind' in watch ? refused(watch) : ok(watch);
  }

  declare(declaration: Declaration): Disposable {
    this.#dependencies.forget();
    return this.#tree.declare(declaration);
  }

  declareTable(declaration: StoredTableDeclaration): StoredTable {
    const rows = this.#stored.declare(declaration);
    this.#tree.store(declaration.path, rows);
    this.#tree.declare(declaration);
    this.#dependencies.forget();
    return {
      rows: () => rows.rows(),
      fill: (path, values) => this.#fill(rows, `${path}.`, values),
      change: (put, gone, origin) => this.#changeRows(declaration.path, rows, put, gone, origin),
    };
  }

  raise(path: string, args: Readonly<Record<string, string>>, origin: Origin, recipient?: string): void {
    this.#signals.tell({ kind: 'event', path, args, origin, ...(recipient !== undefined && { recipient }) });
  }

  /**
   * Undoes what a write made of packages, as one more write of the device itself.
   * @param states what goes to flash along with it, all or nothing
   * @returns false: a package has been changed by somebody else since, and nothing was undone
   * @throws ApplyError
   */
  putBack(packages: ReplacedPackages, states: readonly StateChange[] = []): Promise<boolean> {
    const done = this.#turn.then(async () => {
      const back = await this.#transactions.putBack(packages, states);
      await this.#reloads.pay();
      if (back) await this.changed();
      return back;
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  applyPostponed(): Promise<void> {
    const done = this.#turn.then(async () => {
      if (!this.#reloads.release()) return;
      this.#ports.tookOver?.();
      await this.#reloads.pay();
      await this.changed();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /**
   * Replaces packages by what an operator has kept of them, as one write: all or nothing, journalled, on probation like any other.
   * @param packages their texts
   * @throws ApplyError
   */
  restore(packages: ReadonlyMap<string, string>, origin: Origin): Promise<void> {
    const done = this.#turn.then(async () => {
      const plan = { ...emptyPlan(), whole: new Map(packages) };
      const write = (replaced: ReplacedPackages): AppliedWrite => ({
        packages: replaced,
        origin,
        paths: [],
        postponed: false,
      });
      const replaced = await this.#transactions.apply(plan, new Map(), {
        states: (about) => [this.#ports.applying?.(write(about))].filter(isGiven),
        rows: noRows,
      });
      this.#ports.applied?.(write(replaced));
      await this.#reloads.pay();
      await this.changed();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The device has changed by itself: whoever watches is told of the difference. */
  async changed(): Promise<void> {
    this.#sources.forget();
    await this.#watches.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const listening of this.#listening) listening[Symbol.dispose]();
    this.#pending?.[Symbol.dispose]();
    this.#operations.stop();
    await this.#turn;
    await this.#instances[Symbol.asyncDispose]();
  }

  #fill(rows: StoredRows, table: string, values: readonly Readonly<Record<string, string>>[]): Promise<void> {
    const done = this.#turn.then(async () => {
      for (const { path } of rows.of(table)) rows.remove(path);
      for (const [index, row] of values.entries()) {
        const path = `${table}${index + 1}.`;
        rows.put({ path, instances: instancesOf(path), values: row });
      }
      await this.#watches.refresh();
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #keepRequests(): Operations {
    const rows = this.#stored.declare({ path: requestTable, columns: requestColumns });
    this.#tree.store(requestTable, rows);
    const operations = new Operations({
      clock: this.#ports.clock,
      log: this.#ports.log,
      rows,
      change: (put, gone, origin, keep) => {
        const done = this.#turn.then(async () => {
          if (keep) await this.#stored.replace(requestTable, put, gone);
          else for (const row of put) rows.put(row);
          const written = new Set([...put.flatMap(({ path }) => [path, `${path}Status`]), ...gone]);
          await this.#watches.refresh({ origin, written }, new Set([rowsKey(requestTable)]));
        });
        this.#turn = done.catch(() => undefined);
        return done;
      },
      completed: (change) => this.#signals.tell(change),
    });
    this.#tree.declare({ path: requestTable, commands: { 'Cancel()': (_, { row }) => operations.cancel(row.path) } });
    return operations;
  }

  #changeRows(
    schemaPath: string,
    rows: StoredRows,
    put: readonly StoredRowChange[],
    gone: readonly string[],
    origin: Origin,
  ): Promise<readonly StoredRow[]> {
    const done = this.#turn.then(async () => {
      const after = put.map(({ path, values }): StoredRow => {
        const before = path === undefined ? undefined : rows.row(path);
        if (before) return { ...before, values: { ...before.values, ...values } };
        const number = rows.takeNumber();
        const alias: Record<string, string> = rows.columns.has('Alias') ? { Alias: `cpe-${number}` } : {};
        return {
          path: schemaPath.replace('{i}', String(number)),
          instances: [number],
          values: { ...alias, ...values },
        };
      });
      await this.#stored.replace(schemaPath, after, gone);
      const written = after.flatMap((row) => [row.path, ...Object.keys(row.values).map((name) => row.path + name)]);
      await this.#watches.refresh({ origin, written: new Set([...written, ...gone]) }, new Set([rowsKey(schemaPath)]));
      return after;
    });
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  /** Clocks of sources that nobody tells about run only for what is watched. */
  #watchingChanged(): void {
    if (this.#adjusting) return;
    this.#adjusting = true;
    queueMicrotask(() => {
      this.#adjusting = false;
      if (!this.#stopped) this.#events.watch(this.#watches.keys);
    });
  }

  /** What changed outside may be one of several things that happen at once: the look waits for the others. */
  #soon(keys: ReadonlySet<SourceKey>): void {
    this.#sources.forget();
    if (!this.#watches.watching) return;
    for (const key of keys) this.#affected.add(key);
    this.#pending ??= this.#ports.clock.timer(eventSettleMs, () => {
      this.#pending = undefined;
      // In the writers' turn, so that a look never falls between a write and what is told of it.
      this.#turn = this.#turn
        .then(async () => {
          const affected = new Set([...this.#affected, ...this.#events.committed()]);
          this.#affected.clear();
          this.#sources.forget();
          await this.#watches.refresh(undefined, affected);
        })
        .catch((error) => this.#ports.log.error('looking for changes failed', { error }));
    });
  }
}
