import { ok, type Result, refused } from '#base';
import type { FileEngine, FileFault } from '#cwmp';

type Outcome = Result<void, FileFault>;

/** Transfers that end when the test says so; each step is in `steps`. */
export class FakeFiles implements FileEngine {
  readonly steps: string[] = [];
  free = 1 << 20;
  problem: FileFault | undefined;
  /** Answers in order; when there are none left the step waits for `finish`. */
  readonly outcomes: Outcome[] = [];
  readonly #open: { readonly resolve: (outcome: Outcome) => void; readonly signal: AbortSignal }[] = [];

  get running(): number {
    return this.#open.length;
  }
  finish(outcome: Outcome = ok(undefined)): void {
    this.#open.shift()!.resolve(outcome);
  }
  problemOf(): FileFault | undefined {
    return this.problem;
  }
  freeBytes(): number {
    return this.free;
  }
  download: FileEngine['download'] = (_, { url, username, password }, use, bytes, signal) =>
    this.#step(`download ${use} ${url} ${username}:${password.reveal()} ${bytes}`, signal);
  install: FileEngine['install'] = (_, use, target, { by, peer }, signal) =>
    this.#step(`install ${use} '${target}' by ${by} ${peer}`, signal);
  upload: FileEngine['upload'] = (_, { url }, use, signal) => this.#step(`upload ${use} ${url}`, signal);
  forget(): void {}
  keepOnly(ids: readonly string[]): void {
    this.steps.push(`keep ${ids.length}`);
  }

  #step(said: string, signal: AbortSignal): Promise<Outcome> {
    this.steps.push(said);
    const outcome = this.outcomes.shift();
    if (outcome) return Promise.resolve(outcome);
    return new Promise((resolve) => {
      const one = { resolve, signal };
      this.#open.push(one);
      signal.addEventListener('abort', () => {
        const at = this.#open.indexOf(one);
        if (at < 0) return;
        this.#open.splice(at, 1);
        resolve(refused({ kind: 'cancelled', message: 'stopped', retryable: false }));
      });
    });
  }
}
