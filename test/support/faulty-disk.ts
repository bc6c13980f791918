import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/**
 * What goes wrong. `power`: nothing runs from that step on. `power-lost` is the same, and what was not synced is gone: names as well as
 * contents. `full`: no space from that step on, until something is removed. `full-for-good`: none at all. `read-only`: nothing can be changed.
 */
export type Trouble = 'power' | 'power-lost' | 'full' | 'full-for-good' | 'read-only';

export class PowerCut extends Error {
  constructor() {
    super('the power is gone');
  }
}

// Node takes its own way to remove a tree with these functions when it first does so: that has to be before they are replaced.
fs.rmSync(fs.mkdtempSync(join(tmpdir(), 'tandem-disk-')), { recursive: true });

type Kind = 'space' | 'change' | 'sync';
type Any = (...args: never[]) => unknown;

/**
 * The file system below one directory, with every step that changes it counted, and trouble at one of them. Works on `node:fs` itself, so
 * that the code under test is the code that ships.
 */
export class FaultyDisk implements Disposable {
  /** What has been done, in words; the same for every run of the same code. */
  readonly steps: string[] = [];
  readonly #root: string;
  readonly #originals = new Map<string, Any>();
  readonly #descriptors = new Map<number, string>();
  /** Files whose content is not on flash. */
  readonly #unsynced = new Set<string>();
  /** Changes of directories that are not on flash, with what undoes them. */
  #names: { readonly directory: string; readonly undo: () => void }[] = [];
  #trouble: { readonly kind: Trouble; readonly at: number } | undefined;
  #broken = false;

  constructor(root: string) {
    this.#root = resolve(root);
    this.#patch();
  }

  /** @param at index of the step that does not happen any more */
  break(kind: Trouble, at: number): void {
    this.#trouble = { kind, at };
  }

  /** Whether the trouble has begun. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Something that is no step of the disk and can be cut off as well. */
  step(label: string): void {
    this.#step('change', label);
  }

  /** Power is back, space is there, the disk is writable; what was lost is lost. */
  repair(): void {
    const lost = this.#broken && this.#trouble?.kind === 'power-lost';
    this.#trouble = undefined;
    this.#broken = false;
    if (lost) {
      for (const path of this.#unsynced) {
        if (this.#call('existsSync', path)) {
          this.#call('truncateSync', path, Math.floor((this.#call('statSync', path) as fs.Stats).size / 2));
        }
      }
      for (const { undo } of this.#names.reverse()) undo();
    }
    this.#names = [];
    this.#unsynced.clear();
    this.steps.length = 0;
  }

  [Symbol.dispose](): void {
    for (const [name, original] of this.#originals) (fs as unknown as Record<string, Any>)[name] = original;
    syncBuiltinESMExports();
  }

  #call(name: string, ...args: unknown[]): unknown {
    return (this.#originals.get(name) ?? (fs as unknown as Record<string, Any>)[name])!(...(args as never[]));
  }

  #owns(path: unknown): path is string {
    return typeof path === 'string' && resolve(path).startsWith(this.#root);
  }

  /** Random parts of temporary names are left out. */
  #word(path: string): string {
    return resolve(path)
      .slice(this.#root.length + 1)
      .replace(/\.(uci|new|tandem)-[0-9a-f]{6}$/, '.$1-…');
  }

  #step(kind: Kind, label: string): void {
    const at = this.steps.length;
    const trouble = this.#trouble;
    if (trouble && at >= trouble.at) this.#broken = true;
    if (this.#broken && trouble) this.#refuse(trouble.kind, kind);
    this.steps.push(label);
  }

  #refuse(trouble: Trouble, kind: Kind): void {
    const fail = (code: string): never => {
      throw Object.assign(new Error(`${code}: made to fail`), { code });
    };
    if (trouble === 'power' || trouble === 'power-lost') throw new PowerCut();
    if (trouble === 'read-only' && kind !== 'sync') fail('EROFS');
    if (trouble.startsWith('full') && kind === 'space') fail('ENOSPC');
  }

  #freed(): void {
    if (this.#trouble?.kind === 'full') {
      this.#trouble = undefined;
      this.#broken = false;
    }
  }

  #wrap(name: string, make: (original: Any) => Any): void {
    const original = (fs as unknown as Record<string, Any>)[name]!;
    this.#originals.set(name, original);
    (fs as unknown as Record<string, Any>)[name] = make(original);
  }

  #patch(): void {
    const content = (path: string): Buffer | undefined =>
      this.#call('existsSync', path) && !(this.#call('statSync', path) as fs.Stats).isDirectory()
        ? (this.#call('readFileSync', path) as Buffer)
        : undefined;
    const putBack = (path: string, bytes: Buffer | undefined): void => {
      if (bytes === undefined) this.#call('rmSync', path, { force: true });
      else this.#call('writeFileSync', path, bytes);
    };
    const renamed = (path: string, undo: () => void): void => void this.#names.push({ directory: dirname(path), undo });

    this.#wrap('openSync', (original) => (path: string, flags: string | number, ...rest: unknown[]) => {
      const writes = typeof flags === 'string' && flags !== 'r';
      if (!this.#owns(path)) return original(...([path, flags, ...rest] as never[]));
      const before = writes ? content(path) : undefined;
      if (writes) this.#step('space', `${before === undefined ? 'create' : 'open'} ${this.#word(path)}`);
      const fd = original(...([path, flags, ...rest] as never[])) as number;
      this.#descriptors.set(fd, path);
      if (writes && before === undefined) renamed(path, () => putBack(path, undefined));
      return fd;
    });
    this.#wrap('closeSync', (original) => (fd: number) => {
      this.#descriptors.delete(fd);
      return original(...([fd] as never[]));
    });
    this.#wrap('writeSync', (original) => (fd: number, ...rest: unknown[]) => {
      const path = this.#descriptors.get(fd);
      if (path !== undefined) {
        this.#step('space', `write ${this.#word(path)}`);
        this.#unsynced.add(path);
      }
      return original(...([fd, ...rest] as never[]));
    });
    for (const name of ['fsyncSync', 'fdatasyncSync']) {
      this.#wrap(name, (original) => (fd: number) => {
        const path = this.#descriptors.get(fd);
        if (path === undefined) return original(...([fd] as never[]));
        this.#step('sync', `sync ${this.#word(path)}`);
        this.#unsynced.delete(path);
        this.#names = this.#names.filter(({ directory }) => directory !== path);
        // The real disk has no part in the test, and takes its time.
        return undefined;
      });
    }
    this.#wrap('renameSync', (original) => (from: string, to: string) => {
      if (!this.#owns(to)) return original(...([from, to] as never[]));
      this.#step('change', `rename ${this.#word(from)} to ${this.#word(to)}`);
      const [old, moved] = [content(to), content(from)];
      original(...([from, to] as never[]));
      if (this.#unsynced.delete(from)) this.#unsynced.add(to);
      renamed(to, () => {
        putBack(from, moved);
        putBack(to, old);
      });
      return undefined;
    });
    for (const name of ['unlinkSync', 'rmSync']) {
      this.#wrap(name, (original) => (path: string, ...rest: unknown[]) => {
        const old = this.#owns(path) ? content(path) : undefined;
        if (old === undefined) return original(...([path, ...rest] as never[]));
        this.#step('change', `remove ${this.#word(path)}`);
        original(...([path, ...rest] as never[]));
        this.#unsynced.delete(path);
        renamed(path, () => putBack(path, old));
        this.#freed();
        return undefined;
      });
    }
    this.#wrap('copyFileSync', (original) => (from: string, to: string) => {
      if (!this.#owns(to)) return original(...([from, to] as never[]));
      this.#step('space', `copy ${this.#word(from)} to ${this.#word(to)}`);
      const old = content(to);
      original(...([from, to] as never[]));
      this.#unsynced.add(to);
      renamed(to, () => putBack(to, old));
      return undefined;
    });
    for (const name of ['mkdirSync', 'chmodSync', 'chownSync']) {
      this.#wrap(name, (original) => (path: string, ...rest: unknown[]) => {
        const trouble = this.#broken ? this.#trouble : undefined;
        if (this.#owns(path) && trouble && !(name === 'mkdirSync' && this.#call('existsSync', path)))
          this.#refuse(trouble.kind, name === 'mkdirSync' ? 'space' : 'change');
        return original(...([path, ...rest] as never[]));
      });
    }
    syncBuiltinESMExports();
  }
}
