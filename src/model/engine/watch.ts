import type {
  Access,
  BaseType,
  Change,
  ModelFault,
  ObjectReading,
  Origin,
  Protocol,
  View,
  WatchRequest,
} from '../api.ts';
import { parsePath } from '../path/index.ts';
import type { Dependencies, SourceKey } from './dependencies.ts';
import type { Signals } from './signals.ts';

/** Whose value only some may see, or nobody. */
type Secrecy = 'hidden' | 'secured' | undefined;

/** What is looked at, and for whom it chooses by values that not everybody may read (TR-369 R-GIN.0). */
export interface Place {
  readonly path: string;
  readonly chooser: Access | undefined;
}

interface Valued {
  readonly type: BaseType;
  readonly value: string;
  readonly secret: Secrecy;
  readonly deniable: boolean;
}

interface Group extends Place {
  readonly protocol: Protocol;
  /** By full parameter path. */
  values: Map<string, Valued>;
  /** By instance path, with unique keys. */
  rows: Map<string, Readonly<Record<string, string>>>;
  existing: ReadonlySet<string> | undefined;
  readonly members: Set<Member>;
  /** What its values can come from, as of a version of the dependencies; `undefined`: everything. */
  keys: { readonly version: number; readonly keys: ReadonlySet<SourceKey> | undefined } | undefined;
}

/** By listener, what it has heard in this look: several of its paths can lead to the same thing. */
type Told = Map<Member, Set<string>>;

interface Member {
  readonly kinds: ReadonlySet<Change['kind']>;
  readonly view: View;
  readonly heard: (change: Change) => void;
  /** It has one path only. */
  readonly single: boolean;
  readonly withoutDeniable: boolean;
}

/** What a group sees when it looks. */
export interface Look {
  readonly objects: readonly ObjectReading[];
  /** Of a search path, those of the objects that it chooses: `objects` are all that it chooses from. */
  readonly chosen?: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** All rows that a search path chooses from: one that fits no longer has not gone, one that fits now has not come. */
  readonly existing?: ReadonlySet<string>;
}

/**
 * Who is told of what. Watches of the same path share one look at the device; what changed is the difference to the look before, so
 * that a value that did not change is never told.
 */
export class Watches {
  readonly #groups = new Map<string, Group>();
  #parsedLast = '';
  /** Paths whose first look is under way. */
  readonly #first = new Map<string, Promise<void>>();
  readonly #signals: Signals;
  readonly #look: (protocol: Protocol, places: readonly Place[]) => Promise<Look[]>;
  readonly #choosers = new WeakMap<Access, number>();
  #chooserIds = 0;
  readonly #dependencies: Dependencies;
  readonly #changed: () => void;
  readonly #firstLooks: Partial<
    Record<Protocol, { readonly places: Place[]; readonly looks: Promise<Look[]> } | undefined>
  > = {};

  /** @param changed others are watching, or for something else */
  constructor(
    look: (protocol: Protocol, places: readonly Place[]) => Promise<Look[]>,
    signals: Signals,
    dependencies: Dependencies,
    changed: () => void,
  ) {
    this.#look = look;
    this.#signals = signals;
    this.#dependencies = dependencies;
    this.#changed = changed;
  }

  get watching(): boolean {
    return this.#groups.size > 0;
  }

  /** What all that is watched can come from; `undefined`: everything. */
  get keys(): ReadonlySet<SourceKey> | undefined {
    const all = new Set<SourceKey>();
    for (const group of this.#groups.values()) {
      const keys = this.#keysOf(group);
      if (!keys) return undefined;
      for (const key of keys) all.add(key);
    }
    return all;
  }

  async add(view: View, request: WatchRequest, heard: (change: Change) => void): Promise<Disposable | ModelFault> {
    const single = request.paths.length === 1;
    const { kinds, withoutDeniable = false } = request;
    const member: Member = { kinds: new Set(kinds), view, heard, single, withoutDeniable };
    for (const path of request.paths) {
      const problem = this.#syntaxProblem(path, view.protocol);
      if (problem) return problem;
    }
    const signals = member.kinds.has('event') || member.kinds.has('completed');
    const signalled = signals ? this.#signals.add(view, request.paths, member.kinds, heard) : undefined;
    const joined: Group[] = [];
    if (['value', 'created', 'deleted'].some((kind) => member.kinds.has(kind as Change['kind']))) {
      for (const path of request.paths) {
        const chooser = /[[+]/.test(path) ? view.access : undefined;
        const key = this.#keyOf({ protocol: view.protocol, path, chooser });
        let group = this.#groups.get(key);
        while (!group) {
          await this.#coming(key, view.protocol, { path, chooser });
          // Who came for it as well may have left it again.
          group = this.#groups.get(key);
        }
        group.members.add(member);
        joined.push(group);
      }
    }
    return {
      [Symbol.dispose]: () => {
        signalled?.[Symbol.dispose]();
        for (const group of joined) {
          group.members.delete(member);
          if (group.members.size > 0) continue;
          this.#groups.delete(this.#keyOf(group));
          this.#changed();
        }
      },
    };
  }

  /** A thousand subscriptions that come at once mostly name one path. */
  #syntaxProblem(path: string, protocol: Protocol): ModelFault | undefined {
    const known = `${protocol} ${path}`;
    if (this.#parsedLast === known) return undefined;
    const parsed = parsePath(path, protocol);
    if (!parsed.ok) return { kind: 'path-syntax', message: parsed.fault.message, path };
    this.#parsedLast = known;
    return undefined;
  }

  /** Whoever comes for the same path before the first look is over waits for the same look. */
  #coming(key: string, protocol: Protocol, place: Place): Promise<void> {
    let coming = this.#first.get(key);
    if (!coming) {
      const look = async (): Promise<void> => {
        const group: Group = {
          path: place.path,
          chooser: place.chooser,
          protocol,
          values: new Map(),
          rows: new Map(),
          existing: undefined,
          members: new Set(),
          keys: undefined,
        };
        try {
          this.#remember(group, await this.#firstLook(protocol, place));
        } finally {
          this.#first.delete(key);
        }
        this.#groups.set(key, group);
        this.#changed();
      };
      coming = look();
      this.#first.set(key, coming);
    }
    return coming;
  }

  /** Watches that are added together look together: a thousand of them do not each evaluate the tables above. */
  #firstLook(protocol: Protocol, place: Place): Promise<Look> {
    const first = this.#firstLooks[protocol];
    if (first) {
      first.places.push(place);
      const at = first.places.length - 1;
      return first.looks.then((looks) => looks[at]!);
    }
    const places = [place];
    const looks = Promise.resolve().then(() => {
      this.#firstLooks[protocol] = undefined;
      return this.#look(protocol, places);
    });
    this.#firstLooks[protocol] = { places, looks };
    return looks.then((all) => all[0]!);
  }

  /**
   * Looks at what is watched and tells what has changed since.
   * @param writtenBy who wrote which parameters; everything else changed by itself
   * @param affected what the values that can have changed come from; `undefined`: everything
   */
  async refresh(
    writtenBy?: { readonly origin: Origin; readonly written: ReadonlySet<string> },
    affected?: ReadonlySet<SourceKey>,
  ): Promise<void> {
    for (const protocol of ['cwmp', 'usp'] as const) {
      const groups = [...this.#groups.values()].filter(
        (group) => group.protocol === protocol && this.#isAffected(group, affected),
      );
      if (groups.length === 0) continue;
      const looks = await this.#look(protocol, groups);
      const told: Told = new Map();
      for (const [index, group] of groups.entries()) this.#tell(group, looks[index]!, told, writtenBy);
    }
  }

  #isAffected(group: Group, affected: ReadonlySet<SourceKey> | undefined): boolean {
    const keys = this.#keysOf(group);
    if (!affected || !keys) return true;
    for (const key of affected) if (keys.has(key)) return true;
    return false;
  }

  #keysOf(group: Group): ReadonlySet<SourceKey> | undefined {
    const { version } = this.#dependencies;
    if (group.keys?.version !== version) {
      group.keys = { version, keys: this.#dependencies.of(group.protocol, group.path) };
    }
    return group.keys.keys;
  }

  #keyOf({ protocol, path, chooser }: Pick<Group, 'protocol' | keyof Place>): string {
    const id = chooser && (this.#choosers.get(chooser) ?? ++this.#chooserIds);
    if (chooser && id) this.#choosers.set(chooser, id);
    return `${protocol} ${id ?? ''} ${path}`;
  }

  #remember(group: Group, look: Look): void {
    group.values = new Map();
    for (const object of look.objects) {
      for (const { info, value, fault } of object.parameters) {
        // A source that fails for once has not changed its value.
        if (!fault) {
          const secret = info.hidden ? 'hidden' : info.secured ? 'secured' : undefined;
          const deniable = info.activeNotify === 'canDeny';
          group.values.set(object.path + info.name, { type: info.type, value, secret, deniable });
        }
      }
    }
    group.rows = new Map(look.rows);
    group.existing = look.existing;
  }

  #tell(group: Group, look: Look, told: Told, by: Parameters<Watches['refresh']>[0]): void {
    const device: Origin = { by: 'device' };
    const before = { values: group.values, rows: group.rows, existing: group.existing };
    const failed = new Set(
      look.objects.flatMap((object) =>
        object.parameters.flatMap((reading) => (reading.fault ? [object.path + reading.info.name] : [])),
      ),
    );
    this.#remember(group, look);
    for (const path of failed) {
      const kept = before.values.get(path);
      if (kept) group.values.set(path, kept);
    }
    for (const [path, uniqueKeys] of group.rows) {
      if (!before.rows.has(path) && !before.existing?.has(path)) {
        this.#send(group, told, {
          kind: 'created',
          path,
          uniqueKeys,
          origin: by?.written.has(path) ? by.origin : device,
        });
      }
    }
    for (const [path, { type, value, secret, deniable }] of group.values) {
      const known = before.values.get(path);
      // A parameter of a new row is told by the row's creation.
      if (!known || known.value === value) continue;
      // The change that makes a row fit is told, too (TR-369 "ValueChange").
      if (look.chosen?.has(path.slice(0, path.lastIndexOf('.') + 1)) === false) continue;
      const origin = by?.written.has(path) ? by.origin : device;
      this.#send(group, told, { kind: 'value', path, type, value, origin }, { secret, deniable });
    }
    for (const path of before.rows.keys()) {
      if (!group.rows.has(path) && !group.existing?.has(path))
        this.#send(group, told, { kind: 'deleted', path, origin: by?.written.has(path) ? by.origin : device });
    }
  }

  /** @param of the parameter: that a secret has changed is told, what it is now is not */
  #send(group: Group, told: Told, change: Change, { secret, deniable }: Partial<Valued> = {}): void {
    for (const member of [...group.members]) {
      if (deniable && member.withoutDeniable) continue;
      if (!member.kinds.has(change.kind) || heardBefore(told, member, change)) continue;
      const { reveal, access } = member.view;
      const shown = reveal === true || (secret === 'secured' && access?.showsSecured?.(change.path) === true);
      const hide = secret !== undefined && change.kind === 'value' && !shown;
      member.heard(hide ? { ...change, value: '' } : change);
    }
  }
}

function heardBefore(told: Told, member: Member, { kind, path }: Change): boolean {
  if (member.single) return false;
  const heard = told.get(member) ?? new Set();
  told.set(member, heard);
  const what = `${kind} ${path}`;
  return heard.has(what) || !heard.add(what);
}
