import type { BlobTable, UciPackage } from '#platform';
import type { HandlerName } from '../handlers/index.ts';
import { fileAnswer } from './file-source.ts';
import type { SourceText } from './grammar.ts';
import { type Answer, callTimeoutMs, type Sources } from './sources.ts';

const inFlightLimit = 4;
/** What one request waits for the bus altogether: one that hangs would cost every call its time. */
const scopeTimeoutMs = 15_000;
/** Handlers that run programs. */
const lasting: ReadonlySet<HandlerName> = new Set<HandlerName>(['uqmi', 'umbim']);

/** One package or answer that something was made from. */
export type ReadNote =
  | { readonly package: string; readonly found: UciPackage | undefined }
  | { readonly key: string; readonly freshSeconds: number; readonly answer: Answer };

/**
 * One request's view of the device: every distinct source is asked once. Evaluation is synchronous; a call that has not been
 * made yet is noted as wanted, and after `settle` the evaluation is simply done again.
 */
export class ReadScope {
  readonly #sources: Sources;
  readonly #signal: AbortSignal | undefined;
  readonly #answers = new Map<string, Answer>();
  #wanted: Map<string, { source: SourceText; args: BlobTable }> | undefined;
  readonly #packages = new Map<string, UciPackage | undefined>();
  #tables: Map<string, Record<string, unknown>> | undefined;
  #missed = 0;
  /** When nothing is asked any more. */
  #untilMs: number | undefined;
  #notes: Map<string, ReadNote> | undefined;
  /** Of the packages that were read: what a write that was made from them has to find again. */
  readonly revisions = new Map<string, string | undefined>();

  constructor(sources: Sources, signal?: AbortSignal) {
    this.#sources = sources;
    this.#signal = signal;
  }

  get now(): number {
    return this.#sources.ports.clock.now();
  }

  get settled(): boolean {
    return this.#wanted === undefined;
  }

  /** How often something was made without an answer that it wants: the same before and after says that it is as it stays. */
  get missed(): number {
    return this.#missed;
  }

  /** What is being made goes by something that was made so. */
  miss(): void {
    this.#missed++;
  }

  /**
   * Does work of evaluation, and says what of the sources went into it. Not within itself.
   * @returns complete: every source that was asked for had answered
   */
  noting<T>(work: () => T): { readonly result: T; readonly notes: readonly ReadNote[]; readonly complete: boolean } {
    const notes = new Map<string, ReadNote>();
    const missed = this.#missed;
    this.#notes = notes;
    try {
      const result = work();
      return { result, notes: [...notes.values()], complete: this.#missed === missed };
    } finally {
      this.#notes = undefined;
    }
  }

  /** Whether this scope reads what was noted, and needs not ask for it. */
  stillReads(note: ReadNote): boolean {
    if ('package' in note) return this.uci(note.package) === note.found;
    const known =
      this.#answers.get(note.key) ??
      (note.freshSeconds > 0 ? this.#sources.fresh(note.key, note.freshSeconds) : undefined);
    if (known !== note.answer) return false;
    this.#answers.set(note.key, known);
    return true;
  }

  uci(name: string): UciPackage | undefined {
    const found = this.#package(name);
    this.#notes?.set(`uci ${name}`, { package: name, found });
    return found;
  }

  #package(name: string): UciPackage | undefined {
    if (this.#packages.has(name)) return this.#packages.get(name);
    let loaded: UciPackage | undefined;
    try {
      this.revisions.set(name, this.#sources.ports.uci.revision(name));
      loaded = this.#sources.ports.uci.load(name);
    } catch (error) {
      this.#sources.ports.log.warn('a UCI package could not be read', { package: name, error });
    }
    this.#packages.set(name, loaded);
    return loaded;
  }

  /** The package as an answer like those of other sources: options by the sections' names. */
  uciTable(name: string): unknown {
    const pack = this.uci(name);
    if (!pack) return undefined;
    const known = this.#tables?.get(name);
    if (known) return known;
    const table = Object.fromEntries(
      pack.sections.map((section) => [
        section.name,
        Object.fromEntries([...section.options, ['.name', section.name], ['.type', section.type]]),
      ]),
    );
    this.#tables ??= new Map();
    this.#tables.set(name, table);
    return table;
  }

  /** `undefined`: wanted, not yet asked. */
  answer(source: SourceText, args: BlobTable): Answer | undefined {
    if (source.value !== undefined) return { ok: true, value: source.value };
    const key = keyOf(source, args);
    const answer = this.#answer(key, source, args);
    if (answer) this.#notes?.set(key, { key, freshSeconds: source.fresh ?? 0, answer });
    return answer;
  }

  #answer(key: string, source: SourceText, args: BlobTable): Answer | undefined {
    const handled = source.handler && this.#handler(key, source.handler as HandlerName);
    if (handled) return handled;
    if (source.file) return this.#file(key, source);
    const known = this.#answers.get(key) ?? (source.fresh ? this.#sources.fresh(key, source.fresh) : undefined);
    if (known) {
      this.#answers.set(key, known);
      return known;
    }
    this.#wanted ??= new Map();
    this.#wanted.set(key, { source, args });
    this.#missed++;
    return undefined;
  }

  async settle(): Promise<void> {
    const wanted = [...(this.#wanted ?? [])];
    this.#wanted = undefined;
    const { clock } = this.#sources.ports;
    this.#untilMs ??= clock.monotonicMs() + scopeTimeoutMs;
    let next = 0;
    const ask = async (): Promise<void> => {
      for (let at = next++; at < wanted.length; at = next++) {
        const [key, { source, args }] = wanted[at]!;
        const timeoutMs = Math.min(callTimeoutMs, this.#untilMs! - clock.monotonicMs());
        this.#answers.set(key, await this.#sources.call(key, source, args, timeoutMs, this.#signal));
      }
    };
    await Promise.all(Array.from({ length: Math.min(inFlightLimit, wanted.length) }, ask));
  }

  /** `undefined`: it takes time, and is asked as the bus is. */
  #handler(key: string, name: HandlerName): Answer | undefined {
    if (lasting.has(name)) return undefined;
    const answer = this.#answers.get(key) ?? { ok: true, value: this.#sources.handlers[name]() };
    this.#answers.set(key, answer);
    return answer;
  }

  #file(key: string, source: SourceText): Answer {
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = fileAnswer(this.#sources.ports.files, source);
    this.#answers.set(key, answer);
    return answer;
  }
}

function keyOf(source: SourceText, args: BlobTable): string {
  if (source.handler) return `handler ${source.handler}`;
  if (source.script) return `script ${source.script}`;
  if (source.file) return `file ${source.file} ${source.parse ?? 'text'}`;
  const [object, method] = source.ubus!;
  return `${object} ${method} ${JSON.stringify(args)}`;
}
