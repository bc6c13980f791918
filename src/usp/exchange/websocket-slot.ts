/** The place for the WebSocket between the agent and one controller: at most one, whoever opened it (R-WS.4). */
export class WebSocketSlot {
  #holder: { readonly by: 'agent' | 'controller'; readonly replace: () => void } | undefined;
  readonly #waiting = new Set<() => void>();

  get heldBy(): 'agent' | 'controller' | undefined {
    return this.#holder?.by;
  }

  /** @param replace closes the connection: another one of the same controller takes its place */
  take(by: 'agent' | 'controller', replace: () => void): Disposable {
    const before = this.#holder;
    const holder = { by, replace };
    this.#holder = holder;
    before?.replace();
    return {
      [Symbol.dispose]: () => {
        if (this.#holder !== holder) return;
        this.#holder = undefined;
        for (const wake of [...this.#waiting]) wake();
      },
    };
  }

  /** Resolves when there is no connection, or the signal says stop. */
  async free(signal: AbortSignal): Promise<void> {
    while (this.#holder && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }
}
