import { randomBytes } from 'node:crypto';
import type { BlobTable, BlobValue } from '#platform';
import { option } from '../addresses.ts';
import type { World } from '../world.ts';
import {
  isTable,
  listArgument,
  method,
  numberArgument,
  type RouterObject,
  required,
  StatusError,
  status,
  tableArgument,
  textArgument,
} from './object.ts';

const defaultTimeoutSeconds = 300;
const anonymousSession = '0'.repeat(32);

interface Session {
  readonly id: string;
  readonly timeoutSeconds: number;
  expiresAtMs: number;
  timer: Disposable | undefined;
  /** scope → object pattern → function patterns */
  readonly acls: Map<string, Map<string, Set<string>>>;
  data: Record<string, BlobValue>;
}

/** rpcd's sessions: who may do what, and for how long. They are gone when the router stops. */
export class Sessions implements Disposable {
  readonly #world: World;
  readonly #sessions = new Map<string, Session>();
  readonly #destroyed: (id: string) => void;

  constructor(world: World, destroyed: (id: string) => void) {
    this.#world = world;
    this.#destroyed = destroyed;
    this.#open(anonymousSession, 0);
  }

  create(timeoutSeconds: number): string {
    return this.#open(randomBytes(16).toString('hex'), timeoutSeconds).id;
  }

  exists(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** rpcd's glob match of object and function in a scope. */
  access(id: string, scope: string, object: string, wanted: string): boolean {
    const session = this.#touched(id);
    for (const [pattern, functions] of session?.acls.get(scope) ?? [])
      if (globMatches(pattern, object)) for (const f of functions) if (globMatches(f, wanted)) return true;
    return false;
  }

  object(): RouterObject {
    const sid = 'ubus_rpc_session';
    const acl = { [sid]: 'string', scope: 'string', objects: 'array' } as const;
    const login = { username: 'string', password: 'string', timeout: 'int32' } as const;
    return {
      path: 'session',
      provider: 'rpcd',
      methods: {
        create: method({ timeout: 'int32' }, (args) =>
          this.#dump(
            this.#open(randomBytes(16).toString('hex'), numberArgument(args, 'timeout') ?? defaultTimeoutSeconds),
          ),
        ),
        list: method({ [sid]: 'string' }, (args) => {
          const id = textArgument(args, sid);
          // Without an id rpcd sends one DATA for each session; a client keeps the last.
          return this.#dump(id === undefined ? [...this.#sessions.values()].at(-1)! : this.#wanted(id));
        }),
        grant: method(acl, (args) => this.#grant(args)),
        revoke: method(acl, (args) => this.#revoke(args)),
        access: method({ [sid]: 'string', scope: 'string', object: 'string', function: 'string' }, (args) => {
          const session = this.#wanted(required(textArgument(args, sid)));
          const object = textArgument(args, 'object');
          const wanted = textArgument(args, 'function');
          if (object === undefined || wanted === undefined) return aclTable(session);
          return { access: this.access(session.id, textArgument(args, 'scope') ?? 'ubus', object, wanted) };
        }),
        set: method({ [sid]: 'string', values: 'table' }, (args) => {
          const values = required(tableArgument(args, 'values'));
          Object.assign(this.#wanted(required(textArgument(args, sid))).data, values);
          return undefined;
        }),
        get: method({ [sid]: 'string', keys: 'array' }, (args) => {
          const { data } = this.#wanted(required(textArgument(args, sid)));
          const keys = listArgument(args, 'keys');
          return { values: keys === undefined ? { ...data } : pick(data, keys) };
        }),
        unset: method({ [sid]: 'string', keys: 'array' }, (args) => {
          const session = this.#wanted(required(textArgument(args, sid)));
          const keys = listArgument(args, 'keys');
          if (keys === undefined) session.data = {};
          else for (const key of keys) if (typeof key === 'string') delete session.data[key];
          return undefined;
        }),
        destroy: method({ [sid]: 'string' }, (args) => {
          const id = required(textArgument(args, sid));
          if (id === anonymousSession) throw new StatusError(status.permissionDenied);
          this.#destroy(this.#wanted(id));
          return undefined;
        }),
        login: method(login, (args) => this.#login(args)),
      },
    };
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions.values()) session.timer?.[Symbol.dispose]();
    this.#sessions.clear();
  }

  #open(id: string, timeoutSeconds: number): Session {
    const session: Session = { id, timeoutSeconds, expiresAtMs: 0, timer: undefined, acls: new Map(), data: {} };
    this.#sessions.set(id, session);
    this.#touch(session);
    return session;
  }

  /** Each use starts the time anew; 0 never ends. */
  #touch(session: Session): void {
    if (session.timeoutSeconds <= 0) return;
    session.timer?.[Symbol.dispose]();
    const delayMs = session.timeoutSeconds * 1000;
    session.expiresAtMs = this.#world.clock.monotonicMs() + delayMs;
    session.timer = this.#world.clock.timer(delayMs, () => this.#destroy(session));
  }

  #touched(id: string): Session | undefined {
    const session = this.#sessions.get(id);
    if (session !== undefined) this.#touch(session);
    return session;
  }

  #wanted(id: string): Session {
    const session = this.#touched(id);
    if (session === undefined) throw new StatusError(status.notFound);
    return session;
  }

  #destroy(session: Session): void {
    session.timer?.[Symbol.dispose]();
    this.#sessions.delete(session.id);
    this.#destroyed(session.id);
  }

  #grant(args: BlobTable): undefined {
    const session = this.#wanted(required(textArgument(args, 'ubus_rpc_session')));
    const scope = session.acls.get(textArgument(args, 'scope') ?? 'ubus') ?? new Map<string, Set<string>>();
    session.acls.set(textArgument(args, 'scope') ?? 'ubus', scope);
    for (const [object, wanted] of pairs(required(listArgument(args, 'objects')))) {
      const functions = scope.get(object) ?? new Set<string>();
      scope.set(object, functions.add(wanted));
    }
  }

  #revoke(args: BlobTable): undefined {
    const session = this.#wanted(required(textArgument(args, 'ubus_rpc_session')));
    const name = textArgument(args, 'scope') ?? 'ubus';
    const objects = listArgument(args, 'objects');
    if (objects === undefined) session.acls.delete(name);
    else for (const [object, wanted] of pairs(objects)) session.acls.get(name)?.get(object)?.delete(wanted);
  }

  #login(args: BlobTable): BlobTable {
    const username = required(textArgument(args, 'username'));
    const password = required(textArgument(args, 'password'));
    const account = this.#world.sections('rpcd', 'login').find((s) => option(s, 'username') === username);
    const expected = option(account, 'password');
    // `$p$user` asks the shadow file, where root has no password on a fresh router: any is right.
    if (account === undefined || !(expected === password || expected?.startsWith('$p$')))
      throw new StatusError(status.permissionDenied);
    const session = this.#open(
      randomBytes(16).toString('hex'),
      numberArgument(args, 'timeout') ?? defaultTimeoutSeconds,
    );
    session.data.username = username;
    for (const [scope, functions] of [
      ['access-group', ['read', 'write']],
      ['ubus', ['*']],
      ['uci', ['read', 'write']],
      ['file', ['*']],
    ] as const)
      session.acls.set(scope, new Map([['*', new Set<string>(functions)]]));
    return this.#dump(session);
  }

  #dump(session: Session): BlobTable {
    const leftMs = session.timeoutSeconds <= 0 ? 0 : session.expiresAtMs - this.#world.clock.monotonicMs();
    return {
      ubus_rpc_session: session.id,
      timeout: session.timeoutSeconds,
      expires: Math.max(0, Math.floor(Math.round(leftMs) / 1000)),
      acls: aclTable(session),
      data: session.data,
    };
  }
}

function aclTable(session: Session): BlobTable {
  const table: Record<string, BlobTable> = {};
  for (const [scope, objects] of session.acls)
    table[scope] = Object.fromEntries([...objects].map(([object, functions]) => [object, [...functions]]));
  return table;
}

function pairs(objects: readonly BlobValue[]): [string, string][] {
  const found: [string, string][] = [];
  for (const entry of objects) {
    if (!Array.isArray(entry)) continue;
    const [object, wanted] = entry as readonly BlobValue[];
    if (typeof object === 'string' && typeof wanted === 'string') found.push([object, wanted]);
  }
  return found;
}

function pick(data: Readonly<Record<string, BlobValue>>, keys: readonly BlobValue[]): BlobTable {
  const found: Record<string, BlobValue> = {};
  for (const key of keys) if (typeof key === 'string' && data[key] !== undefined) found[key] = data[key]!;
  return isTable(found) ? found : {};
}

/** fnmatch with `*` and `?`. */
export function globMatches(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 's').test(text);
}
