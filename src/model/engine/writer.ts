import { refused } from '#base';
import type { ModelFault, View, Write, WriteAnswer, WriteOptions, WriteOutcome } from '../api.ts';
import type { Sources } from '../mapping/sources.ts';
import type { ChangeEvents } from './change-events.ts';
import { connectivity } from './connectivity.ts';
import { codeKey, rowsKey, type SourceKey, uciKey } from './dependencies.ts';
import type { FollowUps } from './follow-ups.ts';
import type { Instances } from './instances.ts';
import { emptyPlan, PartialPlan, type Plan } from './plan.ts';
import type { AppliedWrite, DataModelPorts } from './ports.ts';
import type { Reading } from './read.ts';
import type { Readings } from './readings.ts';
import type { Reloads } from './reloads.ts';
import { Stager } from './stage.ts';
import type { StoredTables } from './stored-tables.ts';
import {
  ForeignEditError,
  isBusy,
  isOutOfSpace,
  isReadOnly,
  type ReplacedPackages,
  type Transactions,
} from './transaction.ts';
import type { Watches } from './watch.ts';

/** A write is planned anew when somebody else has changed a package meanwhile; who does so without end wins. */
const planLimit = 5;
export interface WriterParts {
  readonly ports: DataModelPorts;
  readonly readings: Readings;
  readonly sources: Sources;
  readonly instances: Instances;
  readonly stored: StoredTables;
  readonly transactions: Transactions;
  readonly followUps: FollowUps;
  readonly reloads: Reloads;
  readonly watches: Watches;
  readonly events: ChangeEvents;
}

/** Writes, one at a time: planned as a whole, applied as a whole, told to whoever watches. */
export class Writer {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async write(view: View, writes: readonly Write[], options: WriteOptions): Promise<WriteAnswer> {
    for (let attempt = 1; ; attempt++) {
      const { plan, outcomes, seen, refused: none } = await this.#plan(view, writes, options);
      if (none) {
        this.#forgetRows(plan);
        return { committed: false, outcomes };
      }
      const before = this.#parts.stored.before(plan);
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
            [
              this.#parts.instances.pending(),
              this.#parts.followUps.owe([...plan.followUps.values()]),
              this.#parts.ports.applying?.(write(replaced)),
            ].filter(isGiven),
          rows: this.#parts.stored.companion(before, plan),
        };
        packages = await this.#parts.transactions.apply(
          plan,
          seen,
          companions,
          options.postpone ? connectivity : new Set(),
        );
      } catch (error) {
        this.#forgetRows(plan);
        if (error instanceof ForeignEditError && attempt < planLimit) continue;
        this.#parts.ports.log.error('a change could not be applied', { error });
        const fault = notApplied(error);
        return {
          committed: false,
          outcomes: writes.map((requested) => ({ requested, result: refused({ fault, refusals: [] }) })),
        };
      }
      this.#parts.instances.saved();
      const applied = write(packages);
      this.#parts.ports.applied?.(applied);
      this.#parts.stored.tell(before, options.origin);
      this.#parts.sources.forget();
      // Whoever watches does not wait for the services to take the change over, nor they for him.
      await Promise.all([
        this.#parts.watches.refresh(
          { origin: options.origin, written: plan.written },
          this.#affectedBy(plan, packages, before.keys()),
        ),
        this.#parts.reloads.pay(),
        this.#parts.followUps.pay(plan.followUps.size > 0),
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
    const { reading } = await this.#parts.readings.evaluateIn(view, options.signal, (pass) => {
      const pre = this.#stager(pass, options);
      for (const write of writes) pre.prepare(write);
    });
    const stager = this.#stager(reading, options);
    const each = options.partial ? new PartialPlan() : undefined;
    const plan = each?.plan ?? emptyPlan();
    const outcomes: WriteOutcome[] = [];
    for (const write of writes) {
      const stage = (): boolean => {
        const given = plan.created.length;
        const outcome = stager.stage(write, plan);
        outcomes.push(outcome);
        if (!outcome.result.ok && each) this.#forgetRows(plan, given);
        return outcome.result.ok;
      };
      if (each) each.attempt(stage);
      else stage();
    }
    for (const [at, fault] of stager.duplicates(plan)) {
      if (outcomes[at]!.result.ok) outcomes[at] = { requested: outcomes[at]!.requested, result: refused(fault) };
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
  #affectedBy(plan: Plan, packages: ReplacedPackages, tables: Iterable<string>): ReadonlySet<SourceKey> | undefined {
    // Neither an Alias nor a row that is not complete yet is in a package.
    if (plan.items.size > 0) return undefined;
    for (const path of plan.written) if (path.endsWith('.Alias')) return undefined;
    return new Set([
      ...[...packages.keys()].map(uciKey),
      ...[...tables].map(rowsKey),
      codeKey,
      ...this.#parts.events.committed(),
    ]);
  }

  #stager(reading: Reading, { origin, partial }: WriteOptions): Stager {
    const { uniqueName, programs } = this.#parts.ports;
    const hasProgram = (name: string): boolean => programs?.has(name) === true;
    return new Stager(reading, origin, this.#parts.instances, uniqueName, hasProgram, !partial);
  }

  /** Numbers given to rows that never came to be. @param from those before it do */
  #forgetRows({ created }: Plan, from = 0): void {
    for (const { table, identity } of created.slice(from)) this.#parts.instances.drop(table, identity);
  }
}

export const isGiven = <T>(value: T | undefined): value is T => value !== undefined;

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
  const why = isReadOnly(error) ? ': the flash is read only' : '';
  return { kind: 'apply-failed', message: `the change could not be applied${why}; nothing was kept`, cause: error };
}
