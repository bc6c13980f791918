/**
 * The ports of the platform: what the rooms above are handed. The real implementations live beside this file, the
 * fakes ship with them; nobody above imports a Node I/O module.
 */

/** A blobmsg value. INT64 beyond 2^53 arrives as bigint; absent (UNSPEC) is null. */
export type BlobValue = string | number | bigint | boolean | null | readonly BlobValue[] | BlobTable;
export interface BlobTable {
  readonly [name: string]: BlobValue;
}

export interface InvokeOptions {
  /** Ours, not the daemon's: a provider that dies never answers. Default 5000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** blobmsg type name of an argument in a method's signature. */
export type ArgumentType = 'array' | 'table' | 'string' | 'int64' | 'int32' | 'int16' | 'bool' | 'double' | 'any';

export interface BusCall {
  readonly method: string;
  readonly args: BlobTable;
  /** Who called, as ubusd saw it; `undefined` for events and notifications of the daemon. */
  readonly user?: string;
  readonly group?: string;
}

export interface BusMethod {
  readonly args: Readonly<Record<string, ArgumentType>>;
  /** Throw a `UbusError` to answer with its status; anything else answers UNKNOWN_ERROR. */
  readonly call: (call: BusCall) => Promise<BlobTable | undefined> | BlobTable | undefined;
}

export interface BusObject {
  readonly path: string;
  readonly id: number;
  readonly methods: Readonly<Record<string, Readonly<Record<string, ArgumentType>>>>;
}

export interface PublishedObject extends Disposable {
  /** Sends a notification to the subscribers; resolves when it is written. */
  notify(name: string, data: BlobTable): Promise<void>;
  readonly hasSubscribers: boolean;
}

/**
 * The bus as a client sees it. Registrations (listen, subscribe, publish) survive a restart of ubusd and of the
 * object they aim at: they are made again by themselves.
 */
export interface Bus {
  readonly connected: boolean;
  /** @throws UbusError with the status; UBUS_TIMEOUT, UBUS_DISCONNECTED */
  invoke(object: string, method: string, args?: BlobTable, options?: InvokeOptions): Promise<BlobTable>;
  /** @param pattern exact path, or a prefix that ends in `*`; default all */
  list(pattern?: string, options?: InvokeOptions): Promise<BusObject[]>;
  /** Events by name, or prefix that ends in `*`. */
  listen(pattern: string, heard: (name: string, data: BlobTable) => void): Disposable;
  /** Notifications of one object; subscribed as soon as the object exists and again when it returns. */
  subscribe(object: string, heard: (name: string, data: BlobTable) => void): Disposable;
  publish(path: string, methods: Readonly<Record<string, BusMethod>>): PublishedObject;
  sendEvent(name: string, data: BlobTable): Promise<void>;
  /** Connection came or went. */
  onState(heard: (connected: boolean) => void): Disposable;
}

/** A section of a UCI package as it stands in the file. Anonymous sections carry libuci's generated name. */
export interface UciSection {
  readonly name: string;
  readonly type: string;
  readonly anonymous: boolean;
  /** Position among all sections of the package. */
  readonly index: number;
  readonly options: ReadonlyMap<string, string | readonly string[]>;
}

export interface UciPackage {
  readonly name: string;
  readonly sections: readonly UciSection[];
  section(name: string): UciSection | undefined;
}

/** One change to a UCI package. `section` of an `add` is the name the new section gets (always named, never anonymous). */
export type UciChange =
  | { readonly op: 'add'; readonly section: string; readonly type: string }
  | {
      readonly op: 'set';
      readonly section: string;
      readonly option: string;
      readonly value: string | readonly string[];
    }
  | { readonly op: 'unset'; readonly section: string; readonly option: string }
  | { readonly op: 'rename'; readonly section: string; readonly to: string }
  | { readonly op: 'delete'; readonly section: string };

/**
 * UCI as the model sees it. Reads come straight from the files (cached by identity of the file, so that a foreign edit is seen
 * at the next read); the committed state only, never a foreign staging area.
 */
export interface Uci {
  /** undefined: no such package. @throws UciError UCI_PARSE with line and byte, UCI_IO */
  load(name: string): UciPackage | undefined;
  packages(): string[];
  /** Cheap: changes whenever the file does. `undefined`: no such file. */
  revision(name: string): string | undefined;
  /** The package as text with the changes applied, and nothing written. */
  preview(name: string, changes: readonly UciChange[]): string;
  /** Replace the file by this text: libuci's lock, temporary file, fsync, rename, fsync of the directory. */
  replace(name: string, text: string): Promise<void>;
  /**
   * Runs `work` while nobody else can commit to these packages (libuci's locks; a package that does not exist has none).
   * What is staged and not placed when `work` ends is discarded.
   * @throws UciError UCI_BUSY: somebody else holds a lock and does not let go
   */
  hold<T>(names: readonly string[], work: (held: UciHold) => Promise<T>): Promise<T>;
  /** The committed text as it stands, byte for byte. `undefined`: no such file. */
  text(name: string): string | undefined;
}

/** Packages that nobody else can commit to meanwhile. */
export interface UciHold {
  /**
   * The new text goes on flash beside the file; nobody sees it yet.
   * @param text `undefined`: the package is to go
   * @throws UciError UCI_PARSE, UCI_LIMIT, UCI_IO
   */
  stage(name: string, text: string | undefined): void;
  /** What has been staged takes its place, in that order; on flash when this returns. @throws UciError UCI_IO */
  place(): void;
  /** What has been staged goes. */
  discard(): void;
}

/** Small, atomic, checksummed state on flash with a previous generation to fall back to (DESIGN "State on flash"). */
export interface StateStore {
  /** The newest intact generation; `undefined` when there is none. A corrupt one is reported through the log. */
  read(name: string): string | undefined;
  /** Replaces it; what was appended is gone with it. */
  write(name: string, text: string): Promise<void>;
  /** One line more behind it, on flash when this resolves. */
  append(name: string, line: string): Promise<void>;
  /** The lines that were appended since the last `write`, up to the first that is damaged. */
  lines(name: string): string[];
  remove(name: string): Promise<void>;
}

/** Read-only view of files, redirected below the roots of the configuration. */
export interface Files {
  /** `undefined`: absent or unreadable. @param limitBytes more than that is cut */
  readText(path: string, limitBytes?: number): string | undefined;
  list(directory: string): string[];
  exists(path: string): boolean;
}

/** Runs the vendor's executables (docs/mapping-language.md, `script`; docs/transfers.md). */
export interface Scripts {
  /** @param input what it gets on standard input. @returns the JSON that it printed. @throws ScriptError */
  run(
    path: string,
    timeoutMs: number,
    signal?: AbortSignal,
    args?: readonly string[],
    input?: string,
  ): Promise<unknown>;
}

export interface ProgramOutput {
  /** Exit code. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface ProgramOptions {
  /** The program is killed after it. */
  readonly timeoutMs: number;
  /** What it gets on standard input. Default: nothing. */
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Programs of the device's image. */
export interface Programs {
  /**
   * Runs it without a shell.
   * @param name without a directory
   * @throws ProgramError; an exit code other than 0 is none
   */
  run(name: string, args: readonly string[], options: ProgramOptions): Promise<ProgramOutput>;
  /** The image has it. */
  has(name: string): boolean;
}
