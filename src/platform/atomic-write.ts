import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A new content that is on flash beside the file it is meant for. */
export interface StagedFile {
  /** Renames it over the target; the directory is not synced yet. */
  place(): void;
  /** Takes it away, unless it has been placed. Never throws. */
  discard(): void;
}

/**
 * Writes a temporary file beside the target and syncs it. Mode and owner of an existing target are kept.
 *
 * @param mode of a file that did not exist
 */
export function stageFile(path: string, bytes: Uint8Array, temporaryPrefix: string, mode: number): StagedFile {
  const temporary = join(dirname(path), `${temporaryPrefix}${randomBytes(4).toString('hex').slice(0, 6)}`);
  const old = statSync(path, { throwIfNoEntry: false });
  let placed = false;
  const discard = (): void => {
    if (placed) return;
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made; whatever went wrong before is the error that counts.
    }
  };
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    chmodSync(temporary, old === undefined ? mode : old.mode & 0o7777);
    if (old !== undefined && process.getuid?.() === 0) chownSync(temporary, old.uid, old.gid);
  } catch (error) {
    discard();
    throw error;
  }
  return {
    place(): void {
      renameSync(temporary, path);
      placed = true;
    },
    discard,
  };
}

/**
 * Temporary file beside the target, fsync, rename, fsync of the directory: after a power cut there is the old file or
 * the new one, whole.
 */
export function writeAtomically(path: string, bytes: Uint8Array, temporaryPrefix: string, mode: number): void {
  const staged = stageFile(path, bytes, temporaryPrefix, mode);
  try {
    staged.place();
  } catch (error) {
    staged.discard();
    throw error;
  }
  syncDirectory(dirname(path));
}

/** Removes what a power cut has left of temporary files. Never throws: they are only litter. */
export function sweepTemporaries(directory: string, pattern: RegExp): void {
  try {
    for (const name of readdirSync(directory)) if (pattern.test(name)) unlinkSync(join(directory, name));
  } catch {
    // No such directory yet, or one that is read-only: it is tried again at the next start.
  }
}

export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
