import { type Clock, formatDateTime, type Log } from '#base';
import type { Change, Model } from '#model';
import type { BlobTable, Bus } from '#platform';

/** One message between the agent and whoever manages it, readable and without secrets. */
export interface TraceEntry {
  /** As seen from the agent. */
  readonly direction: 'in' | 'out';
  readonly peer: string;
  /** What it is: `GetResp 17`. */
  readonly title: string;
  readonly lines: readonly string[];
}

export interface TraceFeed {
  /** Somebody looks: without them nothing is to be formatted. */
  readonly watched: boolean;
  tell(entry: TraceEntry): void;
}

export interface Feeds extends Disposable {
  trace(protocol: 'usp' | 'cwmp'): TraceFeed;
}

/** Programs that follow events at a time; each has its own watch of the model. */
const followLimit = 8;

/**
 * What people on the device can watch as it happens, as notifications of two ubus objects: `tandem.trace` (messages, for `tandem trace`) and `tandem.events` (events, ends of commands and
 * changes, for `tandem events`). Nothing is made for nobody.
 */
export function publishFeeds(bus: Bus, model: Model, clock: Clock, log: Log): Feeds {
  const ready = { ready: { args: {}, call: () => ({}) } } as const;
  const trace = bus.publish('tandem.trace', ready);
  const follows = new Map<number, Disposable>();
  let next = 1;
  const end = (): void => {
    for (const follow of follows.values()) follow[Symbol.dispose]();
    follows.clear();
  };
  const tell = (name: string, on: typeof trace, data: BlobTable): void => {
    on.notify(name, data).catch((error) => log.debug('nobody was told', { error }));
  };
  const events = bus.publish('tandem.events', {
    follow: {
      args: { paths: 'array', view: 'string' },
      call: async ({ args }): Promise<BlobTable> => {
        if (!events.hasSubscribers) end();
        if (follows.size >= followLimit)
          return { faults: [{ kind: 'resources', message: 'too many follow', path: '' }] };
        const given = Array.isArray(args.paths) ? args.paths.map(String) : [];
        const kinds: Change['kind'][] = ['event', 'completed'];
        if (given.length > 0) kinds.push('value', 'created', 'deleted');
        const paths = given.length > 0 ? given : ['Device.'];
        const id = next++;
        const watch = await model.watch(
          { protocol: args.view === 'cwmp' ? 'cwmp' : 'usp' },
          { paths, kinds },
          (change) => {
            if (events.hasSubscribers)
              tell('change', events, { id, time: formatDateTime(clock.now()), ...changeTable(change) });
            else end();
          },
        );
        if (!watch.ok)
          return { faults: [{ kind: watch.fault.kind, message: watch.fault.message, path: paths.join(' ') }] };
        follows.set(id, watch.value);
        return { id, faults: [] };
      },
    },
  });
  return {
    trace: (protocol) => ({
      get watched() {
        return trace.hasSubscribers;
      },
      tell: ({ lines, ...entry }) =>
        tell(protocol, trace, { time: formatDateTime(clock.now()), ...entry, lines: [...lines] }),
    }),
    [Symbol.dispose]() {
      end();
      trace[Symbol.dispose]();
      events[Symbol.dispose]();
    },
  };
}

function changeTable(change: Change): BlobTable {
  const { kind, path, origin } = change;
  const base = { kind, path, by: origin.peer || origin.by };
  switch (change.kind) {
    case 'value':
      return { ...base, value: change.value };
    case 'created':
      return { ...base, args: { ...change.uniqueKeys } };
    case 'event':
      return { ...base, args: { ...change.args } };
    case 'completed':
      return change.result.ok
        ? { ...base, args: { ...change.result.value } }
        : { ...base, args: {}, problem: change.result.fault.message };
    default:
      return base;
  }
}
