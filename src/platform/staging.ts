import {
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { TandemError } from '#base';
import type { ByteSink, ByteSource } from './net/http-stream.ts';

/** STAGING_FULL (the device or the limit), STAGING_IO */
export class StagingError extends TandemError {}

/** Files on their way in or out: one directory for the owner only, which a reboot may empty. */
export interface Staging {
  /** What may still be written, less a reserve for everybody else. */
  freeBytes(): number;
  /** `undefined`: there is none. */
  size(name: string): number | undefined;
  /** @throws StagingError when it is longer than the limit or can't be read */
  readText(name: string, limitBytes: number): string;
  writeText(name: string, text: string): void;
  source(name: string): ByteSource;
  /**
   * @param offset how much of what is there stays
   * @param limitBytes of the whole file; a piece that goes beyond it throws STAGING_FULL
   */
  sink(name: string, offset: number, limitBytes: number): ByteSink;
  remove(name: string): void;
  names(): string[];
  /** For programs that are handed the file. */
  path(name: string): string;
}

export class StagingDirectory implements Staging {
  readonly #directory: string;
  readonly #reserveBytes: number;

  /** @param reserveBytes of the file system that are never touched: in RAM it is the memory of all */
  constructor(directory: string, reserveBytes = 4 << 20) {
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
  }

  freeBytes(): number {
    return attempt('the space can not be told', () => {
      this.#make();
      const { bavail, bsize } = statfsSync(this.#directory);
      return Math.max(0, bavail * bsize - this.#reserveBytes);
    });
  }

  size(name: string): number | undefined {
    return statSync(this.path(name), { throwIfNoEntry: false })?.size;
  }

  readText(name: string, limitBytes: number): string {
    return attempt(`${name} can not be read`, () => {
      if ((this.size(name) ?? 0) > limitBytes) throw new StagingError('STAGING_FULL', `${name} is too long`);
      return readFileSync(this.path(name), 'utf8');
    });
  }

  writeText(name: string, text: string): void {
    attempt(`${name} can not be written`, () => {
      this.#make();
      writeFileSync(this.path(name), text, { mode: 0o600 });
    });
  }

  source(name: string): ByteSource {
    const path = this.path(name);
    return { length: this.size(name) ?? 0, read: () => createReadStream(path) as AsyncIterable<Uint8Array> };
  }

  sink(name: string, offset: number, limitBytes: number): ByteSink {
    let file: Promise<FileHandle> | undefined;
    let at = offset;
    const opened = (): Promise<FileHandle> => {
      file ??= begin();
      return file;
    };
    const begin = async (): Promise<FileHandle> => {
      this.#make();
      // Loaded when it is needed: it brings modules along that an idle agent has no use for.
      const { open } = await import('node:fs/promises');
      const handle = await open(this.path(name), offset > 0 ? 'r+' : 'w', 0o600);
      await handle.truncate(offset);
      return handle;
    };
    return {
      write: async (piece) => {
        if (at + piece.length > limitBytes) throw new StagingError('STAGING_FULL', `more than ${limitBytes} bytes`);
        try {
          const handle = await opened();
          for (let done = 0; done < piece.length; ) {
            const { bytesWritten } = await handle.write(piece, done, piece.length - done, at);
            done += bytesWritten;
            at += bytesWritten;
          }
        } catch (error) {
          throw stagingError('the file can not be written', error);
        }
      },
      close: async () => {
        try {
          // An empty answer is an empty file.
          await (await opened()).close();
        } catch (error) {
          throw stagingError('the file can not be written', error);
        }
      },
    };
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  names(): string[] {
    try {
      return readdirSync(this.#directory).sort();
    } catch {
      return [];
    }
  }

  path(name: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(name)) throw new StagingError('STAGING_IO', 'no name for a file');
    return join(this.#directory, name);
  }

  #make(): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
  }
}

function attempt<T>(failure: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw stagingError(failure, error);
  }
}

function stagingError(failure: string, error: unknown): StagingError {
  if (error instanceof StagingError) return error;
  const full = /^(ENOSPC|EDQUOT|EFBIG)$/.test((error as NodeJS.ErrnoException).code ?? '');
  return new StagingError(full ? 'STAGING_FULL' : 'STAGING_IO', full ? 'no space left' : failure, { cause: error });
}
