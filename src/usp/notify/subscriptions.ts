import { type Clock, formatDateTime, type Log } from '#base';
import type { Change, DeclaredRow, Model, ModelFault, Origin, StoredTable, View } from '#model';
import type { Notify } from '../codec/types.ts';
import type { BootEvent } from './boot-event.ts';
import { heardBy, type TransferResults, wantsResult } from './hearing.ts';
import { notificationOf } from './notification.ts';
import { changeKinds, checkReferences, listItems, meansRow, watchedPaths } from './reference-list.ts';
import { readSettings, TriggerConfig } from './trigger-config.ts';

/** The controller that a subscription reports to. */
export interface Recipient {
  readonly endpointId: string;
  readonly view: View;
  readonly transferResults: TransferResults;
  /** Looks anew at what the view permits; `undefined`: there is nothing that could have changed. */
  refresh(): Promise<void> | undefined;
  /** @param over called when the controller has it, or nobody waits for it any more */
  notify(notify: Notify, expirationSeconds: number, over?: () => void): void;
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
  /** Whether the row is there, enabled or not. */
  readonly isController: (path: string) => boolean;
  readonly boot: BootEvent;
}

const table = 'Device.LocalAgent.Subscription.{i}.';
const columns = [
  'Alias',
  'Enable',
  'Recipient',
  'TriggerAction',
  'TriggerConfigSettings',
  'ID',
  'CreationDate',
  'NotifType',
  'ReferenceList',
  'Persistent',
  'TimeToLive',
  'NotifRetry',
  'NotifExpiration',
];

/** The clock may have been set since: times to live are looked at again at least this often. */
const longestLookMs = 600_000;

interface Watched {
  /** As it is watched for: a row that has changed is another object. */
  readonly row: DeclaredRow;
  readonly watch: Disposable;
}

/** `Device.LocalAgent.Subscription.{i}.` and what it makes the agent say and do (TR-369 "Notifications and Subscription Mechanism"). */
export class Subscriptions implements AsyncDisposable {
  readonly #parts: SubscriptionParts;
  readonly #table: StoredTable;
  readonly #triggers: TriggerConfig;
  readonly #watches = new Map<string, Watched>();
  #turn: Promise<void> = Promise.resolve();
  #expiry: Disposable | undefined;
  /** What waits for a look at permissions. */
  #telling: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.#triggers = new TriggerConfig(parts);
    this.#table = parts.model.declareTable({
      path: table,
      columns,
      persist: ({ values }) => values.Persistent === 'true',
      defaults: (origin) => ({
        ID: `sub-${parts.randomHex(6)}`,
        CreationDate: formatDateTime(parts.clock.now()),
        Recipient: this.#recipientOf(origin),
      }),
      validate: (row, before, origin) => checkRow(row, before) ?? this.#checkAuthor(row, before, origin),
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#turn;
    this.#expiry?.[Symbol.dispose]();
    for (const path of [...this.#watches.keys()]) this.#end(path);
  }

  /** What a subscription sets it sets with the rights of its recipient, whoever may edit its row. */
  #checkAuthor({ values, path }: DeclaredRow, before: DeclaredRow | undefined, origin: Origin): ModelFault | undefined {
    const { TriggerConfigSettings = '', Recipient } = values;
    if (origin.by !== 'usp' || TriggerConfigSettings === (before?.values.TriggerConfigSettings ?? '')) return undefined;
    if (!origin.unproven && this.#recipientOf(origin) === Recipient) return undefined;
    return { kind: 'denied', message: 'only the recipient itself says what is set for it', path };
  }

  #recipientOf(origin: Origin): string {
    return (origin.by === 'usp' && origin.peer !== undefined && this.#parts.controllerRow(origin.peer)) || '';
  }

  async #sync(): Promise<void> {
    if (this.#stopped) return;
    const rows = new Map(this.#table.rows().map((row) => [row.path, row]));
    for (const [path, { row: was }] of [...this.#watches]) {
      const row = rows.get(path);
      if (row === was && this.#parts.recipient(row.values.Recipient ?? '')) continue;
      this.#end(path);
      if (!row) {
        this.#triggers.forget(path);
        this.#parts.recipient(was.values.Recipient ?? '')?.forget(was.values.ID ?? '');
      }
    }
    const over: string[] = [];
    const begun: Promise<void>[] = [];
    for (const row of rows.values()) {
      if (!this.#parts.isController(row.values.Recipient ?? '') || this.#leftMs(row) <= 0) over.push(row.path);
      else if (!this.#watches.has(row.path)) begun.push(this.#begin(row));
    }
    await Promise.all(begun);
    if (over.length > 0) void this.#remove(over);
    this.#watchExpiry(rows.values());
  }

  async #begin(row: DeclaredRow): Promise<void> {
    const { model, log } = this.#parts;
    const { values } = row;
    const kind = changeKinds[values.NotifType ?? ''];
    const recipient = this.#parts.recipient(values.Recipient ?? '');
    if (values.Enable !== 'true' || kind === undefined || !recipient) return;
    const paths = watchedPaths(values.NotifType ?? '', listItems(values.ReferenceList ?? ''));
    if (paths.length === 0) return;
    const heard = (change: Change): void => {
      if (meansRow(change, paths)) this.#heard(row, change);
    };
    const watch = await model.watch(recipient.view, { paths, kinds: [kind], withoutDeniable: true }, heard);
    if (!watch.ok) {
      log.warn('a subscription can not be watched for', { subscription: row.path, reason: watch.fault.message });
      return;
    }
    this.#watches.set(row.path, { row, watch: watch.value });
  }

  #end(path: string): void {
    this.#watches.get(path)?.watch[Symbol.dispose]();
    this.#watches.delete(path);
  }

  /** TimeToLive counts from the creation, by the wall clock. */
  #leftMs({ values }: DeclaredRow): number {
    const seconds = Number(values.TimeToLive ?? '0');
    if (!(seconds > 0)) return Number.POSITIVE_INFINITY;
    const created = Date.parse(values.CreationDate ?? '');
    return (Number.isNaN(created) ? 0 : created) + seconds * 1000 - this.#parts.clock.now();
  }

  #watchExpiry(rows: Iterable<DeclaredRow>): void {
    this.#expiry?.[Symbol.dispose]();
    this.#expiry = undefined;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const row of rows) nextMs = Math.min(nextMs, Math.max(0, this.#leftMs(row)));
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#expiry = this.#parts.clock.timer(Math.min(nextMs, longestLookMs), () => void this.sync());
  }

  /** Their time is over, or their controller is gone. */
  async #remove(paths: readonly string[]): Promise<void> {
    const { model, log } = this.#parts;
    const writes = paths.map((path) => ({ op: 'delete', path }) as const);
    await model.write({ protocol: 'usp' }, writes, { origin: { by: 'device' }, partial: true });
    log.info('subscriptions are over', { count: paths.length });
  }

  #heard(row: DeclaredRow, happened: Change): void {
    const { values } = row;
    const recipient = this.#parts.recipient(values.Recipient ?? '');
    if (!recipient) return;
    // A row that is gone is found by no search any more.
    const before = happened.kind === 'deleted' ? heardBy(recipient.view, happened) : undefined;
    const looked = recipient.refresh();
    if (!looked) this.#tell(row, recipient, heardBy(recipient.view, happened));
    else {
      this.#telling = Promise.all([this.#telling, looked])
        .then(() => this.#tell(row, recipient, heardBy(recipient.view, happened) ?? before))
        .catch((error) => this.#parts.log.error('a change could not be told', { error }));
    }
  }

  #tell({ path, values }: DeclaredRow, recipient: Recipient, change: Change | undefined): void {
    if (!change || !wantsResult(recipient.transferResults, change)) return;
    if (change.kind === 'event' && change.recipient !== undefined && change.recipient !== values.Recipient) return;
    const boot = change.kind === 'event' && change.path === 'Device.Boot!';
    if (boot && !this.#parts.boot.owes(path)) return;
    const over = boot ? this.#parts.boot.under(path) : undefined;
    if (values.TriggerAction === 'Config') over?.();
    else {
      const retry = values.NotifRetry === 'true';
      const notify = { subscriptionId: values.ID ?? '', sendResp: retry, ...notificationOf(change) };
      // NotifExpiration ends retries; without them it means nothing.
      recipient.notify(notify, retry ? Number(values.NotifExpiration ?? '0') : 0, over);
    }
    if (values.TriggerAction === 'Config' || values.TriggerAction === 'NotifyAndConfig') {
      void this.#triggers.apply(path, values.TriggerConfigSettings ?? '', recipient.view, recipient.endpointId);
    }
  }
}

/** What the schema does not say of a row by itself. */
function checkRow(row: DeclaredRow, before: DeclaredRow | undefined): ModelFault | undefined {
  const { values } = row;
  if (values.Recipient === '') {
    return { kind: 'value-conflict', message: 'only a controller can subscribe', path: row.path };
  }
  if (values.ID === '') return { kind: 'invalid-value', message: 'an ID can not be empty' };
  if (before && before.values.ID !== values.ID) {
    return { kind: 'value-conflict', message: 'the ID of a subscription does not change' };
  }
  const settled = before?.values.ReferenceList ?? '';
  if (settled !== '' && settled !== values.ReferenceList) {
    return { kind: 'not-writable', message: 'what a subscription refers to does not change' };
  }
  const settings = readSettings(values.TriggerConfigSettings ?? '');
  if (!settings.ok) return settings.fault;
  return checkReferences(values.NotifType ?? '', listItems(values.ReferenceList ?? ''));
}
