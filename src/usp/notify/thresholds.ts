import type { Log } from '#base';
import {
  type Change,
  type DeclaredRow,
  type Model,
  type ModelFault,
  type Origin,
  type StoredTable,
  toSchemaPath,
  type View,
} from '#model';

export interface ThresholdParts {
  readonly model: Model;
  readonly log: Log;
  /** @param path instance path of its row, without the last dot; `undefined`: not enabled or not there */
  readonly recipient: (path: string) => { readonly view: View } | undefined;
  readonly controllerRow: (endpointId: string) => string | undefined;
  readonly isController: (path: string) => boolean;
}

const table = 'Device.LocalAgent.Threshold.{i}.';
const columns = [
  'Alias',
  'Enable',
  'OperatingMode',
  'ReferencePath',
  'ThresholdParam',
  'ThresholdOperator',
  'ThresholdValue',
  'Controller',
];
export const thresholdOperators = ['Rise', 'Fall', 'Cross', 'Eq', 'NotEq'] as const;
type Operator = (typeof thresholdOperators)[number];
const integers = new Set(['int', 'unsignedInt', 'long', 'unsignedLong']);

/** Whether the change fulfils the condition (TR-181 `SupportedThresholdOperator`). */
export function crosses(operator: Operator, threshold: bigint, before: bigint, now: bigint): boolean {
  switch (operator) {
    case 'Rise':
      return before <= threshold && now > threshold;
    case 'Fall':
      return before >= threshold && now < threshold;
    case 'Cross':
      return crosses('Rise', threshold, before, now) || crosses('Fall', threshold, before, now);
    case 'Eq':
      return before !== threshold && now === threshold;
    case 'NotEq':
      return before === threshold && now !== threshold;
  }
}

interface Watched {
  readonly row: DeclaredRow;
  readonly watch: Disposable;
  /** Last known, by full path. */
  readonly values: Map<string, bigint>;
}

/** `Device.LocalAgent.Threshold.{i}.`: an integer that passes a value sets off `Triggered!` for the controller that made the row. */
export class Thresholds implements AsyncDisposable {
  readonly #parts: ThresholdParts;
  readonly #table: StoredTable;
  readonly #watches = new Map<string, Watched>();
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ThresholdParts) {
    this.#parts = parts;
    this.#table = parts.model.declareTable({
      path: table,
      columns,
      events: ['Triggered!'],
      defaults: (origin) => ({ Controller: this.#creator(origin) }),
      validate: (row) => this.#check(row),
      committed: () => void this.sync(),
    });
  }

  sync(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#sync()).catch((error) => this.#parts.log.error('thresholds', { error }));
    return this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#turn;
    for (const path of [...this.#watches.keys()]) this.#end(path);
  }

  #creator(origin: Origin): string {
    return (origin.by === 'usp' && origin.peer !== undefined && this.#parts.controllerRow(origin.peer)) || '';
  }

  #check({ values, path }: DeclaredRow): ModelFault | undefined {
    if (values.Controller === '') return { kind: 'value-conflict', message: 'only a controller can set one', path };
    const { ReferencePath = '', ThresholdParam = '', ThresholdValue = '' } = values;
    if (ThresholdValue !== '' && !/^-?[0-9]{1,20}$/.test(ThresholdValue)) {
      return { kind: 'invalid-value', message: 'a threshold is an integer' };
    }
    // The parameters of a new row are written one by one.
    if (ReferencePath === '' || ThresholdParam === '') return undefined;
    const schemaPath = toSchemaPath(
      ReferencePath.replace(/\[(?:"[^"]*"|[^\]"])*\](?=\.)/g, '{i}').replaceAll('.*.', '.{i}.'),
    );
    const last = schemaPath.lastIndexOf('.') + 1;
    const parameter = this.#parts.model
      .supported('usp')
      .object(schemaPath.slice(0, last) + ThresholdParam.slice(0, ThresholdParam.lastIndexOf('.') + 1))
      ?.parameters.find(({ name }) => name === ThresholdParam.slice(ThresholdParam.lastIndexOf('.') + 1));
    if (!parameter) return { kind: 'invalid-value', message: 'there is no such parameter here' };
    if (!integers.has(parameter.type) || parameter.list) {
      return { kind: 'invalid-value', message: 'a threshold is of an integer parameter' };
    }
    return undefined;
  }

  async #sync(): Promise<void> {
    if (this.#stopped) return;
    const rows = new Map(this.#table.rows().map((row) => [row.path, row]));
    for (const [path, { row: was }] of [...this.#watches]) {
      const row = rows.get(path);
      if (row !== was || !this.#parts.recipient(row.values.Controller ?? '')) this.#end(path);
    }
    const orphans: string[] = [];
    for (const row of rows.values()) {
      if (!this.#parts.isController(row.values.Controller ?? '')) orphans.push(row.path);
      else if (!this.#watches.has(row.path)) await this.#begin(row);
    }
    if (orphans.length > 0) {
      const writes = orphans.map((path) => ({ op: 'delete', path }) as const);
      void this.#parts.model.write({ protocol: 'usp' }, writes, { origin: { by: 'device' }, partial: true });
    }
  }

  async #begin(row: DeclaredRow): Promise<void> {
    const { model, log, recipient } = this.#parts;
    const { Enable, Controller = '', ReferencePath = '', ThresholdParam = '', ThresholdValue = '' } = row.values;
    const view = recipient(Controller)?.view;
    if (Enable !== 'true' || !view || ReferencePath === '' || ThresholdParam === '' || ThresholdValue === '') return;
    const path = `${ReferencePath}${ReferencePath.endsWith('.') ? '' : '.'}${ThresholdParam}`;
    const watched: Watched = {
      row,
      values: new Map(),
      watch: { [Symbol.dispose]: () => {} },
    };
    const watch = await model.watch(view, { paths: [path], kinds: ['value'] }, (change) =>
      this.#heard(row.path, change),
    );
    if (!watch.ok) {
      log.warn('a threshold can not be watched for', { threshold: row.path, reason: watch.fault.message });
      return;
    }
    this.#watches.set(row.path, { ...watched, watch: watch.value });
    const [reading] = await model.get(view, [path]);
    if (!reading?.result.ok) return;
    for (const object of reading.result.value) {
      for (const { info, value } of object.parameters) {
        const known = this.#watches.get(row.path)?.values;
        if (known && !known.has(object.path + info.name)) known.set(object.path + info.name, integer(value));
      }
    }
  }

  #end(path: string): void {
    this.#watches.get(path)?.watch[Symbol.dispose]();
    this.#watches.delete(path);
  }

  #heard(threshold: string, change: Change): void {
    const watched = this.#watches.get(threshold);
    if (!watched || change.kind !== 'value') return;
    const { model } = this.#parts;
    const { ThresholdOperator, ThresholdValue = '', Controller = '', OperatingMode } = watched.row.values;
    const now = integer(change.value);
    const before = watched.values.get(change.path);
    watched.values.set(change.path, now);
    if (before === undefined) return;
    if (!crosses((ThresholdOperator as Operator | undefined) ?? 'Rise', BigInt(ThresholdValue), before, now)) return;
    const args = { ParamPath: change.path, ParamValue: change.value };
    model.raise(`${threshold}Triggered!`, args, change.origin, Controller);
    if (OperatingMode !== 'Single') return;
    this.#end(threshold);
    const parameters = [{ name: 'Enable', value: 'false', required: true }];
    const write = { op: 'set', path: threshold, parameters } as const;
    void model.write({ protocol: 'usp' }, [write], { origin: { by: 'device' }, partial: false });
  }
}

const integer = (text: string): bigint => (/^-?[0-9]+$/.test(text) ? BigInt(text) : 0n);
