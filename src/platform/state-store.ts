import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { errorCode, type Log, silentLog, TandemError } from '#base';
import { sweepTemporaries, syncDirectory, writeAtomically } from './atomic-write.ts';
import type { StateStore } from './ports.ts';

const magic = 'tandem-state 1';
const sizeLimitBytes = 16 << 20;

export class StateError extends TandemError {}

/**
 * State in a directory, one file for each name, readable by its owner only. A file is one header line (`tandem-state 1`,
 * SHA-256 of the rest in hex, its length in bytes) and the text. Before a file is replaced it becomes `<name>.prev`,
 * the generation that is read when the newest is damaged.
 */
export class FileStateStore implements StateStore {
  readonly #directory: string;
  readonly #log: Log;
  #tail: Promise<void> = Promise.resolve();

  constructor(directory: string, log: Log = silentLog) {
    this.#directory = directory;
    this.#log = log;
  }

  /** Once at start: removes what a power cut has left of temporary files. */
  sweep(): void {
    sweepTemporaries(this.#directory, /^\.[\w.-]+\.new-[0-9a-f]{6}$/);
  }

  read(name: string): string | undefined {
    const path = this.#path(name);
    for (const candidate of [path, `${path}.prev`]) {
      const outcome = readIntact(candidate);
      if (outcome.text !== undefined) return outcome.text;
      if (outcome.damage !== undefined)
        this.#log.error('state file is damaged', { path: candidate, reason: outcome.damage });
    }
    return undefined;
  }

  /** @throws StateError STATE_IO, STATE_LIMIT */
  write(name: string, text: string): Promise<void> {
    return this.#inTurn(() => {
      const path = this.#path(name);
      const body = Buffer.from(text, 'utf8');
      if (body.length > sizeLimitBytes) throw new StateError('STATE_LIMIT', `state '${name}' has ${body.length} bytes`);
      const header = Buffer.from(`${magic} ${digest(body)} ${body.length}\n`, 'latin1');
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      // Only an intact file may become the previous generation, or damage would drive out the good copy.
      if (existsSync(path) && readIntact(path).text !== undefined) keepPrevious(path);
      writeAtomically(path, Buffer.concat([header, body]), `.${name}.new-`, 0o600);
      if (existsSync(`${path}.log`)) {
        rmSync(`${path}.log`);
        syncDirectory(this.#directory);
      }
    }, `can't write state '${name}'`);
  }

  /** @throws StateError STATE_IO, STATE_LIMIT */
  append(name: string, line: string): Promise<void> {
    return this.#inTurn(() => {
      const path = `${this.#path(name)}.log`;
      const body = Buffer.from(line, 'utf8');
      if (body.includes(0x0a)) throw new StateError('STATE_IO', `a line of state '${name}' has a line end`);
      const old = statSync(path, { throwIfNoEntry: false });
      if (body.length + (old?.size ?? 0) > sizeLimitBytes)
        throw new StateError('STATE_LIMIT', `state '${name}' is full`);
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const fd = openSync(path, 'a', 0o600);
      try {
        // A line whose end was lost to a power cut must not swallow this one.
        const start = old && old.size > 0 && !endsInLineEnd(path, old.size) ? '\n' : '';
        writeSync(fd, `${start}${digest(body).slice(0, lineDigestLength)} ${line}\n`);
        fdatasyncSync(fd);
      } finally {
        closeSync(fd);
      }
      if (!old) syncDirectory(this.#directory);
    }, `can't append to state '${name}'`);
  }

  lines(name: string): string[] {
    const path = `${this.#path(name)}.log`;
    if (!existsSync(path)) return [];
    const good: string[] = [];
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (line === '') continue;
      const text = line.slice(lineDigestLength + 1);
      if (digest(Buffer.from(text, 'utf8')).slice(0, lineDigestLength) === line.slice(0, lineDigestLength))
        good.push(text);
      else this.#log.error('a line of a state file is damaged and left out', { path });
    }
    return good;
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(() => {
      const path = this.#path(name);
      rmSync(`${path}.log`, { force: true });
      rmSync(`${path}.prev`, { force: true });
      rmSync(path, { force: true });
      if (existsSync(this.#directory)) syncDirectory(this.#directory);
    }, `can't remove state '${name}'`);
  }

  #inTurn(work: () => void, failure: string): Promise<void> {
    const run = this.#tail.then(() => {
      try {
        work();
      } catch (error) {
        throw error instanceof StateError ? error : new StateError('STATE_IO', failure, { cause: error });
      }
    });
    this.#tail = run.catch(() => {});
    return run;
  }

  #path(name: string): string {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) || /\.(prev|log)$/.test(name))
      throw new StateError('STATE_NAME', `'${name}' is no name for state`);
    return join(this.#directory, name);
  }
}

/** Hexadecimal digits of a line's checksum: against power cuts, not against malice. */
const lineDigestLength = 16;

function endsInLineEnd(path: string, size: number): boolean {
  const last = Buffer.alloc(1);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, last, 0, 1, size - 1);
  } finally {
    closeSync(fd);
  }
  return last[0] === 0x0a;
}

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A copy, not a rename: at every moment the newest generation stays under its own name. */
function keepPrevious(path: string): void {
  const temporary = `${path}.prev.new`;
  copyFileSync(path, temporary);
  const fd = openSync(temporary, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, `${path}.prev`);
}

function readIntact(path: string): { text?: string; damage?: string } {
  let bytes: Buffer;
  try {
    if (statSync(path).size > sizeLimitBytes + 256) return { damage: 'too long' };
    bytes = readFileSync(path);
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? {} : { damage: errorCode(error) ?? 'unreadable' };
  }
  const end = bytes.indexOf(0x0a);
  const header =
    end < 0 ? undefined : /^tandem-state 1 ([0-9a-f]{64}) (\d{1,9})$/.exec(bytes.toString('latin1', 0, end));
  if (!header) return { damage: 'no header' };
  const body = bytes.subarray(end + 1);
  if (body.length !== Number(header[2])) return { damage: 'wrong length' };
  if (digest(body) !== header[1]) return { damage: 'wrong checksum' };
  return { text: body.toString('utf8') };
}
