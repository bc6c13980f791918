import { explain, type Log, ok, type Result } from '#base';
import type { Change, Model, ModelFault, Origin, PathReading, View, WatchRequest } from '#model';
import { needsOf } from './needs.ts';

interface Reader {
  get(view: View, paths: readonly string[]): Promise<readonly PathReading[]>;
  /** Where in TR-181 the parameters at these paths are now. */
  placesOf(view: View, paths: readonly string[]): Promise<readonly string[]>;
}

/** Where rows come and go that others are found by. */
const rowPaths = ['Device.IP.Interface.', 'Device.PPP.Interface.'];

/**
 * Value changes under TR-098's root: when something has changed below them in TR-181, the watched parameters are looked at again, and a
 * difference is a change. Its origin is that of what was changed.
 */
export async function watchTr098(
  model: Model,
  reader: Reader,
  view: View,
  request: WatchRequest,
  heard: (change: Change) => void,
  log: Log,
): Promise<Result<Disposable, ModelFault>> {
  const known = new Map<string, string>();
  const revealing: View = { ...view, reveal: true };
  let stopped = false;
  let turn: Promise<void> = Promise.resolve();
  /** Of the changes that no look has come after. */
  let origin: Origin | undefined;
  let rowsMoved = false;
  let values: Disposable | undefined;

  const look = async (tell: boolean): Promise<void> => {
    const by = origin ?? { by: 'device' };
    origin = undefined;
    if (rowsMoved) {
      rowsMoved = false;
      await watchValues();
    }
    const readings = await reader.get(revealing, request.paths);
    if (stopped) return;
    for (const { result } of readings) {
      if (!result.ok) continue;
      for (const { path: object, parameters } of result.value) {
        for (const { info, value, fault } of parameters) {
          const path = object + info.name;
          const before = known.get(path);
          // A source that fails has not changed the value.
          if (fault || before === value) continue;
          known.set(path, value);
          const shown = info.hidden || info.secured ? '' : value;
          if (tell && before !== undefined) heard({ kind: 'value', path, type: info.type, value: shown, origin: by });
        }
      }
    }
  };
  const onChange = (change: Change): void => {
    if (change.kind !== 'value') rowsMoved = true;
    const waiting = origin !== undefined;
    // Of several changes at once the ACS's own count last: what it did not write itself must be told.
    if (origin === undefined || origin.by === 'cwmp') origin = change.origin;
    if (waiting) return;
    turn = turn
      .then(() => look(true))
      .catch((error) => log.error('looking for changes failed', { reason: explain(error) }));
  };
  const watchValues = async (): Promise<Result<undefined, ModelFault>> => {
    const places = await reader.placesOf(view, request.paths);
    const next = await model.watch(view, { paths: [...new Set(places)], kinds: ['value'] }, onChange);
    values?.[Symbol.dispose]();
    values = next.ok ? next.value : undefined;
    return next.ok ? ok(undefined) : next;
  };
  const begun = await watchValues();
  if (!begun.ok) return begun;
  const rows = needsOf(request.paths).withStack
    ? await model.watch(view, { paths: rowPaths, kinds: ['created', 'deleted'] }, onChange)
    : undefined;
  await look(false);
  return ok({
    [Symbol.dispose]() {
      stopped = true;
      values?.[Symbol.dispose]();
      if (rows?.ok) rows.value[Symbol.dispose]();
    },
  });
}
