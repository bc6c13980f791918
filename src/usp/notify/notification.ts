import type { Change } from '#model';
import type { Notify } from '../codec/types.ts';
import { commandFailureOf } from '../errors.ts';

/** A change as a Notify says it (TR-369 "Notify Request Fields"). */
export function notificationOf(change: Change): Partial<Notify> {
  const dot = change.path.lastIndexOf('.') + 1;
  const [objPath, name] = [change.path.slice(0, dot), change.path.slice(dot)];
  switch (change.kind) {
    case 'value':
      return { valueChange: { paramPath: change.path, paramValue: change.value } };
    case 'created':
      return { objCreation: { objPath: change.path, uniqueKeys: change.uniqueKeys } };
    case 'deleted':
      return { objDeletion: { objPath: change.path } };
    case 'event':
      return eventOf(change, objPath, name);
    case 'completed': {
      const ended = change.result.ok
        ? { reqOutputArgs: { outputArgs: change.result.value } }
        : { cmdFailure: commandFailureOf(change.result.fault) };
      return { operComplete: { objPath, commandName: name, commandKey: change.commandKey, ...ended } };
    }
  }
}

/** A thousand subscribers to one event are told by one and the same object, which is encoded once. */
const events = new WeakMap<Change, Partial<Notify>>();

function eventOf(change: Extract<Change, { kind: 'event' }>, objPath: string, eventName: string): Partial<Notify> {
  let event = events.get(change);
  if (!event) {
    event = { event: { objPath, eventName, params: change.args } };
    events.set(change, event);
  }
  return event;
}
