import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import type { Descriptor } from '../descriptor.ts';
import type { Mtp } from '../side/link.ts';
import { NotRunnable } from '../verdict.ts';
import type { Subject } from './subject.ts';

/** An agent as the descriptor starts it. One that ends by itself, as a reboot makes it do, is started again. */
export class ProcessSubject implements Subject {
  readonly #descriptor: Descriptor;
  readonly #mtp: Mtp;
  readonly #loud: boolean;
  #child: ChildProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(descriptor: Descriptor, mtp: Mtp, loud: boolean) {
    this.#descriptor = descriptor;
    this.#mtp = mtp;
    this.#loud = loud;
  }

  async start(): Promise<void> {
    const { start } = this.#descriptor;
    if (!start) return;
    if (start.reset) {
      const [program, ...args] = this.#words(start.reset);
      const { status, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`start.reset ended with ${status}: ${stderr}`);
    }
    this.#run();
  }

  async reset(): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#stopped = false;
    await this.start();
  }

  async reboot(): Promise<void> {
    const child = this.#child;
    if (!child) throw new NotRunnable('the descriptor does not say how the agent is started');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#again);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5000);
    await gone;
    clearTimeout(late);
  }

  #run(): void {
    const { command, environment } = this.#descriptor.start!;
    const [program, ...args] = this.#words(command);
    const output = this.#loud ? 'inherit' : 'ignore';
    const child = spawn(program!, args, { env: { ...process.env, ...environment }, stdio: ['ignore', output, output] });
    this.#child = child;
    child.once('exit', () => {
      if (!this.#stopped) this.#again = setTimeout(() => this.#run(), 200);
    });
  }

  #words(words: readonly string[]): string[] {
    return words.map((word) => word.replaceAll('{mtp}', this.#mtp));
  }
}
