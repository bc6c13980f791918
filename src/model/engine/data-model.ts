import { ok, type Result, refused } from '#base';
import type {
  Change,
  CommandContext,
  Coverage,
  Declaration,
  ForeignOperation,
  InstanceReading,
  Model,
  ModelFault,
  NameReading,
  OperateOutcome,
  OperateRequest,
  Operation,
  Origin,
  PathReading,
  Protocol,
  ReadOptions,
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
import type { Schema } from '../schema/index.ts';
import { Commands } from './commands.ts';
import { coverageOf } from './coverage.ts';
import { Dependencies, rowsKey } from './dependencies.ts';
import { FollowUps } from './follow-ups.ts';
import { Instances } from './instances.ts';
import { interfaceStack, interfaceStackOf } from './interface-stack.ts';
import { type ActionTools, declareActions } from './mapped-actions.ts';
import { Operations, requestColumns, requestTable } from './operations.ts';
import { OutsideChanges } from './outside-changes.ts';
import { OwnRows } from './own-rows.ts';
import type { DataModelPorts, StateChange } from './ports.ts';
import { readInstances, readNames, readPaths } from './read.ts';
import { Readings } from './readings.ts';
import { Reloads } from './reloads.ts';
import { Signals } from './signals.ts';
import { StoredTables } from './stored-tables.ts';
import { type ReplacedPackages, Transactions } from './transaction.ts';
import { Tree } from './tree.ts';
import { Turns } from './turns.ts';
import { Watches } from './watch.ts';
import { WholePackages } from './whole-packages.ts';
import { Writer } from './writer.ts';

const hungRetryMs = 60_000;

/** The model of `api.ts` on mappings, declarations and stored tables. */
export class DataModel implements Model, AsyncDisposable {
  readonly #ports: DataModelPorts;
  readonly #tree: Tree;
  readonly #sources: Sources;
  readonly #readings: Readings;
  readonly #whole: WholePackages;
  readonly #writer: Writer;
  readonly #commands: Commands;
  readonly #instances: Instances;
  readonly #transactions: Transactions;
  readonly #reloads: Reloads;
  readonly #followUps: FollowUps;
  readonly #watches: Watches;
  readonly #dependencies: Dependencies;
  readonly #outside: OutsideChanges;
  readonly #ownRows: OwnRows;
  readonly #stored: StoredTables;
  readonly #signals: Signals;
  readonly #operations: Operations;
  readonly #listening: Disposable[] = [];
  readonly #turns = new Turns();
  #paying: Disposable | undefined;

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
    this.#reloads = new Reloads(ports.bus, ports.runtime, ports.log, () => this.#payLater());
    this.#followUps = new FollowUps(ports.state, ports.programs, ports.log);
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
      (protocol, places) => this.#readings.lookAt(protocol, places),
      this.#signals,
      this.#dependencies,
      () => this.#outside.watchingChanged(),
    );
    this.#ownRows = new OwnRows(this.#stored, this.#watches, this.#turns);
    this.#operations = this.#keepRequests();
    this.#outside = new OutsideChanges(mapped, ports, this.#sources, this.#watches, this.#turns);
    this.#listening.push(this.#outside);
    this.#commands = new Commands({
      clock: ports.clock,
      tree: this.#tree,
      readings: this.#readings,
      operations: this.#operations,
    });
    this.#whole = new WholePackages(ports, this.#transactions, this.#reloads, () => this.changed());
    this.#writer = new Writer({
      ports,
      readings: this.#readings,
      sources: this.#sources,
      instances: this.#instances,
      stored: this.#stored,
      transactions: this.#transactions,
      followUps: this.#followUps,
      reloads: this.#reloads,
      watches: this.#watches,
      events: this.#outside.events,
    });
  }

  /** The bus hangs; that it does no more is told by nothing but an answer. */
  #payLater(): void {
    this.#paying ??= this.#ports.clock.timer(hungRetryMs, () => {
      this.#paying = undefined;
      void this.#turns.take(() => this.#reloads.pay());
    });
  }

  #actionTools(): ActionTools {
    return {
      ports: this.#ports,
      handlers: this.#sources.handlers,
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
   * Undoes a transaction that was cut off, does what one that was committed has left to do, and tells the services what they have not been told. To be awaited before anything else is asked.
   * Where it can't be undone now (flash full or read-only) reading works and every write tries again first.
   */
  async recover(): Promise<void> {
    try {
      if (await this.#transactions.recover()) this.#instances.reload();
      await this.#followUps.recover();
    } catch (error) {
      this.#ports.log.error('a transaction that was cut off could not be undone', { error });
    }
    const pay = (): void => {
      void this.#turns.take(() => this.#reloads.pay());
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
    return this.#readings.evaluate(view, options.signal, (reading) => readPaths(reading, paths, options));
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
    return this.#turns.take(() => this.#writer.write(view, writes, options));
  }

  operate(view: View, request: OperateRequest): Promise<Result<readonly OperateOutcome[], ModelFault>> {
    return this.#commands.operate(view, request);
  }

  begin({ path, commandKey, origin, run }: ForeignOperation): Promise<Result<Operation, ModelFault>> {
    const row = { path: path.slice(0, path.lastIndexOf('.') + 1), instances: [], values: {} };
    const command = { run: (_: unknown, { signal }: CommandContext) => run(signal) };
    return this.#operations.start({ path, command, row, args: {}, commandKey, origin });
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
      fill: (path, values) => this.#ownRows.fill(rows, `${path}.`, values),
      change: (put, gone, origin) => this.#ownRows.change(declaration.path, rows, put, gone, origin),
    };
  }

  raise(path: string, args: Readonly<Record<string, string>>, origin: Origin, recipient?: string): void {
    this.#signals.tell({ kind: 'event', path, args, origin, ...(recipient !== undefined && { recipient }) });
  }

  /** @see WholePackages.putBack */
  putBack(packages: ReplacedPackages, states: readonly StateChange[] = []): Promise<boolean> {
    return this.#turns.take(() => this.#whole.putBack(packages, states));
  }

  applyPostponed(): Promise<void> {
    return this.#turns.take(() => this.#whole.applyPostponed());
  }

  /** @see WholePackages.restore */
  restore(packages: ReadonlyMap<string, string>, origin: Origin, states: readonly StateChange[] = []): Promise<void> {
    return this.#turns.take(() => this.#whole.restore(packages, origin, states));
  }

  /** The device has changed by itself: whoever watches is told of the difference. */
  async changed(): Promise<void> {
    this.#sources.forget();
    await this.#watches.refresh();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listening of this.#listening) listening[Symbol.dispose]();
    this.#operations.stop();
    this.#paying?.[Symbol.dispose]();
    await this.#turns.idle();
    await this.#instances[Symbol.asyncDispose]();
  }

  #keepRequests(): Operations {
    const rows = this.#stored.declare({ path: requestTable, columns: requestColumns });
    this.#tree.store(requestTable, rows);
    const operations = new Operations({
      clock: this.#ports.clock,
      log: this.#ports.log,
      rows,
      change: (put, gone, origin, keep) =>
        this.#turns.take(async () => {
          if (keep) await this.#stored.replace(requestTable, put, gone);
          else for (const row of put) rows.put(row);
          const written = new Set([...put.flatMap(({ path }) => [path, `${path}Status`]), ...gone]);
          await this.#watches.refresh({ origin, written }, new Set([rowsKey(requestTable)]));
        }),
      completed: (change) => this.#signals.tell(change),
    });
    this.#tree.declare({ path: requestTable, commands: { 'Cancel()': (_, { row }) => operations.cancel(row.path) } });
    return operations;
  }
}
