import type { Change, View } from '#model';

/**
 * A change as somebody with this view may hear of it (TR-181 ControllerTrust.Role.{i}.Permission.{i}.): `Param` of a value, `Obj` of a creation, `InstantiatedObj` of a deletion,
 * `CommandEvent` of an event and a command's end. Keys of a new row are told as far as they may be read.
 * @returns `undefined`: not at all
 */
export function heardBy({ access }: View, change: Change): Change | undefined {
  if (!access) return change;
  const { kind, path } = change;
  if (kind === 'value') return access.allows('Param', 'n', path) ? change : undefined;
  if (kind === 'deleted') return access.allows('InstantiatedObj', 'n', path) ? change : undefined;
  if (kind !== 'created') return access.allows('CommandEvent', 'n', path) ? change : undefined;
  if (!access.allows('Obj', 'n', path.replace(/[0-9]+\.$/, ''))) return undefined;
  const keys = Object.entries(change.uniqueKeys).filter(([name]) => access.allows('Param', 'r', path + name));
  return { ...change, uniqueKeys: Object.fromEntries(keys) };
}

/** `Controller.{i}.TransferCompletePolicy.ResultTypeFilter` */
export type TransferResults = 'Success' | 'Failure' | 'Both';

/** Whether a controller wants to be told of a transfer that ended so; of everything else it does. */
export function wantsResult(wanted: TransferResults, change: Change): boolean {
  if (wanted === 'Both' || change.kind !== 'event' || change.path !== 'Device.LocalAgent.TransferComplete!')
    return true;
  return (change.args.FaultCode === '0') === (wanted === 'Success');
}
