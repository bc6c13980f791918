import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import {
  type Controller,
  type ControllerOptions,
  installFactory,
  type LabFactory,
  type Router,
  startController,
  startRouter,
} from '#lab';
import { configureAgent, type Section } from './agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from './agent-process.ts';

/** The daemon as it ships on the simulated router, managed by the lab's controllers: one set-up for each test of the file that makes the bench. */
export class UspBench {
  router!: Router;
  agent!: AgentProcess;
  #bundles!: Awaited<ReturnType<typeof buildBundles>>;
  #directory = '';
  readonly #open: AsyncDisposable[] = [];

  constructor() {
    beforeAll(async () => {
      this.#bundles = await buildBundles();
    });
    afterAll(() => this.#bundles.remove());
    afterEach(async () => {
      await this.agent?.stop('SIGKILL');
      for (const one of this.#open.splice(0).reverse()) await one[Symbol.asyncDispose]();
      rmSync(this.#directory, { recursive: true, force: true });
    });
  }

  /** Directory of the programs. */
  get dist(): string {
    return this.#bundles.dist;
  }

  /**
   * @param factory what the router gets of its vendor, when the controllers are there
   * @param sections of `/etc/config/tandem` besides
   */
  async begin(
    controllers: readonly ControllerOptions[],
    factory: (controllers: readonly Controller[]) => LabFactory,
    sections: readonly Section[] = [],
  ): Promise<Controller[]> {
    this.#directory = mkdtempSync(join(tmpdir(), 'tandem-usp-'));
    this.router = this.use(await startRouter({ directory: this.#directory, reloadDelayMs: 20 }));
    const started: Controller[] = [];
    for (const options of controllers) started.push(this.use(await startController(options)));
    installFactory(this.router.root, factory(started));
    if (sections.length > 0) configureAgent(this.router, sections);
    await this.start();
    return started;
  }

  /** The daemon, again. */
  async start(): Promise<void> {
    this.agent = await startDaemon(this.dist, this.router);
  }

  /** Until the end of the test, the last one first. */
  use<T extends AsyncDisposable>(one: T): T {
    this.#open.push(one);
    return one;
  }

  /** As `use`, and ended after all the others. */
  useFirst(one: AsyncDisposable): void {
    this.#open.unshift(one);
  }
}
