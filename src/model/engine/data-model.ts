import { type Clock, type Log, ok, type Result, refused } from '#base';
import type { Bus, Files, Programs, Scripts, StateStore, Uci } from '#platform';
import type {
  Change,
  CommandDeclaration,
  Coverage,
  Declaration,
  DeclaredRow,
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
  WriteOutcome,
} from '../api.ts';
import type { CompiledObject } from '../mapping/compiled.ts';
import { ReadScope, Sources } from '../mapping/sources.ts';
import { instancesOf, toSchemaPath } from '../path/index.ts';
import type { Schema } from '../schema/index.ts';
import { ChangeEvents } from './change-events.ts';
import { checkArguments } from './command-arguments.ts';
import { connectivity } from './connectivity.ts';
import { coverageOf } from './coverage.ts';
import { codeKey, Dependencies, rowsKey, type SourceKey, uciKey } from './dependencies.ts';
import { declaredRow, Evaluator } from './evaluate.ts';
import { Instances } from './instances.ts';
import { interfaceStack, interfaceStackOf } from './interface-stack.ts';
import { type ActionTools, declareActions } from './mapped-actions.ts';
import { Operations, requestColumns, requestTable } from './operations.ts';
import { copyOf, emptyPlan, type Plan } from './plan.ts';
import { type Reading, readInstances, readNames, readPath } from './read.ts';
import { Reloads } from './reloads.ts';
import { resolvePath } from './resolve.ts';
import { Signals } from './signals.ts';
import { Stager } from './stage.ts';
import type { StoredRow, StoredRows } from './stored.ts';
import { StoredTables } from './stored-tables.ts';
import { ForeignEditError, isBusy, isOutOfSpace, noRows, type ReplacedPackages, Transactions } from './transaction.ts';
import { Tree } from './tree.ts';
import { type Look, Watches } from './watch.ts';

export interface DataModelPorts {
  readonly bus: Bus;
  readonly uci: Uci;
  readonly files: Files;
  readonly scripts: Scripts;
  readonly programs?: Programs;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Short, unique within the device, fit for a UCI section name. */
  readonly uniqueName: () => string;
  /** Whether somebody else may yet undo what is in these packages, and with it what is written to them now. */
  readonly contested?: (packages: readonly string[]) => Promise<boolean>;
  /** State that does not outlive a reboot (tmpfs). */
  readonly runtime?: StateStore;
  /** A write is about to replace packages: what whoever watches over the device's reachability has to note along with it, all or nothing. */
  readonly applying?: (write: AppliedWrite) => StateChange | undefined;
  /** It has. */
  readonly applied?: (write: AppliedWrite) => void;
  /** The services have been told of what had been postponed. */
  readonly tookOver?: () => void;
}

/** `undefined` text: the state goes. */
export interface StateChange {
  readonly name: string;
  readonly text: string | undefined;
}

export interface AppliedWrite {
  readonly packages: ReplacedPackages;
  readonly origin: Origin;
  /** Full paths of what was written. */
  readonly paths: readonly string[];
  /** The services are told later: `tookOver` says when. */
  readonly postponed: boolean;
}

// Each pass can reveal one more level of sources (rows, then what is asked by row); more than this is a mapping that chases its tail.
const passLimit = 6;
/** A write is planned anew when somebody else has changed a package meanwhile; who does so without end wins. */
const planLimit = 5;
/** An event of the device is often one of several: the look waits for the others. */
const eventSettleMs = 30;

/** The model of `api.ts` on mappings, declarations and stored tables. */
export class DataModel implements Model, AsyncDisposable {
  readonly #ports: DataModelPorts;
  readonly #tree: Tree;
  readonly #sources: Sources;
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
    this.#signals = new Signals((view, path) => this.#objectsAt(view, path));
    this.#dependencies = new Dependencies(this.#tree);
    this.#watches = new Watches(
      (protocol, paths) => this.#lookAt(protocol, paths),
      this.#signals,
      this.#dependencies,
      () => this.#watchingChanged(),
    );
    this.#operations = this.#keepRequests();
    this.#events = new ChangeEvents(mapped, { ...ports, changed: (keys) => this.#soon(keys) });
    this.#listening.push(this.#events);
  }

  #actionTools(): ActionTools {
    return {
      ports: this.#ports,
      rowsOf: async (schemaPath) => {
        const view: View = { protocol: 'usp' };
        const { reading, result } = await this.#evaluateIn(view, undefined, ({ evaluator }) =>
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
    return this.#evaluate(view, options.signal, (reading) =>
      paths.map((path) => readPath(reading, path, options.maxDepth ?? 0)),
    );
  }

  names(view: View, path: string, nextLevel: boolean): Promise<Result<readonly NameReading[], ModelFault>> {
    return this.#evaluate(view, undefined, (reading) => readNames(reading, path, nextLevel));
  }

  instances(
    view: View,
    path: string,
    firstLevelOnly: boolean,
  ): Promise<Result<readonly InstanceReading[], ModelFault>> {
    return this.#evaluate(view, undefined, (reading) => readInstances(reading, path, firstLevelOnly));
  }

  write(view: View, writes: readonly Write[], options: WriteOptions): Promise<WriteAnswer> {
    const answer = this.#turn.then(() => this.#write(view, writes, options));
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async operate(view: View, request: OperateRequest): Promise<Result<readonly OperateOutcome[], ModelFault>> {
    const resolved = await this.#evaluate(view, request.signal, ({ tree, evaluator }) =>
      resolvePath(tree, evaluator, view.protocol, request.path, view.access),
    );
    if (!resolved.ok) return resolved;
    const { leaf, nodes, schemaPath } = resolved.value;
    if (leaf.kind !== 'command')
      return refused({ kind: 'not-a-command', message: 'not a command', path: request.path });
    const command = this.#tree.binding(schemaPath)?.commands.get(leaf.name);
    const definition = this.#tree.view(view.protocol).object(schemaPath)?.command(leaf.name);
    if (!command || !definition) {
      return refused({ kind: 'unsupported-path', message: 'no such command', path: request.path });
    }
    const problem = checkArguments(definition.input.parameters, request.args);
    const outcomes: OperateOutcome[] = [];
    for (const node of nodes) {
      const path = node.path + leaf.name;
      if (!(view.access?.allows('CommandEvent', 'x', path) ?? true)) {
        outcomes.push({ path, result: refused({ kind: 'denied', message: 'not permitted', path }) });
      } else if (problem) {
        outcomes.push({ path, result: refused({ ...problem, path }) });
      } else {
        outcomes.push(await this.#command(path, declaredRow(node), command, definition.async, request));
      }
    }
    return ok(outcomes);
  }

  async #command(
    path: string,
    row: DeclaredRow,
    command: CommandDeclaration,
    async: boolean,
    { args, commandKey, origin, signal }: OperateRequest,
  ): Promise<OperateOutcome> {
    if (async) {
      const started = await this.#operations.start({ path, command, row, args, commandKey, origin });
      return started.ok ? { path, result: ok({}), operation: started.value } : { path, result: started };
    }
    const requestedMs = this.#ports.clock.now();
    const context = {
      command: path,
      row,
      commandKey,
      origin,
      signal: signal ?? new AbortController().signal,
      requestedMs,
    };
    return { path, result: await command.run(args, context) };
  }

  /**
   * Commands that the last run of the agent has left: lasting ones are run again, the others end as failed. To be called when
   * those who would hear of it are listening.
   */
  resumeOperations(): Promise<void> {
    return this.#operations.resume(async (path) => {
      const view: View = { protocol: 'usp' };
      const resolved = await this.#evaluate(view, undefined, ({ tree, evaluator }) =>
        resolvePath(tree, evaluator, 'usp', path),
      );
      if (!resolved.ok || resolved.value.leaf.kind !== 'command') return undefined;
      const { leaf, nodes, schemaPath } = resolved.value;
      const command = this.#tree.binding(schemaPath)?.commands.get(leaf.name);
      return command && nodes[0] && { command, row: declaredRow(nodes[0]) };
    });
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

  async #evaluate<T>(view: View, signal: AbortSignal | undefined, evaluate: (reading: Reading) => T): Promise<T> {
    const { result } = await this.#evaluateIn(view, signal, evaluate);
    if (this.#instances.unsaved) await this.#instances.save();
    return result;
  }

  async #evaluateIn<T>(
    view: View,
    signal: AbortSignal | undefined,
    evaluate: (reading: Reading) => T,
  ): Promise<{ result: T; reading: Reading }> {
    const scope = new ReadScope(this.#sources, signal);
    const evaluator = new Evaluator(this.#tree, this.#instances, scope);
    const reading: Reading = { tree: this.#tree, evaluator, view };
    for (let pass = 1; ; pass++) {
      const result = evaluate(reading);
      if (scope.settled || pass >= passLimit) return { result, reading };
      await scope.settle();
      signal?.throwIfAborted();
      evaluator.restart();
    }
  }

  async #write(view: View, writes: readonly Write[], options: WriteOptions): Promise<WriteAnswer> {
    for (let attempt = 1; ; attempt++) {
      const { plan, outcomes, seen, refused: none } = await this.#plan(view, writes, options);
      if (none) {
        this.#forgetRows(plan);
        return { committed: false, outcomes };
      }
      const before = this.#stored.before(plan);
      const write = (packages: ReplacedPackages): AppliedWrite => ({
        packages,
        origin: options.origin,
        paths: [...plan.written],
        postponed: options.postpone === true && [...packages.keys()].some((pack) => connectivity.has(pack)),
      });
      let packages: ReplacedPackages;
      try {
        const companions = {
          states: (replaced: ReplacedPackages) =>
            [this.#instances.pending(), this.#ports.applying?.(write(replaced))].filter(isGiven),
          rows: this.#stored.companion(before),
        };
        packages = await this.#transactions.apply(plan, seen, companions, options.postpone ? connectivity : new Set());
      } catch (error) {
        this.#forgetRows(plan);
        if (error instanceof ForeignEditError && attempt < planLimit) continue;
        this.#ports.log.error('a change could not be applied', { error });
        const fault = notApplied(error);
        return {
          committed: false,
          outcomes: writes.map((requested) => ({ requested, result: refused({ fault, refusals: [] }) })),
        };
      }
      this.#instances.saved();
      const applied = write(packages);
      this.#ports.applied?.(applied);
      this.#stored.tell(before, options.origin);
      this.#sources.forget();
      // Whoever watches does not wait for the services to take the change over, nor they for him.
      await Promise.all([
        this.#watches.refresh({ origin: options.origin, written: plan.written }, this.#affectedBy(plan, packages)),
        this.#reloads.pay(),
      ]);
      return { committed: true, ...(applied.postponed && { postponed: true }), outcomes };
    }
  }

  /** Everything that can be refused is refused here. */
  async #plan(
    view: View,
    writes: readonly Write[],
    options: WriteOptions,
  ): Promise<{
    plan: Plan;
    outcomes: WriteOutcome[];
    seen: ReadonlyMap<string, string | undefined>;
    /** Nothing is to be applied. */
    refused: boolean;
  }> {
    // First see that every source which the paths and references need has answered; then stage once.
    const { reading } = await this.#evaluateIn(view, options.signal, (pass) => {
      for (const write of writes) this.#stager(pass, options.origin).prepare(write);
    });
    const stager = this.#stager(reading, options.origin);
    let plan = emptyPlan();
    const outcomes: WriteOutcome[] = [];
    for (const write of writes) {
      const trial = options.partial ? copyOf(plan) : plan;
      const outcome = stager.stage(write, trial);
      outcomes.push(outcome);
      if (outcome.result.ok) plan = trial;
      else if (options.partial) this.#forgetRows(trial, plan);
    }
    for (const outcome of outcomes) {
      if (outcome.result.ok && outcome.requested.op !== 'set') {
        for (const { path } of outcome.result.value) plan.written.add(path);
      }
    }
    const none = !options.partial && outcomes.some((outcome) => !outcome.result.ok);
    return { plan, outcomes, seen: reading.evaluator.scope.revisions, refused: none };
  }

  /** What can be other than before a write, besides what services make of it later. `undefined`: anything. */
  #affectedBy(plan: Plan, packages: ReplacedPackages): ReadonlySet<SourceKey> | undefined {
    for (const path of plan.written) if (path.endsWith('.Alias')) return undefined;
    const rows = [...plan.storedRows.keys(), ...plan.storedGone].map((path) => rowsKey(toSchemaPath(path)));
    return new Set([...[...packages.keys()].map(uciKey), ...rows, codeKey, ...this.#events.committed()]);
  }

  #stager(reading: Reading, origin: Origin): Stager {
    return new Stager(reading, origin, this.#instances, this.#ports.uniqueName);
  }

  /** Numbers given to rows that never came to be. @param kept a plan whose rows do */
  #forgetRows(plan: Plan, kept?: Plan): void {
    for (const created of plan.created) {
      if (!kept?.created.includes(created)) this.#instances.drop(created.table, created.identity);
    }
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

  async #objectsAt(view: View, path: string): Promise<string[]> {
    const resolved = await this.#evaluate(view, undefined, ({ tree, evaluator }) =>
      resolvePath(tree, evaluator, view.protocol, path),
    );
    if (!resolved.ok) return [];
    const { nodes, table } = resolved.value;
    const below = (schemaPath: string, parent: string): string => schemaPath.slice(parent.length).split('.')[0]!;
    const tables = table.map(({ parent, schemaPath }) => `${parent.path}${below(schemaPath, parent.schemaPath)}.`);
    return [...nodes.map((node) => node.path), ...tables];
  }

  async #lookAt(protocol: Protocol, paths: readonly string[]): Promise<Look[]> {
    const view: View = { protocol, reveal: true };
    return this.#evaluate(view, undefined, (reading) =>
      paths.map((path) => {
        const read = readPath(reading, path, 0);
        const rows = path.endsWith('.') ? readInstances(reading, path, false) : undefined;
        const all = rows && path.includes('[') ? readInstances(reading, withoutSearches(path), false) : undefined;
        return {
          ...(all?.ok && { existing: new Set(all.value.map((row) => row.path)) }),
          objects: read.result.ok ? read.result.value : [],
          rows: new Map(rows?.ok ? rows.value.map((row) => [row.path, row.uniqueKeys]) : []),
        };
      }),
    );
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

const isGiven = <T>(value: T | undefined): value is T => value !== undefined;

/** What is said of a change that was valid and did not come to be. */
function notApplied(error: unknown): ModelFault {
  if (isBusy(error)) {
    return {
      kind: 'busy',
      message: 'the configuration is being changed by somebody else; nothing was kept',
      cause: error,
    };
  }
  if (isOutOfSpace(error)) {
    return { kind: 'resources', message: 'there is no space left for the change; nothing was kept', cause: error };
  }
  return { kind: 'apply-failed', message: 'the change could not be applied; nothing was kept', cause: error };
}

/** Every row in place of those that are searched for. */
const withoutSearches = (path: string): string => path.replace(/\[(?:"[^"]*"|[^\]"])*\](?=\.)/g, '*');
