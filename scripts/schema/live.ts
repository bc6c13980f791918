import { parentPath, type RawModel, type RawObject, type RawStatus } from './expand.ts';

const order: readonly RawStatus[] = ['current', 'deprecated', 'obsoleted', 'deleted'];
const worse = (a: RawStatus, b: RawStatus): RawStatus => (order.indexOf(a) > order.indexOf(b) ? a : b);

/** Lets each status reach what lies below, and drops what is deleted. */
export function liveModel(model: RawModel): RawModel {
  const live: RawModel = new Map();
  const statuses = new Map<string, RawStatus>();
  const statusAt = (path: string): RawStatus => {
    const known = statuses.get(path);
    if (known) return known;
    const own = model.get(path)?.status ?? 'current';
    const status = path === '' ? own : worse(own, statusAt(parentPath(path)));
    statuses.set(path, status);
    return status;
  };
  for (const object of model.values()) {
    const status = statusAt(object.path);
    if (status !== 'deleted') live.set(object.path, liveObject(object, status));
  }
  return live;
}

/**
 * Only what has been deleted, for ACSs that still ask for it: whole objects, and the deleted parameters of those that live. What
 * was a command or an event is not asked for again.
 */
export function deletedModel(model: RawModel): RawModel {
  const deleted: RawModel = new Map();
  for (const object of model.values()) {
    let gone = false;
    let known = true;
    for (let path = object.path; path !== ''; path = parentPath(path)) {
      gone ||= model.get(path)?.status === 'deleted';
      known &&= model.has(path);
    }
    // Below what the XML does not have any more at all.
    if (!known) continue;
    const parameters = new Map(
      [...object.parameters].filter(([, parameter]) => gone || parameter.status === 'deleted'),
    );
    if (!gone && parameters.size === 0) continue;
    for (const [name, parameter] of parameters) parameters.set(name, { ...parameter, status: 'deleted' });
    deleted.set(object.path, {
      ...object,
      status: gone ? 'deleted' : object.status,
      parameters,
      uniqueKeys: gone ? object.uniqueKeys : [],
      commands: new Map(),
      events: new Map(),
    });
  }
  return deleted;
}

function liveObject(object: RawObject, status: RawStatus): RawObject {
  const alive = <T extends { status: RawStatus }>(members: Map<string, T>, map: (member: T) => T): Map<string, T> => {
    const kept = new Map<string, T>();
    for (const [name, member] of members) {
      const memberStatus = worse(member.status, status);
      if (memberStatus !== 'deleted') kept.set(name, map({ ...member, status: memberStatus }));
    }
    return kept;
  };
  const parameters = alive(object.parameters, (parameter) => parameter);
  return {
    ...object,
    status,
    parameters,
    uniqueKeys: object.uniqueKeys.filter((key) => key.parameters.every((name) => parameters.has(name.split('.')[0]!))),
    commands: alive(object.commands, (command) => ({
      ...command,
      input: liveModel(command.input),
      output: liveModel(command.output),
    })),
    events: alive(object.events, (event) => ({ ...event, args: liveModel(event.args) })),
  };
}
