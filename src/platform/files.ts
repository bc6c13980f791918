import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Files } from './ports.ts';

const defaultLimitBytes = 256 * 1024;

/** Files of the device, all of them below one root: `/` on a router, a directory tree in tests and in the lab. */
export class RootedFiles implements Files {
  readonly #root: string;
  constructor(root = '/') {
    this.#root = resolve(root);
  }

  readText(path: string, limitBytes = defaultLimitBytes): string | undefined {
    let fd: number;
    try {
      fd = openSync(this.#at(path), 'r');
    } catch {
      return undefined;
    }
    try {
      // Files of /proc and /sys say that they are empty: read until there is no more.
      const chunks: Buffer[] = [];
      let length = 0;
      while (length < limitBytes) {
        const chunk = Buffer.allocUnsafe(Math.min(limitBytes - length, 16_384));
        const count = readSync(fd, chunk, 0, chunk.length, null);
        if (count === 0) break;
        chunks.push(chunk.subarray(0, count));
        length += count;
      }
      return Buffer.concat(chunks, length).toString('utf8');
    } catch {
      return undefined;
    } finally {
      closeSync(fd);
    }
  }

  list(directory: string): string[] {
    try {
      return readdirSync(this.#at(directory)).sort();
    } catch {
      return [];
    }
  }

  exists(path: string): boolean {
    return existsSync(this.#at(path));
  }

  #at(path: string): string {
    // Resolving against / first takes every `..` that would lead out of the root.
    return join(this.#root, resolve('/', path));
  }
}
