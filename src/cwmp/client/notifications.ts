import { explain, type Log } from '#base';
import type { Change, ParameterInfo } from '#model';
import { objectPathOf, toSchemaPath } from '#model';
import type { StateStore } from '#platform';
import { type Attributes, acsView } from '../verbs/verb.ts';
import type { AcsModel } from '../view/index.ts';
import type { CwmpStateFile } from './state.ts';
import { unaskedParameters } from './unasked-parameters.ts';

/** TR-069 A.3.2.4: 2 active; 1, and beside a lightweight notification 4 and 6, passive. */
const active = 2;
const changedName = 'cwmp-changed';
const inInform: ReadonlySet<number> = new Set([1, 2, 4, 6]);
/** 3 and 4 lightweight and passive, 5 and 6 lightweight and active. */
const leastLightweight = 3;
const leastLightweightActive = 5;

export interface Notifications extends Attributes, AsyncDisposable {
  /** Full paths of the parameters that have changed since the last acknowledged Inform. */
  readonly changed: ReadonlySet<string>;
  /** An Inform with these values goes out: that they are so is no change to tell of afterwards. */
  telling(values: ReadonlyMap<string, string>): void;
  /**
   * The ACS has acknowledged an Inform.
   * @param told what `take` gave for it
   * @param values every parameter that was in it
   */
  delivered(told: ReadonlyMap<string, number>, values: ReadonlyMap<string, string>): void;
  /** These are to be told with the next Inform, whatever their attribute says. */
  mark(paths: readonly string[]): void;
  /** Changed paths with the count of the change, to be handed back to `delivered`. */
  take(): Map<string, number>;
}

/**
 * Watches every parameter whose attribute asks for it and remembers which have changed by other hands than the ACS's
 * (TR-069 A.3.2.4; changes are events of the model, nothing is polled here).
 * @param runtime what has changed and is not told yet outlives a restart of the agent there, and no boot (TR-069 table 8, `4 VALUE CHANGE`)
 * @param heard called for each change of a parameter with active notification
 * @param lightweight called for each change of a parameter that is told outside of sessions
 */
export async function watchNotifications(
  model: AcsModel,
  state: CwmpStateFile,
  runtime: StateStore,
  log: Log,
  heard: (path: string) => void,
  lightweight: (change: Extract<Change, { kind: 'value' }>, active: boolean) => void,
): Promise<Notifications> {
  const changed = new Map<string, number>();
  /** What the ACS knows already: the forced parameters are in every Inform. */
  const known = new Map<string, string>();
  let count = 0;
  let watching: Disposable | undefined;
  let turn: Promise<void> = Promise.resolve();
  let kept = runtime.read(changedName) ?? '[]';
  for (const path of JSON.parse(kept) as string[]) changed.set(path, ++count);
  let keeping: Promise<void> | undefined;
  /** What changes together is written together. */
  const keepChanged = (): void => {
    keeping ??= Promise.resolve()
      .then(async () => {
        keeping = undefined;
        const text = JSON.stringify([...changed.keys()]);
        if (text === kept) return;
        kept = text;
        await runtime.write(changedName, text);
      })
      .catch((error) => log.error('changes that are to be told can not be kept', { reason: explain(error) }));
  };

  const infoOf = (path: string): ParameterInfo | undefined => {
    const object = objectPathOf(path);
    return model
      .supported('cwmp')
      .object(toSchemaPath(object))
      ?.parameters.find(({ name }) => object + name === path);
  };
  const notificationOf = (path: string): number => {
    const kind = infoOf(path)?.activeNotify;
    if (kind === 'forceEnabled') return active;
    return state.get().attributes?.[path] ?? (kind === 'forceDefaultEnabled' ? active : 0);
  };
  const onChange = (change: Change): void => {
    if (change.kind !== 'value' || change.origin.by === 'cwmp') return;
    const notification = notificationOf(change.path);
    if (notification >= leastLightweight) lightweight(change, notification >= leastLightweightActive);
    if (!inInform.has(notification)) return;
    if (known.get(change.path) === change.value && !changed.has(change.path)) return;
    changed.set(change.path, ++count);
    keepChanged();
    if (notification === active) heard(change.path);
  };
  const rewatch = async (): Promise<void> => {
    const paths = new Set(Object.keys(state.get().attributes ?? {}));
    for (const { path, info } of unaskedParameters(model)) {
      if (info.activeNotify === 'forceEnabled' || info.activeNotify === 'forceDefaultEnabled')
        paths.add(path + info.name);
    }
    const wanted = [...paths].filter((path) => notificationOf(path) > 0);
    const next =
      wanted.length === 0 ? undefined : await model.watch(acsView, { paths: wanted, kinds: ['value'] }, onChange);
    watching?.[Symbol.dispose]();
    watching = next?.ok ? next.value : undefined;
    if (next && !next.ok) log.error('value changes can not be watched', { reason: next.fault.message });
  };
  const keep = async (attributes: Readonly<Record<string, number>>): Promise<void> => {
    await state.change({ attributes });
    turn = turn.then(rewatch);
    await turn;
  };
  await rewatch();
  return {
    get changed() {
      return new Set(changed.keys());
    },
    mark(paths) {
      for (const path of paths) changed.set(path, ++count);
      keepChanged();
    },
    take: () => new Map(changed),
    telling(values) {
      for (const [path, value] of values) if (!changed.has(path)) known.set(path, value);
    },
    delivered(told, values) {
      for (const [path, value] of values) known.set(path, value);
      for (const [path, at] of told) if (changed.get(path) === at) changed.delete(path);
      keepChanged();
    },
    notificationOf,
    async set(changes) {
      await keep({ ...state.get().attributes, ...Object.fromEntries(changes) });
    },
    async forget(row) {
      const all = Object.entries(state.get().attributes ?? {});
      const left = all.filter(([path]) => !path.startsWith(row));
      if (left.length < all.length) await keep(Object.fromEntries(left));
    },
    async [Symbol.asyncDispose]() {
      await turn;
      await keeping;
      watching?.[Symbol.dispose]();
    },
  };
}
