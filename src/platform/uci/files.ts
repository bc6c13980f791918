import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, type Log, silentLog } from '#base';
import { type StagedFile, stageFile, sweepTemporaries, syncDirectory } from '../atomic-write.ts';
import type { Uci, UciChange, UciHold, UciPackage } from '../ports.ts';
import { decodeUciBytes, encodeUciText } from './bytes.ts';
import { UciDocument } from './document.ts';
import { UciError } from './error.ts';
import { withFileLocks } from './lock.ts';
import { isUciPackageName, isUciValue } from './names.ts';
import { parseUci, uciFileLimitBytes, uciSectionLimit } from './parse.ts';

interface Cached {
  readonly revision: string;
  readonly package: UciPackage;
}

/** The `Uci` port on the files of one directory (`/etc/config`). */
export class UciFiles implements Uci {
  readonly #directory: string;
  readonly #log: Log;
  readonly #locks: typeof withFileLocks;
  readonly #overrides: string | undefined;
  readonly #cache = new Map<string, Cached>();
  readonly #paths = new Map<string, string>();
  /** What `revision` has just seen. */
  #looked: { readonly name: string; readonly revision: string | undefined } | undefined;
  /** What a preview has made, so that placing its text need not parse it again. */
  readonly #previewed = new Map<string, { readonly text: string; readonly package: UciPackage }>();

  /**
   * @param locks how libuci's locks are held; anything else is for tests
   * @param overrides a package that is there is read and written there instead, as libuci does (`/var/run/uci`)
   */
  constructor(
    directory: string,
    log: Log = silentLog,
    locks: typeof withFileLocks = withFileLocks,
    overrides?: string,
  ) {
    this.#overrides = overrides;
    this.#directory = directory;
    this.#log = log;
    this.#locks = locks;
  }

  /** Once at start: removes what a power cut has left of our own temporary files. */
  sweep(): void {
    sweepTemporaries(this.#directory, /^\.[\w-]+\.tandem-[0-9a-f]{6}$/);
  }

  load(name: string): UciPackage | undefined {
    const revision = this.#looked?.name === name ? this.#looked.revision : this.#look(name);
    this.#looked = undefined;
    if (revision === undefined) {
      this.#cache.delete(name);
      return undefined;
    }
    const cached = this.#cache.get(name);
    if (cached?.revision === revision) return cached.package;
    const text = this.text(name);
    if (text === undefined) return undefined;
    const parsed = parseNamed(name, text).toPackage(name);
    this.#cache.set(name, { revision, package: parsed });
    return parsed;
  }

  packages(): string[] {
    try {
      return readdirSync(this.#directory, { withFileTypes: true })
        .filter((entry) => !entry.isDirectory() && isUciPackageName(entry.name))
        .map((entry) => entry.name)
        .sort();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw new UciError('UCI_IO', `can't list ${this.#directory}`, { cause: error });
    }
  }

  revision(name: string): string | undefined {
    const revision = this.#look(name);
    // Who asks for the revision asks for the package next: one look serves both.
    this.#looked = { name, revision };
    queueMicrotask(() => {
      this.#looked = undefined;
    });
    return revision;
  }

  #look(name: string): string | undefined {
    try {
      const stat = statSync(this.#path(name), { throwIfNoEntry: false });
      return stat?.isFile() ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}` : undefined;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw new UciError('UCI_IO', `can't look at package '${name}'`, { cause: error });
    }
  }

  preview(name: string, changes: readonly UciChange[]): string {
    const pack = this.load(name);
    const document = pack === undefined ? new UciDocument() : UciDocument.of(pack);
    for (const change of changes) applyChange(document, change);
    const text = document.toText();
    this.#previewed.set(name, { text, package: document.toPackage(name) });
    return text;
  }

  replace(name: string, text: string): Promise<void> {
    return this.hold([name], async (held) => {
      held.stage(name, text);
      held.place();
    });
  }

  async hold<T>(names: readonly string[], work: (held: UciHold) => Promise<T>): Promise<T> {
    const targets = new Map(names.map((name) => [name, this.#target(name)]));
    const existing = [...targets.values()].flatMap(({ path, exists }) => (exists ? [path] : []));
    return this.#locks(
      existing,
      async () => {
        const held = new Held((name, text) => this.#stage(name, targets.get(name)!.path, text));
        try {
          return await work(held);
        } finally {
          held.discard();
          for (const name of names) this.#previewed.delete(name);
        }
      },
      this.#log,
    );
  }

  #stage(name: string, path: string, text: string | undefined): Staged {
    if (text === undefined) {
      return { directory: dirname(path), place: () => rmSync(path, { force: true }), discard: () => {} };
    }
    const bytes = encodeUciText(text);
    if (bytes.length > uciFileLimitBytes)
      throw new UciError('UCI_LIMIT', `package '${name}' would have ${bytes.length} bytes`);
    const previewed = this.#previewed.get(name);
    const known = previewed?.text === text ? previewed.package : undefined;
    // A file that can't be parsed takes the whole package away from every tool of the router.
    if (!known) parseNamed(name, text);
    else if (known.sections.length > uciSectionLimit)
      throw new UciError('UCI_LIMIT', `package '${name}' would have ${known.sections.length} sections`);
    const staged = inIo(name, () => stageFile(path, bytes, `.${name}.tandem-`, 0o600));
    return {
      directory: dirname(path),
      place: () => {
        inIo(name, () => staged.place());
        // Under the lock: the file is ours, and need not be read to know what is in it.
        const revision = known && this.#look(name);
        if (known && revision !== undefined) this.#cache.set(name, { revision, package: known });
      },
      discard: () => staged.discard(),
    };
  }

  /** Where the package really lies: a symbolic link stays one. */
  #target(name: string): { path: string; exists: boolean } {
    const path = this.#path(name);
    try {
      return { path: realpathSync(path), exists: true };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return { path, exists: false };
      throw new UciError('UCI_IO', `can't look at package '${name}'`, { cause: error });
    }
  }

  text(name: string): string | undefined {
    const path = this.#path(name);
    try {
      const size = statSync(path).size;
      if (size > uciFileLimitBytes) throw new UciError('UCI_LIMIT', `package '${name}' has ${size} bytes`);
      return decodeUciBytes(readFileSync(path));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      if (error instanceof UciError) throw error;
      throw new UciError('UCI_IO', `can't read package '${name}'`, { cause: error });
    }
  }

  #path(name: string): string {
    const known = this.#paths.get(name);
    if (known !== undefined) return this.#overridden(name) ?? known;
    if (!isUciPackageName(name)) throw new UciError('UCI_INVALID', `invalid package name '${name}'`);
    const path = join(this.#directory, name);
    // As many as the device has packages; what a peer can name is none of them.
    if (this.#paths.size < 256) this.#paths.set(name, path);
    return this.#overridden(name) ?? path;
  }

  #overridden(name: string): string | undefined {
    // There is rarely such a directory at all.
    if (this.#overrides === undefined || !existsSync(this.#overrides)) return undefined;
    const path = join(this.#overrides, name);
    return existsSync(path) ? path : undefined;
  }
}

interface Staged extends StagedFile {
  readonly directory: string;
}

class Held implements UciHold {
  readonly #stage: (name: string, text: string | undefined) => Staged;
  #staged: Staged[] = [];

  constructor(stage: (name: string, text: string | undefined) => Staged) {
    this.#stage = stage;
  }

  stage(name: string, text: string | undefined): void {
    this.#staged.push(this.#stage(name, text));
  }

  place(): void {
    for (const staged of this.#staged) staged.place();
    for (const directory of new Set(this.#staged.map((staged) => staged.directory)))
      inIo(directory, () => syncDirectory(directory));
    this.#staged = [];
  }

  discard(): void {
    for (const staged of this.#staged) staged.discard();
    this.#staged = [];
  }
}

function inIo<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UciError('UCI_IO', `can't write package '${name}'`, { cause: error });
  }
}

function parseNamed(name: string, text: string): UciDocument {
  try {
    return parseUci(text);
  } catch (error) {
    if (!(error instanceof UciError)) throw error;
    const { line, byte } = error;
    throw new UciError(error.code as 'UCI_PARSE', `package '${name}': ${error.message}`, { cause: error, line, byte });
  }
}

/** @throws UciError UCI_INVALID, UCI_NOT_FOUND */
export function applyChange(document: UciDocument, change: UciChange): void {
  switch (change.op) {
    case 'add':
      if (document.has(change.section)) throw new UciError('UCI_INVALID', `section '${change.section}' exists already`);
      document.add(change.type, change.section);
      break;
    case 'set':
      // The value may be a secret: it is never part of the text.
      if (![change.value].flat().every(isUciValue))
        throw new UciError('UCI_INVALID', `control character in the value of option '${change.option}'`);
      document.set(change.section, change.option, change.value);
      break;
    case 'unset':
      document.unset(change.section, change.option);
      break;
    case 'rename':
      document.rename(change.section, change.to);
      break;
    case 'delete':
      document.remove(change.section);
      break;
  }
}
