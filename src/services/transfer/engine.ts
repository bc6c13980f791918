import { explain, type Log, ok, type Result, refused } from '#base';
import type { Origin } from '#model';
import type { Staging } from '#platform';
import { faultOf, type TransferFault, transferFault } from './fault.ts';
import type { HttpFiles, RemoteFile } from './http-files.ts';
import type { VendorFiles } from './vendor-files.ts';

/** What a file is for, whatever a protocol calls it; `X …` is a vendor's own. */
export type FileUse = 'firmware' | 'web-content' | 'configuration' | 'log' | 'tone' | 'ringer' | `X ${string}`;

export interface StagedFile {
  /** Of the transfer. */
  readonly id: string;
  /** For programs. */
  readonly path: string;
  /** @throws StagingError */
  readText(limitBytes: number): string;
}

/** Takes over a file that has come in whole. Firmware will be one of these; nothing else about a transfer changes with it. */
export interface Installer {
  readonly limitBytes: number;
  /** Whether the file of this transfer has been taken over before: the power went before that could be noted. */
  readonly done?: (id: string) => boolean;
  /** @param target the name that the operator gave it, or '' */
  install(file: StagedFile, target: string, origin: Origin, signal: AbortSignal): Promise<Result<void, TransferFault>>;
}

/** Makes a file that is to be sent. */
export type Producer = (signal: AbortSignal) => Promise<Result<string, TransferFault>>;

export interface TransferEngineParts {
  readonly files: HttpFiles;
  readonly staging: Staging;
  readonly installers: Readonly<Partial<Record<FileUse, Installer>>>;
  readonly producers: Readonly<Partial<Record<FileUse, Producer>>>;
  readonly vendor: VendorFiles;
  readonly log: Log;
}

/**
 * Files from and to the operator's servers, for every protocol: what is asked, when and how it is reported is the protocol's, how it is done is here. A transfer has an id of
 * its own, under which its file waits in the staging area, also over a restart of the agent.
 */
export class TransferEngine {
  readonly #parts: TransferEngineParts;

  constructor(parts: TransferEngineParts) {
    this.#parts = parts;
  }

  /** @returns why a transfer would be of no use; `undefined`: it can be tried */
  problemOf(direction: 'download' | 'upload', use: FileUse, url: string): TransferFault | undefined {
    const { installers, producers, vendor, files } = this.#parts;
    const served = direction === 'download' ? installers[use] : producers[use];
    if (!served && !vendor.knows(use)) return transferFault('unsupported-type', `nothing here takes or gives ${use}`);
    return files.problemOf(url);
  }

  freeBytes(): number {
    try {
      return this.#parts.staging.freeBytes();
    } catch (error) {
      this.#parts.log.error('the staging area can not be used', { error });
      return 0;
    }
  }

  /** @param announcedBytes 0: not known. @returns when the file is here whole */
  async download(
    id: string,
    from: RemoteFile,
    use: FileUse,
    announcedBytes: number,
    signal: AbortSignal,
  ): Promise<Result<void, TransferFault>> {
    const { files, installers, staging } = this.#parts;
    if (installers[use]?.done?.(id)) return ok(undefined);
    try {
      const here = staging.size(id) ?? 0;
      const limitBytes = Math.min(installers[use]?.limitBytes ?? Number.MAX_SAFE_INTEGER, here + staging.freeBytes());
      const fetched = await files.fetch(from, id, { announcedBytes, limitBytes }, signal);
      return fetched.ok ? ok(undefined) : fetched;
    } catch (error) {
      return refused(faultOf(error));
    }
  }

  async install(
    id: string,
    use: FileUse,
    target: string,
    origin: Origin,
    signal: AbortSignal,
  ): Promise<Result<void, TransferFault>> {
    const { installers, vendor, staging } = this.#parts;
    const path = staging.path(id);
    try {
      if (installers[use]?.done?.(id)) return ok(undefined);
      if (staging.size(id) === undefined) return refused(transferFault('failed', 'the file is gone'));
      const installer = installers[use];
      return installer
        ? await installer.install(
            { id, path, readText: (limitBytes) => staging.readText(id, limitBytes) },
            target,
            origin,
            signal,
          )
        : await vendor.install(use, path, target, signal);
    } catch (error) {
      return refused(transferFault('failed', explain(error)));
    } finally {
      this.forget(id);
    }
  }

  async upload(id: string, to: RemoteFile, use: FileUse, signal: AbortSignal): Promise<Result<void, TransferFault>> {
    const { files, producers, vendor, staging } = this.#parts;
    try {
      const produce = producers[use];
      if (produce) {
        const made = await produce(signal);
        if (!made.ok) return made;
        staging.writeText(id, made.value);
      } else {
        staging.writeText(id, '');
        const made = await vendor.produce(use, staging.path(id), signal);
        if (!made.ok) return made;
      }
      return await files.send(to, staging.source(id), signal);
    } catch (error) {
      return refused(faultOf(error));
    } finally {
      this.forget(id);
    }
  }

  /** Nothing of it is needed any more. */
  forget(id: string): void {
    const { staging } = this.#parts;
    staging.remove(id);
    staging.remove(`${id}.origin`);
  }

  /** At start: what belongs to none of these is of a transfer that is over. */
  keepOnly(ids: readonly string[]): void {
    for (const name of this.#parts.staging.names()) {
      if (!ids.includes(name.replace(/\.origin$/, ''))) this.#parts.staging.remove(name);
    }
  }
}
