import type { Clock } from '#base';
import type { DeclaredRow, Model, ModelFault, View } from '#model';
import { ControllerRows, type ControllerRowsParts, meantBy, watchValues } from './controller-rows.ts';
import { listItems } from './reference-list.ts';

export interface MonitorsParts extends ControllerRowsParts {
  readonly clock: Clock;
}

/** Changes in one event: more are told before the interval is over. */
const changeLimit = 512;

interface Noted {
  readonly path: string;
  readonly value: string;
  readonly before: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** `Device.LocalAgent.Monitor.{i}.`: what of the parameters of a row changes within an interval is told in one `OnChange!`. */
export function monitors(parts: MonitorsParts): ControllerRows<Disposable> {
  return new ControllerRows(parts, {
    path: 'Device.LocalAgent.Monitor.{i}.',
    columns: ['Interval', 'ReferenceList'],
    events: ['OnChange!'],
    check: ({ values }) => missing(parts.model, listItems(values.ReferenceList ?? '')),
    begin: (row, view) => begin(parts, row, view),
  });
}

/** TR-181: what the agent does not support can not be watched. */
export function missing(model: Model, paths: readonly string[]): ModelFault | undefined {
  const supported = model.supported('usp');
  for (const path of paths) {
    const meant = meantBy(path);
    const last = meant.lastIndexOf('.') + 1;
    const [object, name] = [meant.slice(0, last), meant.slice(last)];
    if (path.includes('+') || (name === '' && (supported.object(object) ?? supported.object(`${object}{i}.`))))
      continue;
    if (supported.object(object)?.parameters.some((parameter) => parameter.name === name)) continue;
    return { kind: 'invalid-value', message: `${path} is not supported` };
  }
  return undefined;
}

async function begin(parts: MonitorsParts, row: DeclaredRow, view: View): Promise<Disposable | undefined> {
  const { model, clock } = parts;
  const { Interval = '0', ReferenceList = '', Controller = '' } = row.values;
  const paths = listItems(ReferenceList);
  if (paths.length === 0) return undefined;
  const intervalMs = Number(Interval) / 1000;
  let noted: Noted[] = [];
  let timer: Disposable | undefined;
  const tell = (): void => {
    timer?.[Symbol.dispose]();
    timer = undefined;
    model.raise(`${row.path}OnChange!`, changeSet(noted), { by: 'device' }, Controller);
    noted = [];
  };
  const watch = await watchValues(parts, view, paths, ({ path, value }, before = '') => {
    noted.push({ path, value, before, at: clock.now() });
    if (intervalMs === 0 || noted.length >= changeLimit) tell();
    else timer ??= clock.timer(intervalMs, tell);
  });
  if (!watch) return undefined;
  return {
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]();
      watch[Symbol.dispose]();
    },
  };
}

/** Arguments of the event: each object once, each change of a parameter of its own. */
function changeSet(noted: readonly Noted[]): Record<string, string> {
  const args: Record<string, string> = {};
  const counts = new Map<string, { readonly index: number; changes: number }>();
  for (const { path, value, before, at } of noted) {
    const last = path.lastIndexOf('.') + 1;
    const object = path.slice(0, last);
    const known = counts.get(object) ?? { index: counts.size + 1, changes: 0 };
    counts.set(object, known);
    args[`ChangeSet.${known.index}.ObjectPath`] = object;
    const at1 = `ChangeSet.${known.index}.Parameter.${++known.changes}.`;
    args[`${at1}Name`] = path.slice(last);
    args[`${at1}Value`] = value;
    args[`${at1}OldValue`] = before;
    // TR-181 asks for microseconds.
    args[`${at1}ChangeTime`] = new Date(at).toISOString().replace('Z', '000Z');
  }
  return args;
}
