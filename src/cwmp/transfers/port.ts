import type { Result, Secret } from '#base';
import type { Origin } from '#model';

/** What a file is for, whatever its FileType is called; `X …` is a vendor's own. */
export type FileUse = 'firmware' | 'web-content' | 'configuration' | 'log' | 'tone' | 'ringer' | `X ${string}`;

export interface FileFault {
  readonly kind:
    | 'unsupported-protocol'
    | 'contact'
    | 'authentication'
    | 'access'
    | 'incomplete'
    | 'corrupted'
    | 'space'
    | 'unsupported-type'
    | 'cancelled'
    | 'failed';
  /** For people; never holds a secret. */
  readonly message: string;
  /** Another try may go better. */
  readonly retryable: boolean;
}

export interface RemoteFile {
  readonly url: string;
  readonly username: string;
  readonly password: Secret;
}

/** Moves and installs files: what the queue of transfers is built on. An id is a name for what is staged under it. */
export interface FileEngine {
  /** Why a transfer would be of no use. */
  problemOf(direction: 'download' | 'upload', use: FileUse, url: string): FileFault | undefined;
  freeBytes(): number;
  /** @param announcedBytes 0: not known */
  download(
    id: string,
    from: RemoteFile,
    use: FileUse,
    announcedBytes: number,
    signal: AbortSignal,
  ): Promise<Result<void, FileFault>>;
  install(
    id: string,
    use: FileUse,
    target: string,
    origin: Origin,
    signal: AbortSignal,
  ): Promise<Result<void, FileFault>>;
  upload(id: string, to: RemoteFile, use: FileUse, signal: AbortSignal): Promise<Result<void, FileFault>>;
  forget(id: string): void;
  keepOnly(ids: readonly string[]): void;
}
