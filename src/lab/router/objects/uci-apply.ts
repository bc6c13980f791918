import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BlobTable, encodeUciText } from '#platform';
import type { Delta, Staging } from '../staging.ts';
import type { World } from '../world.ts';
import {
  booleanArgument,
  method,
  numberArgument,
  type RouterObject,
  required,
  StatusError,
  status,
  textArgument,
} from './object.ts';
import type { Sessions } from './session.ts';

const sid = 'ubus_rpc_session';
const defaultTimeoutSeconds = 60;

interface Armed {
  readonly session: string;
  readonly files: Map<string, string>;
  readonly deltas: Map<string, readonly Delta[]>;
  readonly timer: Disposable;
}

/**
 * Commit, revert, apply, confirm and rollback of rpcd: one slot for an armed rollback, and while it is taken nobody may
 * commit, revert or apply with rollback.
 */
export class UciApply implements Disposable {
  readonly #world: World;
  readonly #staging: Staging;
  readonly #sessions: Sessions;
  readonly #directory: string;
  readonly #snapshots: string;
  readonly #changed: (config: string) => void;
  #armed: Armed | undefined;

  /**
   * @param snapshots where the packages are kept as they were before an apply (`/var/run/rpcd/snapshot-files`)
   * @param changed what rpcd tells procd: `service event config.change`
   */
  constructor(
    world: World,
    staging: Staging,
    sessions: Sessions,
    directory: string,
    snapshots: string,
    changed: (config: string) => void,
  ) {
    this.#world = world;
    this.#staging = staging;
    this.#sessions = sessions;
    this.#directory = directory;
    this.#snapshots = snapshots;
    this.#changed = changed;
  }

  methods(area: (args: BlobTable, config: string, wanted: 'read' | 'write') => string): RouterObject['methods'] {
    const one = { config: 'string', [sid]: 'string' } as const;
    return {
      revert: method(one, (args) => {
        const config = this.#unarmed(args);
        this.#staging.discard(this.#readable(area(args, config, 'write'), config), config);
        return undefined;
      }),
      commit: method(one, (args) => {
        const config = this.#unarmed(args);
        this.#commit(this.#readable(area(args, config, 'write'), config), config);
        this.#changed(config);
        return undefined;
      }),
      apply: method({ rollback: 'bool', timeout: 'int32', [sid]: 'string' }, (args) => this.#apply(args)),
      confirm: method({ [sid]: 'string' }, (args) => {
        const session = required(textArgument(args, sid));
        this.#own(session).timer[Symbol.dispose]();
        this.#armed = undefined;
        this.#purge();
        return undefined;
      }),
      rollback: method({ [sid]: 'string' }, (args) => {
        if (this.#armed === undefined) throw new StatusError(status.noData);
        this.#rollBack(this.#own(required(textArgument(args, sid))));
        return undefined;
      }),
      reload_config: method({}, () => {
        // The script compares what every daemon runs with against the files, two seconds later.
        this.#world.clock.timer(2000, () => {
          for (const config of this.#world.uci.packages()) if (this.#differs(config)) this.#changed(config);
        });
        return undefined;
      }),
    };
  }

  [Symbol.dispose](): void {
    this.#armed?.timer[Symbol.dispose]();
    this.#armed = undefined;
  }

  #unarmed(args: BlobTable): string {
    if (this.#armed !== undefined) throw new StatusError(status.permissionDenied);
    return required(textArgument(args, 'config'));
  }

  /** @throws StatusError NOT_FOUND; UciError when the file can't be read */
  #readable(area: string, config: string): string {
    if (this.#staging.load(area, config) === undefined) throw new StatusError(status.notFound);
    return area;
  }

  #own(session: string): Armed {
    if (this.#armed === undefined) throw new StatusError(status.noData);
    if (this.#armed.session !== session) throw new StatusError(status.permissionDenied);
    return this.#armed;
  }

  #apply(args: BlobTable): undefined {
    const rollback = booleanArgument(args, 'rollback') ?? false;
    if (this.#armed !== undefined && rollback) throw new StatusError(status.permissionDenied);
    const session = required(textArgument(args, sid));
    const configs = this.#staging.staged(session);
    this.#purge();
    if (this.#armed !== undefined) {
      // rpcd applies nothing now, but it has removed the snapshot already: the armed rollback will restore nothing.
      this.#armed.files.clear();
      this.#armed.deltas.clear();
      return;
    }
    if (configs.length === 0) throw new StatusError(status.noData);
    for (const config of configs)
      if (!this.#sessions.access(session, 'uci', config, 'write')) throw new StatusError(status.permissionDenied);
    const files = new Map<string, string>();
    const deltas = new Map<string, readonly Delta[]>();
    for (const config of configs) {
      const before = this.#world.uci.text(config);
      if (before !== undefined) {
        files.set(config, before);
        this.#keep(config, before);
      }
      deltas.set(config, this.#staging.deltas(session, config));
      this.#commit(session, config);
      this.#changed(config);
    }
    if (!rollback) return;
    const timeoutMs = (numberArgument(args, 'timeout') ?? defaultTimeoutSeconds) * 1000;
    const armed: Armed = {
      session,
      files,
      deltas,
      timer: this.#world.clock.timer(timeoutMs, () => this.#rollBack(armed)),
    };
    this.#armed = armed;
  }

  /** Files come back, and the staged changes as well if their session still lives. */
  #rollBack(armed: Armed): void {
    armed.timer[Symbol.dispose]();
    this.#armed = undefined;
    const alive = this.#sessions.exists(armed.session);
    for (const [config, text] of armed.files) {
      this.#write(config, text);
      this.#changed(config);
      if (alive) this.#staging.restore(armed.session, config, armed.deltas.get(config) ?? []);
    }
    this.#purge();
  }

  #keep(config: string, text: string): void {
    mkdirSync(this.#snapshots, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.#snapshots, config), encodeUciText(text));
  }

  #purge(): void {
    rmSync(this.#snapshots, { recursive: true, force: true });
  }

  #commit(area: string, config: string): void {
    const text = this.#staging.commitText(area, config);
    if (text !== undefined) this.#write(config, text);
    this.#staging.discard(area, config);
  }

  #write(config: string, text: string): void {
    const temporary = join(this.#directory, `.${config}.uci-${randomBytes(3).toString('hex')}`);
    writeFileSync(temporary, encodeUciText(text), { mode: 0o600 });
    renameSync(temporary, join(this.#directory, config));
  }

  #differs(config: string): boolean {
    const running = this.#world.running(config);
    return running === undefined || running !== this.#world.uci.load(config);
  }
}
