import { ok } from '#base';
import type { DeclaredRow, View } from '#model';
import { ControllerRows, readValues, watchValues } from './controller-rows.ts';
import { type MonitorsParts, missing } from './monitors.ts';

/** A timer that stops at nothing but the change of every parameter that it waits for. */
class Watchdog implements Disposable {
  readonly #parts: MonitorsParts;
  readonly #row: DeclaredRow;
  readonly #view: View;
  readonly #seconds: number;
  readonly #changed = new Set<string>();
  #watch: Disposable | undefined;
  #timer: Disposable | undefined;
  /** Monotonic. */
  #endMs = 0;

  constructor(parts: MonitorsParts, row: DeclaredRow, view: View) {
    this.#parts = parts;
    this.#row = row;
    this.#view = view;
    this.#seconds = Number(row.values.ReloadTimerValue ?? '0');
  }

  async begin(): Promise<this | undefined> {
    const { Reference = '' } = this.#row.values;
    if (Reference === '' || this.#seconds === 0) return undefined;
    this.#watch = await watchValues(this.#parts, this.#view, [Reference], ({ path }) => {
      this.#changed.add(path);
      if (this.#timer) void this.#reloadIfAll();
    });
    if (this.#watch) this.reload();
    return this.#watch && this;
  }

  get expired(): boolean {
    return this.#timer === undefined;
  }

  get remainingSeconds(): number {
    return this.expired ? 0 : Math.ceil((this.#endMs - this.#parts.clock.monotonicMs()) / 1000);
  }

  reload(): void {
    const { clock } = this.#parts;
    this.#changed.clear();
    this.#timer?.[Symbol.dispose]();
    this.#endMs = clock.monotonicMs() + this.#seconds * 1000;
    this.#timer = clock.timer(this.#seconds * 1000, () => this.#expire());
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
  }

  async #reloadIfAll(): Promise<void> {
    const { model } = this.#parts;
    const waited = await readValues(model, this.#view, [this.#row.values.Reference ?? '']);
    if (this.#timer && [...waited.keys()].every((path) => this.#changed.has(path))) this.reload();
  }

  #expire(): void {
    this.#timer = undefined;
    const { Reference = '', ReloadTimerValue = '', SeverityIndication = 'Info', Controller = '' } = this.#row.values;
    const args = { Reference, ReloadTimerValue, SeverityIndication };
    const { model } = this.#parts;
    model.raise(`${this.#row.path}Watchdog!`, args, { by: 'device' }, Controller);
    // Status is another one.
    void model.changed();
  }
}

/** `Device.LocalAgent.Watchdog.{i}.`: parameters that do not change in time set off `Watchdog!`. */
export function watchdogs(parts: MonitorsParts): ControllerRows<Watchdog> {
  const rows: ControllerRows<Watchdog> = new ControllerRows(parts, {
    path: 'Device.LocalAgent.Watchdog.{i}.',
    columns: ['ReloadTimerValue', 'Reference', 'SeverityIndication'],
    events: ['Watchdog!'],
    parameters: {
      RemainingTimerValue: { get: ({ path }) => String(rows.at(path)?.remainingSeconds ?? 0) },
      Status: {
        get: ({ path }) => {
          const running = rows.at(path);
          if (!running) return 'Inactive';
          return running.expired ? 'Expired' : 'Active';
        },
      },
    },
    commands: {
      'Reset()': async (_, { row }) => {
        // One that is not enabled stays inactive.
        rows.at(row.path)?.reload();
        return ok({});
      },
    },
    check: ({ values }) => missing(parts.model, values.Reference ? [values.Reference] : []),
    begin: (row, view) => new Watchdog(parts, row, view).begin(),
  });
  return rows;
}
