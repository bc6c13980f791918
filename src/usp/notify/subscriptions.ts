import { type Clock, formatDateTime, type Log } from '#base';
import type { Change, DeclaredRow, Model, Origin, StoredTable, View } from '#model';
import type { Notify } from '../codec/types.ts';
import { failureOf } from '../errors.ts';

/** The controller that a subscription reports to. */
export interface Recipient {
  readonly view: View;
  notify(notify: Notify, expirationSeconds: number): void;
  forget(subscription: string): void;
}

export interface SubscriptionParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomHex: (bytes: number) => string;
  /** @param path instance path of its row, without the last dot; `undefined`: not enabled or not there */
  readonly recipient: (path: string) => Recipient | undefined;
  /** Row of the controller with this Endpoint ID, without the last dot. */
  readonly controllerRow: (endpointId: string) => string | undefined;
}

const table = 'Device.LocalAgent.Subscription.{i}.';
const columns = [
  'Alias',
  'Enable',
  'Recipient',
  'ID',
  'CreationDate',
  'NotifType',
  'ReferenceList',
  'Persistent',
  'TimeToLive',
  'NotifRetry',
  'NotifExpiration',
];
const kinds: Readonly<Record<string, Change['kind']>> = {
  ValueChange: 'value',
  ObjectCreation: 'created',
  ObjectDeletion: 'deleted',
  Event: 'event',
  OperationComplete: 'completed',
};

interface Watched {
  readonly row: DeclaredRow;
  readonly key: string;
  readonly watch: Disposable;
  /** At the end of its time to live. */
  readonly end: Disposable;
}

/** `Device.LocalAgent.Subscription.{i}.` and what it makes the agent say (TR-369 "Notifications and Subscription Mechanism"). */
export class Subscriptions implements AsyncDisposable {
  readonly #parts: SubscriptionParts;
  readonly #table: StoredTable;
  readonly #watches = new Map<string, Watched>();
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.#table = parts.model.declareTable({
      path: table,
      columns,
      persist: ({ values }) => values.Persistent === 'true',
      defaults: (origin) => ({
        ID: `sub-${parts.randomHex(6)}`,
        CreationDate: formatDateTime(parts.clock.now()),
        Recipient: this.#recipientOf(origin),
      }),
      validate: (row, before) => {
        if (row.values.Recipient === '') {
          return { kind: 'value-conflict', message: 'only a controller can subscribe', path: row.path };
        }
        if (row.values.ID === '') return { kind: 'invalid-value', message: 'an ID can not be empty' };
        if (before && before.values.ID !== row.values.ID) {
          return { kind: 'value-conflict', message: 'the ID of a subscription does not change' };
        }
        return undefined;
      },
      committed: () => void this.sync(),
    });
  }

  /** Enabled ones that are being watched for. */
  get active(): number {
    return this.#watches.size;
  }

  /** Brings what is watched in line with the table and the controllers. Resolves when it is. */
  sync(): Promise<void> {
    this.#turn = this.#turn
      .then(() => this.#sync())
      .catch((error) => this.#parts.log.error('subscriptions', { error }));
    return this.#turn;
  }

  /** Resolves when everything that was committed so far is being watched for. */
  settled(): Promise<void> {
    return this.#turn;
  }

  /**
   * An event that concerns one controller only (`Device.LocalAgent.Periodic!`).
   * @param recipient row of the controller, without the last dot
   */
  tellOne(recipient: string, path: string): void {
    const change: Change = { kind: 'event', path, args: {}, origin: { by: 'device' } };
    for (const { row } of this.#watches.values()) {
      const { values } = row;
      if (values.Recipient !== recipient || values.NotifType !== 'Event') continue;
      if (pathsOf(row).includes(path)) this.#tell(row, change);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#turn;
    for (const path of [...this.#watches.keys()]) this.#end(path);
  }

  #recipientOf(origin: Origin): string {
    return (origin.by === 'usp' && origin.peer !== undefined && this.#parts.controllerRow(origin.peer)) || '';
  }

  async #sync(): Promise<void> {
    if (this.#stopped) return;
    const rows = new Map(this.#table.rows().map((row) => [row.path, row]));
    for (const [path, { key, row: was }] of [...this.#watches]) {
      const row = rows.get(path);
      if (row && keyOf(row) === key && this.#parts.recipient(row.values.Recipient ?? '')) continue;
      this.#end(path);
      if (!row) this.#parts.recipient(was.values.Recipient ?? '')?.forget(was.values.ID ?? '');
    }
    for (const row of rows.values()) if (!this.#watches.has(row.path)) await this.#begin(row);
  }

  async #begin(row: DeclaredRow): Promise<void> {
    const { model, clock, log } = this.#parts;
    const { values } = row;
    const kind = kinds[values.NotifType ?? ''];
    const recipient = this.#parts.recipient(values.Recipient ?? '');
    if (values.Enable !== 'true' || kind === undefined || !recipient) return;
    const leftMs = this.#leftMs(row);
    if (leftMs !== undefined && leftMs <= 0) {
      void this.#expire(row.path);
      return;
    }
    const paths = pathsOf(row);
    const watch = await model.watch(recipient.view, { paths, kinds: [kind] }, (change) => this.#tell(row, change));
    if (!watch.ok) {
      log.warn('a subscription can not be watched for', { subscription: row.path, reason: watch.fault.message });
      return;
    }
    const end: Disposable =
      leftMs === undefined ? { [Symbol.dispose]: () => {} } : clock.timer(leftMs, () => void this.#expire(row.path));
    this.#watches.set(row.path, { row, key: keyOf(row), watch: watch.value, end });
  }

  #end(path: string): void {
    const watched = this.#watches.get(path);
    watched?.watch[Symbol.dispose]();
    watched?.end[Symbol.dispose]();
    this.#watches.delete(path);
  }

  /** TimeToLive counts from the creation. */
  #leftMs({ values }: DeclaredRow): number | undefined {
    const seconds = Number(values.TimeToLive ?? '0');
    if (!(seconds > 0)) return undefined;
    return Date.parse(values.CreationDate ?? '') + seconds * 1000 - this.#parts.clock.now();
  }

  async #expire(path: string): Promise<void> {
    const { model, log } = this.#parts;
    const origin = { by: 'device' } as const;
    const answer = await model.write({ protocol: 'usp' }, [{ op: 'delete', path }], { origin, partial: false });
    if (answer.committed) log.info('a subscription has expired', { subscription: path });
  }

  #tell(row: DeclaredRow, change: Change): void {
    const { values } = row;
    const recipient = this.#parts.recipient(values.Recipient ?? '');
    if (!recipient || !mayHear(recipient.view, change)) return;
    recipient.notify(
      { subscriptionId: values.ID ?? '', sendResp: values.NotifRetry === 'true', ...contentOf(change) },
      Number(values.NotifExpiration ?? '0'),
    );
  }
}

const pathsOf = ({ values }: DeclaredRow): string[] =>
  (values.ReferenceList ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter(Boolean);

/** What, if it changes, makes another watch of it. */
const keyOf = ({ values }: DeclaredRow): string => JSON.stringify(values);

function mayHear({ access }: View, change: Change): boolean {
  if (!access) return true;
  if (change.kind === 'value') return access.allows('Param', 'n', change.path);
  if (change.kind === 'event' || change.kind === 'completed') return access.allows('CommandEvent', 'n', change.path);
  return access.allows('Obj', 'n', change.path.replace(/[0-9]+\.$/, ''));
}

function contentOf(change: Change): Partial<Notify> {
  switch (change.kind) {
    case 'value':
      return { valueChange: { paramPath: change.path, paramValue: change.value } };
    case 'created':
      return { objCreation: { objPath: change.path, uniqueKeys: change.uniqueKeys } };
    case 'deleted':
      return { objDeletion: { objPath: change.path } };
    case 'event': {
      const dot = change.path.lastIndexOf('.') + 1;
      const [objPath, eventName] = [change.path.slice(0, dot), change.path.slice(dot)];
      return { event: { objPath, eventName, params: change.args } };
    }
    case 'completed': {
      const dot = change.path.lastIndexOf('.') + 1;
      const [objPath, commandName] = [change.path.slice(0, dot), change.path.slice(dot)];
      const ended = change.result.ok
        ? { reqOutputArgs: { outputArgs: change.result.value } }
        : { cmdFailure: failureOf(change.result.fault) };
      return { operComplete: { objPath, commandName, commandKey: change.commandKey, ...ended } };
    }
  }
}
