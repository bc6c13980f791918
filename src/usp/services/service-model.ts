import { ok, type Result, refused } from '#base';
import type {
  InstanceReading,
  Model,
  ModelFault,
  ObjectReading,
  OperateRequest,
  PathReading,
  ReadOptions,
  SupportedModel,
  View,
  WatchRequest,
  Write,
  WriteAnswer,
  WriteOptions,
  WriteOutcome,
} from '#model';
import type { Broker, KnownService } from './broker.ts';
import { isOwnKey, operateOn } from './operate.ts';
import { levelsBelow, plainPath } from './paths.ts';
import { instancesOf, merged, readingOf } from './readings.ts';
import { rowsAt } from './rows.ts';
import { writeTo } from './writes.ts';

/**
 * The data model as a controller is shown it: the agent's own and, where services have registered parts, theirs, as one (TR-369 "Software Modularization",
 * the USP Broker). What is the agent's own goes the way that it would go without services.
 */
export function withServices(own: Model, broker: Broker): Model {
  const ownerOf = (path: string): KnownService | undefined => {
    const plain = broker.registry.empty ? undefined : plainPath(path);
    return plain === undefined ? undefined : broker.registry.ownerOf(plain);
  };
  const belowOf = (path: string) => {
    const plain = broker.registry.empty || /[*[]/.test(path) ? undefined : plainPath(path);
    // Rows of a table of the agent's have nothing of a service below them.
    return plain === undefined || plain !== path ? [] : broker.registry.below(plain);
  };
  const supported = (protocol: Parameters<Model['supported']>[0]): SupportedModel =>
    protocol === 'usp' ? merged(own.supported(protocol), broker.objects()) : own.supported(protocol);

  const readFrom = async (view: View, service: KnownService, path: string, maxDepth: number) => {
    // A wildcard finds rows by nothing that could be withheld.
    const rows = path.includes('[') ? await rowsAt(service.link, path, view.access) : ok([path]);
    if (!rows.ok || rows.value.length === 0) return rows as Result<[], ModelFault>;
    const answer = await service.link.ask({ get: { paramPaths: rows.value, maxDepth } }, 'getResp');
    return answer.ok ? readingOf(answer.value, supported('usp'), view.access) : answer;
  };
  const readPath = async (
    view: View,
    requested: string,
    options: ReadOptions,
    reading: () => Promise<PathReading>,
  ): Promise<PathReading> => {
    const maxDepth = options.maxDepth ?? 0;
    const service = ownerOf(requested);
    if (service) return { requested, result: await readFrom(view, service, requested, maxDepth) };
    const parts = belowOf(requested).filter(({ path }) => maxDepth === 0 || levelsBelow(requested, path) < maxDepth);
    if (parts.length === 0) return reading();
    const mine = reading();
    const theirs = await Promise.all([
      ...parts.map(({ path, service: owner }) =>
        readFrom(view, owner, path, maxDepth === 0 ? 0 : maxDepth - levelsBelow(requested, path)),
      ),
    ]);
    return { requested, result: joined((await mine).result, theirs) };
  };

  const operate = async (view: View, request: OperateRequest) => {
    const service = ownerOf(request.path);
    return service ? operateOn(own, broker, service, view, request) : own.operate(view, request);
  };

  return {
    supported,
    coverage: (protocol) => own.coverage(protocol),
    async get(view, paths, options = {}) {
      if (broker.registry.empty) return own.get(view, paths, options);
      // One read of what is the agent's own, however many paths.
      const mine = paths.filter((path) => !ownerOf(path));
      const all = mine.length > 0 ? own.get(view, mine, options) : Promise.resolve([]);
      return Promise.all(
        paths.map((path) => readPath(view, path, options, async () => (await all)[mine.indexOf(path)]!)),
      );
    },
    names: (view, path, nextLevel) => own.names(view, path, nextLevel),
    async instances(view, path, firstLevelOnly) {
      const ask = async (service: KnownService, at: string): Promise<Result<InstanceReading[], ModelFault>> => {
        const rows = at.includes('[') ? await rowsAt(service.link, at, view.access) : ok([at]);
        if (!rows.ok || rows.value.length === 0) return rows as Result<[], ModelFault>;
        const request = { getInstances: { objPaths: rows.value, firstLevelOnly } };
        const answer = await service.link.ask(request, 'getInstancesResp');
        return answer.ok ? instancesOf(answer.value, view.access) : answer;
      };
      const service = ownerOf(path);
      if (service) return ask(service, path);
      const parts = firstLevelOnly ? [] : belowOf(path).filter((part) => part.path.endsWith('.'));
      const mine = own.instances(view, path, firstLevelOnly);
      if (parts.length === 0) return mine;
      const theirs = await Promise.all(parts.map((part) => ask(part.service, part.path)));
      return joined(await mine, theirs);
    },
    write: (view, writes, options) =>
      broker.registry.empty ? own.write(view, writes, options) : writeAll(own, view, writes, options, ownerOf),
    applyPostponed: () => own.applyPostponed(),
    operate,
    begin: (operation) => own.begin(operation),
    async watch(view, request, heard) {
      // Of what we have begun at services the end is our own to tell.
      const theirs = broker.watch(request, (change) => {
        if (change.kind !== 'completed' || !isOwnKey(change.commandKey)) heard(change);
      });
      // A path of a service only says nothing to the agent's own model, but for the ends of what it has begun there.
      const ends = request.kinds.every((kind) => kind === 'completed');
      const mine: WatchRequest = { ...request, paths: request.paths.filter((path) => ends || !ownerOf(path)) };
      if (mine.paths.length === 0) return ok(theirs);
      const watched = await own.watch(view, mine, heard);
      if (!watched.ok) {
        theirs[Symbol.dispose]();
        return watched;
      }
      return ok({
        [Symbol.dispose]() {
          theirs[Symbol.dispose]();
          watched.value[Symbol.dispose]();
        },
      });
    },
    declare: (declaration) => own.declare(declaration),
    declareTable: (declaration) => own.declareTable(declaration),
    raise: (path, args, origin, recipient) => own.raise(path, args, origin, recipient),
    changed: () => own.changed(),
  };
}

/** What services fail to tell is missing; the rest is told. */
function joined<T extends ObjectReading | InstanceReading>(
  mine: Result<readonly T[], ModelFault>,
  theirs: readonly Result<readonly T[], ModelFault>[],
): Result<readonly T[], ModelFault> {
  const told = theirs.flatMap((one) => (one.ok ? one.value : []));
  if (mine.ok) return ok([...mine.value, ...told]);
  return theirs.some((one) => one.ok) ? ok(told) : mine;
}

async function writeAll(
  own: Model,
  view: View,
  writes: readonly Write[],
  options: WriteOptions,
  ownerOf: (path: string) => KnownService | undefined,
): Promise<WriteAnswer> {
  const groups = new Map<KnownService | undefined, number[]>();
  for (const [index, write] of writes.entries()) {
    const owner = ownerOf(write.path);
    const indices = groups.get(owner);
    if (indices) indices.push(index);
    else groups.set(owner, [index]);
  }
  if (groups.size === 0 || (groups.size === 1 && groups.has(undefined))) return own.write(view, writes, options);
  if (groups.size > 1 && !options.partial) {
    const fault: ModelFault = {
      kind: 'resources',
      message: 'one message without allow_partial can not change what several services keep',
    };
    return {
      committed: false,
      outcomes: writes.map((requested) => ({ requested, result: refused({ fault, refusals: [] }) })),
    };
  }
  const outcomes: WriteOutcome[] = [];
  let committed = false;
  for (const [owner, indices] of groups) {
    const some = indices.map((index) => writes[index]!);
    const answer = owner
      ? await writeTo(owner.link, some, options.partial, view.access)
      : await own.write(view, some, options).then((written) => written.outcomes);
    committed ||= answer.some(({ result }) => result.ok);
    for (const [at, index] of indices.entries()) outcomes[index] = answer[at]!;
  }
  if (!options.partial) committed = outcomes.every(({ result }) => result.ok);
  return { committed, outcomes };
}
