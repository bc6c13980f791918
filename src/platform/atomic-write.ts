import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Temporary file beside the target, fsync, rename, fsync of the directory: after a power cut there is the old file or
 * the new one, whole. Mode and owner of an existing file are kept.
 *
 * @param mode of a file that did not exist
 */
export function writeAtomically(path: string, bytes: Uint8Array, temporaryPrefix: string, mode: number): void {
  const temporary = join(dirname(path), `${temporaryPrefix}${randomBytes(4).toString('hex').slice(0, 6)}`);
  const old = statSync(path, { throwIfNoEntry: false });
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
    renameSync(temporary, path);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made or is already renamed; the first error is the one that counts.
    }
    throw error;
  }
  syncDirectory(dirname(path));
}

export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
