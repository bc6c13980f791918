import type { Change } from '#model';
import type { Notify } from '../codec/types.ts';
import { failureOf } from '../errors.ts';

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
      return { event: { objPath, eventName: name, params: change.args } };
    case 'completed': {
      const ended = change.result.ok
        ? { reqOutputArgs: { outputArgs: change.result.value } }
        : { cmdFailure: failureOf(change.result.fault) };
      return { operComplete: { objPath, commandName: name, commandKey: change.commandKey, ...ended } };
    }
  }
}
