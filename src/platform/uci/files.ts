import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, type Log, silentLog } from '#base';
import { writeAtomically } from '../atomic-write.ts';
import type { Uci, UciChange, UciPackage } from '../ports.ts';
import { decodeUciBytes, encodeUciText } from './bytes.ts';
import { UciDocument } from './document.ts';
import { UciError } from './error.ts';
import { withFileLock } from './lock.ts';
import { isUciPackageName, isUciValue } from './names.ts';
import { parseUci, uciFileLimitBytes } from './parse.ts';

interface Cached {
  readonly revision: string;
  readonly package: UciPackage;
}

/** The `Uci` port on the files of one directory (`/etc/config`). */
export class UciFiles implements Uci {
  readonly #directory: string;
  readonly #log: Log;
  readonly #cache = new Map<string, Cached>();

  constructor(directory: string, log: Log = silentLog) {
    this.#directory = directory;
    this.#log = log;
  }

  load(name: string): UciPackage | undefined {
    const revision = this.revision(name);
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
    try {
      const stat = statSync(this.#path(name), { bigint: true });
      return stat.isFile() ? `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}` : undefined;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw new UciError('UCI_IO', `can't look at package '${name}'`, { cause: error });
    }
  }

  preview(name: string, changes: readonly UciChange[]): string {
    const text = this.text(name);
    const document = text === undefined ? new UciDocument() : parseNamed(name, text);
    for (const change of changes) applyChange(document, change);
    return document.toText();
  }

  async replace(name: string, text: string): Promise<void> {
    const bytes = encodeUciText(text);
    if (bytes.length > uciFileLimitBytes)
      throw new UciError('UCI_LIMIT', `package '${name}' would have ${bytes.length} bytes`);
    // A file that can't be parsed takes the whole package away from every tool of the router.
    parseNamed(name, text);
    let path = this.#path(name);
    try {
      let exists = true;
      try {
        path = realpathSync(path);
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error;
        exists = false;
      }
      const write = (): void => writeAtomically(path, bytes, `.${name}.uci-`, 0o600);
      if (exists) await withFileLock(path, write, this.#log);
      else write();
    } catch (error) {
      throw new UciError('UCI_IO', `can't write package '${name}'`, { cause: error });
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
    if (!isUciPackageName(name)) throw new UciError('UCI_INVALID', `invalid package name '${name}'`);
    return join(this.#directory, name);
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
